"""What is said behind the replies of a call.  Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from choria_core.client.records import CallStats, NodeReply
from choria_core.ddl.document import ActionDdl
from choria_core.durations import format_duration
from choria_core.presentation.colours import Paint, plain
from choria_core.presentation.columns import in_columns
from choria_core.presentation.reply_text import STATUSES, UNKNOWN_STATUS
from choria_core.presentation.safe_text import lines, one_line

_NODES_SHOWN: Final = 200
_CAUSES_SHOWN: Final = 20
_SENDERS_SHOWN: Final = 3
_SECOND_NS: Final = 1_000_000_000


def summaries_text(
    formatted: Mapping[str, Sequence[str]], action: ActionDdl, *, paint: Paint = plain
) -> str:
    """The summaries that the action asks for.

    Args:
        formatted: by output, the lines of each.
        action: names the outputs.
        paint: colours.
    """
    text = ""
    for name in sorted(formatted):
        output = action.output.get(name)
        heading = one_line(output.display_as if output and output.display_as else name)
        text += paint(f"Summary of {heading}:", "bold") + "\n\n"
        shown = formatted[name]
        if not shown:
            text += f"   {paint('No summary received', 'yellow')}\n"
        for entry in shown:
            text += "".join(f"   {line}\n" for line in lines(entry))
        text += "\n"
    return text


def failures_text(replies: Iterable[NodeReply], *, paint: Paint = plain) -> str:
    """Why nodes failed: each cause once, the most frequent first, with its nodes."""
    causes = Counter[tuple[int, str]]()
    senders: dict[tuple[int, str], list[str]] = {}
    for reply in replies:
        if not reply.is_ok:
            cause = (reply.statuscode, reply.statusmsg)
            causes[cause] += 1
            named = senders.setdefault(cause, [])
            if len(named) < _SENDERS_SHOWN:
                named.append(one_line(reply.sender))
    if not causes:
        return ""
    text = paint(f"Failures: {causes.total()}", "bold") + "\n\n"
    for cause, count in causes.most_common(_CAUSES_SHOWN):
        text += _cause(cause, count, senders[cause], paint)
    left = len(causes) - _CAUSES_SHOWN
    return text + (f"   and {left} other causes\n" if left > 0 else "") + "\n"


def _cause(cause: tuple[int, str], count: int, senders: Sequence[str], paint: Paint) -> str:
    code, message = cause
    status, colour = STATUSES.get(code, UNKNOWN_STATUS)
    more = f" and {count - len(senders)} more" if count > len(senders) else ""
    said = f"{paint(status, colour)}: {one_line(message)}"
    return f"   {count} x {said}\n       {', '.join(senders)}{more}\n"


def footer(stats: CallStats, *, verbose: bool = False, paint: Paint = plain) -> str:
    """How many answered and how long it took, and who did not answer."""
    text = _figures(stats, paint) if verbose else _finished(stats, paint)
    text += _nodes("No Responses from", stats.no_responses, verbose=verbose)
    return text + _nodes("Unexpected Responses from", stats.unexpected_responses, verbose=verbose)


def _finished(stats: CallStats, paint: Paint) -> str:
    asked = len(stats.discovered)
    colour = "green" if stats.responses == asked else "yellow"
    if not stats.responses:
        colour = "red"
    seconds = round((stats.request_ns + stats.discover_ns) / _SECOND_NS, 3)
    return (
        f"Finished processing {paint(str(stats.responses), colour)} / "
        f"{paint(str(asked), colour)} hosts in {format_duration(seconds)}\n"
    )


def _figures(stats: CallStats, paint: Paint) -> str:
    start = datetime.fromtimestamp(stats.start_ns // _SECOND_NS, tz=UTC)
    rows = (
        ("Nodes", f"{stats.responses} / {len(stats.discovered)}"),
        ("Pass / Fail", f"{stats.ok} / {stats.failed}"),
        ("No Responses", str(len(stats.no_responses))),
        ("Unexpected Responses", str(len(stats.unexpected_responses))),
        ("Start Time", f"{start:%Y-%m-%dT%H:%M:%S%z}"),
        ("Discovery Time", _duration(stats.discover_ns)),
        ("Publish Time", _duration(stats.publish_ns)),
        ("Agent Time", _duration(stats.request_ns - stats.publish_ns)),
        ("Total Time", _duration(stats.request_ns + stats.discover_ns)),
    )
    shown = "".join(f"{name:>20}: {value}\n" for name, value in rows)
    return paint("---- request stats ----", "yellow") + "\n" + shown


def _duration(nanoseconds: int) -> str:
    return format_duration(nanoseconds / _SECOND_NS)


def _nodes(heading: str, names: Sequence[str], *, verbose: bool) -> str:
    if not names:
        return ""
    shown = sorted(names)
    note = ""
    if len(shown) > _NODES_SHOWN and not verbose:
        shown, note = shown[:_NODES_SHOWN], f" (showing first {_NODES_SHOWN})"
    return "".join(
        f"{line}\n" for line in _listed(f"{heading}{note}: {len(names)}", map(one_line, shown))
    )


def _listed(heading: str, names: Iterable[str]) -> Iterator[str]:
    yield from ("", heading, "")
    yield from in_columns(list(names), 3)
