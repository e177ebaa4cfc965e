"""What a node says of itself, and collectives of the fleet.  Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from choria_core.client.records import NodeReply
from choria_core.padding import padded_width
from choria_core.presentation.columns import down_columns
from choria_core.presentation.safe_text import one_line
from choria_core.presentation.table import table
from choria_core.presentation.values import pretty_json

_WIDEST_CLASS = 40


def inventory_text(
    identity: str,
    inventory: Mapping[str, Any],
    stats: Mapping[str, Any],
    *,
    facts: bool = True,
) -> str:
    """One node.

    Args:
        identity: of the node.
        inventory: what its ``rpcutil inventory`` gave.
        stats: what its ``rpcutil daemon_stats`` gave.
        facts: show its facts.
    """
    parts = [
        f"Inventory for {one_line(identity)}\n\n",
        "  Choria Server Statistics:\n\n",
        "".join(f"{name:>27}: {value}\n" for name, value in _statistics(inventory, stats)),
        _columns("Agents", _names(inventory.get("agents")), columns=3, width=15),
        _classes(_names(inventory.get("classes"))),
        _machines(inventory.get("machines")),
    ]
    if facts:
        parts.append(f"\n  Facts:\n\n    {pretty_json(inventory.get('facts'), indent=4)}\n\n")
    return "".join(parts)


def collectives_table(replies: Iterable[NodeReply]) -> str:
    """How many nodes each collective has."""
    counts = Counter[str]()
    answered = 0
    for reply in replies:
        if reply.is_ok:
            answered += 1
            counts.update(_names(reply.data.get("collectives")))
    rows = [[name, str(count)] for name, count in counts.most_common()]
    return table(["Collective", "Nodes"], rows, title=f"Collective Report for {answered} nodes")


def _statistics(
    inventory: Mapping[str, Any], stats: Mapping[str, Any]
) -> Iterable[tuple[str, str]]:
    upgradable = " (upgradable during provisioning)" if inventory.get("upgradable") else ""
    yield "Version", _text(inventory.get("version")) + upgradable
    yield "Start Time", _time(stats.get("starttime"))
    yield "Config File", _text(stats.get("configfile"))
    yield "Collectives", ", ".join(_names(inventory.get("collectives")))
    yield "Main Collective", _text(inventory.get("main_collective"))
    yield "Process ID", _text(stats.get("pid"))
    yield "Total Messages", _text(stats.get("total"))
    yield "Messages Passed Filters", _text(stats.get("passed"))
    yield "Messages Filtered", _text(stats.get("filtered"))
    yield "Expired Messages", _text(stats.get("ttlexpired"))
    yield "Replies Sent", _text(stats.get("replies"))
    yield "Events Published", _text(stats.get("events"))


def _classes(names: Sequence[str]) -> str:
    width = min(max(map(len, names), default=0), _WIDEST_CLASS)
    return _columns("Tagged Classes", names, columns=2, width=width)


def _columns(heading: str, names: Sequence[str], *, columns: int, width: int) -> str:
    lines = down_columns(names, columns, width)
    return f"\n  {heading}:\n\n" + "".join(f"{line}\n" for line in lines)


def _machines(machines: object) -> str:
    if not isinstance(machines, list) or not machines:
        return ""
    rows = [
        [_text(machine.get(key)) for key in ("name", "version", "state")]
        for machine in machines
        if isinstance(machine, Mapping)
    ]
    widths = [padded_width(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "    ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n  Autonomous Agents:\n\n" + "".join(f"    {line}\n" for line in lines)


def _names(value: object) -> list[str]:
    return [one_line(str(item)) for item in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else one_line(str(value))


def _time(value: object) -> str:
    """A moment; what is none stays as it is."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _text(value)
    try:
        return f"{datetime.fromtimestamp(int(value), tz=UTC):%Y-%m-%d %H:%M:%S +0000 UTC}"
    except (ValueError, OverflowError, OSError):
        return _text(value)
