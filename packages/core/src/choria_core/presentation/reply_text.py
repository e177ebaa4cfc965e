"""Replies as people read them.  Pure."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from choria_core.client.records import NodeReply
from choria_core.ddl.document import ActionDdl
from choria_core.padding import padded_width
from choria_core.presentation.call_documents import indented_json
from choria_core.presentation.colours import Paint, plain
from choria_core.presentation.safe_text import lines, one_line
from choria_core.presentation.table import table
from choria_core.presentation.values import pretty_json, value_text

STATUSES: Final[Mapping[int, tuple[str, str]]] = {
    0: ("", "green"),
    1: ("Request Aborted", "red"),
    2: ("Unknown Action", "yellow"),
    3: ("Missing Request Data", "yellow"),
    4: ("Invalid Request Data", "yellow"),
    5: ("Unknown Request Status", "red"),
}
UNKNOWN_STATUS: Final = ("Unknown Request Status", "red")


class Display(enum.Enum):
    """Which replies are shown."""

    DDL = "ddl"
    OK = "ok"
    FAILED = "failed"
    ALL = "all"
    NONE = "none"


_OF_DDL: Final = {"ok": Display.OK, "failed": Display.FAILED, "always": Display.ALL}


def is_shown(reply: NodeReply, display: Display, action: ActionDdl | None) -> bool:
    """Whether people see the reply.

    Args:
        reply: of a node.
        display: what they asked for.
        action: says it where they did not; None shows what failed.
    """
    if display is Display.DDL:
        display = _OF_DDL[action.display] if action else Display.FAILED
    if display is Display.OK:
        return reply.is_ok
    return display is Display.ALL or (display is Display.FAILED and not reply.is_ok)


def reply_text(
    reply: NodeReply, action: ActionDdl | None, *, verbose: bool = False, paint: Paint = plain
) -> str:
    """One reply: its sender, then what it gave or why it failed.

    Args:
        reply: of a node.
        action: names the outputs.
        verbose: show the data as JSON.
        paint: colours.
    """
    status, colour = STATUSES.get(reply.statuscode, UNKNOWN_STATUS)
    head = f"{one_line(reply.sender):<40} {paint(status, colour) if status else ''}\n\n"
    if verbose:
        return (
            head + f"   {indented_json(reply.data, indent=3).rstrip().replace(_BREAK, _DEEPER)}\n"
        )
    if not reply.is_ok:
        shown = "\n".join(f"    {line}" for line in lines(reply.statusmsg))
        return f"{head}{paint(shown, 'yellow')}\n\n"
    return head + "".join(f"{line}\n" for line in _fields(reply.data, action)) + "\n"


_BREAK: Final = "\n"
_DEEPER: Final = "\n   "


def reply_table(replies: Iterable[NodeReply], action: ActionDdl) -> str:
    """What the nodes gave whose action did its work, as a table."""
    outputs = sorted(action.output)
    rows = [
        [one_line(reply.sender), *(_cell(reply.data.get(name)) for name in outputs)]
        for reply in replies
        if reply.is_ok
    ]
    return table(["Sender", *(_heading(name, action) for name in outputs)], rows)


def _fields(data: Mapping[str, Any], action: ActionDdl | None) -> Iterator[str]:
    """A line for each output, and more for long values; headings end in one column."""
    given = with_defaults(data, action)
    headings = {name: one_line(_heading(name, action)) for name in sorted(given)}
    width = padded_width(map(len, headings.values()))
    for name, heading in headings.items():
        value = given[name]
        text = value_text(value, indent=width + 5).strip()
        first, *more = lines(text) if isinstance(value, str) else text.split("\n")
        yield f"{heading:>{width + 3}}: {first}"
        margin = " " * (width + 5) if isinstance(value, str) else ""
        yield from (f"{margin}{line}" for line in more)


def with_defaults(data: Mapping[str, Any], action: ActionDdl | None) -> dict[str, Any]:
    """The data, with the defaults of outputs that the node left out."""
    outputs = action.output.items() if action else ()
    defaults = {name: item.default for name, item in outputs if item.default is not None}
    return {**defaults, **data}


def _heading(name: str, action: ActionDdl | None) -> str:
    output = action.output.get(name) if action else None
    return output.display_as if output and output.display_as else name


def _cell(value: object) -> str:
    if isinstance(value, Mapping | list):
        return pretty_json(value, width=80)
    return value_text(value)
