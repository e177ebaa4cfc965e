"""Finds the slips in filters that would else end in nobody being found.

Nodes keep silent about a filter that they cannot read.
"""

from collections.abc import Iterator

from choria_core.errors import UsageError
from choria_core.filters.expression.parser import parse
from choria_core.filters.limits import FilterError
from choria_core.filters.patterns import pattern, slashed
from choria_core.protocol.messages import Filter


def check_filter(wanted: Filter) -> None:
    """Refuse patterns and expressions that no node can read.

    What an expression calls is not looked at: nodes may know more than we do.

    Raises:
        UsageError: one is malformed; names its option.
    """
    for option, text in _patterns(wanted):
        try:
            pattern(text)
        except FilterError as error:
            raise UsageError(f"{option}: {error}") from error
    for text in wanted.compound:
        try:
            parse(text)
        except FilterError as error:
            raise UsageError(f"-S: {error}: {text!r}") from error


def _patterns(wanted: Filter) -> Iterator[tuple[str, str]]:
    named = (("-I", wanted.identity), ("-C", wanted.cf_class), ("-A", wanted.agent))
    for option, texts in named:
        for text in texts:
            inner = slashed(text)
            if inner is not None:
                yield option, inner
    for fact in wanted.fact:
        if fact.operator == "=~":
            inner = slashed(fact.value)
            yield "-F", fact.value if inner is None else inner
