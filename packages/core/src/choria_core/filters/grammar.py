"""Filters as people type them: ``-F -C -I -A -W -S``.  Pure."""

import re
from collections.abc import Iterable, Iterator

from choria_core.errors import UsageError
from choria_core.filters.go_text import SPACES
from choria_core.protocol.messages import FactFilter, Filter

_OPERATOR = re.compile("<=|>=|=>|=<|<|>|!=|=~|={1,2}")
_WRITTEN_AS = {"=": "==", "=<": "<=", "=>": ">="}


def parse_fact(text: str) -> FactFilter:
    """A fact filter: ``os.name=Linux``, ``memory.free >= 4``, ``kernel=/^5/``.

    Where the text holds several operators the last one counts, and a value between
    slashes is a regular expression whatever the operator.

    Raises:
        UsageError: no operator, or nothing on one of its sides.
    """
    found = list(_OPERATOR.finditer(text))
    if found:
        operator = found[-1]
        fact = text[: operator.start()].strip(SPACES)
        value = text[operator.end() :].strip(SPACES)
        if fact and value and not (fact[0] in "<>=" or value[-1] in "<>="):
            name = _WRITTEN_AS.get(operator.group(), operator.group())
            is_pattern = value[0] == value[-1] == "/"
            return FactFilter(fact, "=~" if is_pattern else name, value)
    raise UsageError(
        f"{text!r} is not a fact filter: write a fact, one of = == != < <= > >= =~, "
        "and a value, like os.name=Linux"
    )


def parse_filter(
    *,
    facts: Iterable[str] = (),
    classes: Iterable[str] = (),
    identities: Iterable[str] = (),
    agents: Iterable[str] = (),
    combined: Iterable[str] = (),
    expressions: Iterable[str] = (),
) -> Filter:
    """The filter that the options of one command make; empty texts are ignored.

    Args:
        facts: each of ``-F``.
        classes: each of ``-C``.
        identities: each of ``-I``.
        agents: each of ``-A``.
        combined: each of ``-W``: fact filters and classes between blanks.
        expressions: each of ``-S``.

    Raises:
        UsageError: a fact filter is malformed.
    """
    wanted_facts = [parse_fact(text) for text in facts if text]
    wanted_classes = [text for text in classes if text]
    for part in _words(combined):
        try:
            wanted_facts.append(parse_fact(part))
        except UsageError:
            wanted_classes.append(part)
    return Filter(
        fact=tuple(wanted_facts),
        cf_class=_each_once(wanted_classes),
        agent=_each_once(agents),
        identity=_each_once(identities),
        compound=tuple(text for text in expressions if text),
    )


def _words(texts: Iterable[str]) -> Iterator[str]:
    return (part for text in texts for part in text.split(" ") if part)


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
