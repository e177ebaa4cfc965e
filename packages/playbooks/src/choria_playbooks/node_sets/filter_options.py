"""What books say of the nodes that they want: facts, classes, names.  Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from choria_core.config.schema import Setting
from choria_core.errors import UsageError
from choria_core.filters.expression.parser import parse
from choria_core.filters.grammar import parse_fact, parse_filter
from choria_core.filters.limits import FilterError
from choria_core.filters.patterns import pattern, slashed
from choria_core.protocol.messages import Filter

Finding = tuple[str, str, str]
"""Key, what is wrong with it, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """What nodes must match, all of it."""

    agents: Annotated[tuple[str, ...], Setting("they have each of these agents")] = ()
    facts: Annotated[tuple[str, ...], Setting("each of these facts, as os.name=Linux")] = ()
    classes: Annotated[
        tuple[str, ...], Setting("each of these classes; a pattern between slashes")
    ] = ()
    identities: Annotated[
        tuple[str, ...], Setting("and one of these names; a pattern between slashes")
    ] = ()
    compound: Annotated[str, Setting("and this expression is true of them")] = ""

    def filter(self) -> Filter:
        """What requests carry.

        Raises:
            UsageError: a fact is malformed.
        """
        return parse_filter(
            facts=self.facts,
            classes=self.classes,
            identities=self.identities,
            agents=self.agents,
            expressions=[self.compound],
        )

    def wrong_facts(self) -> Iterator[Finding]:
        """Those that are no filters."""
        for number, text in enumerate(self.facts):
            try:
                parse_fact(text)
            except UsageError:
                problem = f"is no filter of facts: {text!r}"
                yield f"facts[{number}]", problem, "write it as os.name=Linux, or with < > != =~"

    def unreadable(self) -> Iterator[Finding]:
        """Patterns and expressions that no node can read: nodes keep silent about them."""
        named = (
            ("agents", self.agents),
            ("facts", _patterns_of_facts(self.facts)),
            ("classes", self.classes),
            ("identities", self.identities),
        )
        for key, texts in named:
            for number, text in enumerate(texts):
                inner = slashed(text)
                problem = "" if inner is None else _problem_of(inner)
                if problem:
                    yield f"{key}[{number}]", problem, "write a pattern between slashes, as /^web/"
        if self.compound:
            try:
                parse(self.compound)
            except FilterError as error:
                yield "compound", str(error), 'write one like with("apache") and with("os=Linux")'


def _patterns_of_facts(texts: Sequence[str]) -> list[str]:
    """The pattern of each fact, between slashes; empty where it has none."""
    patterns = []
    for text in texts:
        try:
            fact = parse_fact(text)
        except UsageError:
            patterns.append("")
            continue
        bare = slashed(fact.value)
        patterns.append(f"/{fact.value if bare is None else bare}/" * (fact.operator == "=~"))
    return patterns


def _problem_of(text: str) -> str:
    try:
        pattern(text)
    except FilterError as error:
        return str(error)
    return ""
