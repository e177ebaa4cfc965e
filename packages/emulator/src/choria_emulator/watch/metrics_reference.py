"""The reference page of the emulator's metrics, made from the families themselves."""

from collections.abc import Iterable
from typing import Final

from choria_emulator.watch.metrics import FAMILIES, LATENCY, Family

_HEAD: Final = """\
# Metrics of `choria emulate`

<!-- Made by tasks/reference.py; a test holds it to the code. -->

`/metrics` of the port that `--http-port` names. The numbers are those of the last look, which
is taken twice a second. A counter begins at 0 with the program; where a fleet shrinks and one of
its processes ends, what that one counted goes with it.
"""
_SECTIONS: Final = (
    ("Nodes", ("fleet",)),
    ("Messages and connections", ("counts",)),
    ("Processes", ("workers",)),
    ("Brokers", ("brokers",)),
)
_TAIL: Final = """\
Brokers are told of where their monitor is known, as it is of the embedded ones: `broker` is
the server's name. `worker` is the number of a process, from 0. `process_…` are the figures of
the process that serves the page, on Linux.
"""


def page() -> str:
    """The page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterable[str]:
    yield from _HEAD.splitlines()
    for title, kinds in _SECTIONS:
        yield from ("", f"## {title}", "", "| name | type | labels | |", "|---|---|---|---|")
        yield from (_row(family) for family in FAMILIES if family.of in kinds)
        if "counts" in kinds:
            yield f"| `{LATENCY.name}` | histogram | `le` | {LATENCY.doc}; without `_sum` |"
    yield ""
    yield from _TAIL.splitlines()


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.sample_name}` | {family.kind} | {labels} | {family.doc} |"
