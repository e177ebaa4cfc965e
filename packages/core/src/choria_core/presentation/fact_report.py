"""A fact and its values in the fleet.  Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from choria_core.client.records import NodeReply
from choria_core.ddl.aggregates import value_text
from choria_core.padding import padded_width
from choria_core.presentation.call_documents import indented_json
from choria_core.presentation.safe_text import one_line
from choria_core.presentation.table import table


@dataclass(slots=True)
class FactValue:
    """A value and the nodes that have it.

    Attributes:
        text: the value; what is no text as JSON, and ``nil`` for null.
        identities: of the nodes, in order of arrival.
    """

    text: str
    identities: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many nodes have it."""
        return len(self.identities)


def fact_values(replies: Iterable[NodeReply]) -> list[FactValue]:
    """The values of what nodes gave, in order of arrival."""
    found: dict[str, FactValue] = {}
    for reply in replies:
        if reply.is_ok:
            text = _text(reply.data.get("value"))
            found.setdefault(text, FactValue(text)).identities.append(reply.sender)
    return list(found.values())


def by_count(values: Iterable[FactValue], *, reverse: bool = False) -> list[FactValue]:
    """The rarest first, or the most frequent."""
    return sorted(values, key=lambda value: value.count, reverse=reverse)


def facts_json(values: Iterable[FactValue]) -> str:
    """For scripts."""
    document = {
        value.text: {"count": value.count, "identities": value.identities}
        for value in sorted(values, key=lambda value: value.text)
    }
    return indented_json(document, indent=2)


def facts_table(values: Sequence[FactValue], *, nodes: bool = False) -> str:
    """A table.

    Args:
        values: in order.
        nodes: name them.
    """
    headers = ["Fact", "Matches", *(["Nodes"] if nodes else [])]
    rows = (
        [value.text, str(value.count), *(["\n".join(_names(value))] if nodes else [])]
        for value in values
    )
    return table(headers, rows)


def facts_text(fact: str, values: Sequence[FactValue], *, nodes: bool = False) -> str:
    """Lines for people.

    Args:
        fact: its name.
        values: in order.
        nodes: name them.
    """
    shown = [one_line(value.text) for value in values]
    width = padded_width(map(len, shown))
    text = f"Report for fact: {one_line(fact)}\n\n"
    for value, written in zip(values, shown, strict=True):
        text += f"  {written:<{width}} found {value.count} times\n"
        if nodes:
            text += "\n" + "".join(f"    {name}\n" for name in _names(value)) + "\n"
    return text + "\n"


def _names(value: FactValue) -> list[str]:
    return sorted(map(one_line, value.identities))


def _text(value: object) -> str:
    return "nil" if value is None else value_text(value)
