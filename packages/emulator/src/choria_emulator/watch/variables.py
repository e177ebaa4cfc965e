"""What ``/debug/vars`` shows of a fleet.

``name``, ``config`` and ``memstats`` stand there as in the original emulator, whose
management agent reads the process id from ``config.pid``, and memory from ``memstats.Sys``;
``cmdline`` is the monitor's own.  ``fleet`` holds all figures.
"""

import gc
import os
from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from choria_core.telemetry.process_figures import rss_bytes
from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.outline import Outline


def variables_of(outline: Outline, figures: FleetFigures | None) -> Mapping[str, object]:
    """The variables, in JSON types; sizes are bytes.

    Source: the variables of choria-emulator ce85d58; ``TLS`` and ``tlsVerify`` are of its
    first year.
    """
    return {
        "name": outline.name,
        "config": {
            "instances": figures.wanted if figures else 0,
            "agents": outline.agents,
            "collectives": outline.collectives,
            "pid": os.getpid(),
            "TLS": int(outline.is_tls),
            "tlsVerify": int(outline.is_verifying),
        },
        "memstats": _memory_of(figures),
        "fleet": _fleet_of(figures),
    }


def _memory_of(figures: FleetFigures | None) -> dict[str, int]:
    """The fields of Go's that mean something here: memory of all processes, and of this one."""
    own = rss_bytes()
    others = (
        [one.memory_bytes for one in figures.workers if one.pid != os.getpid()] if figures else []
    )
    collections = sum(generation["collections"] for generation in gc.get_stats())
    everything = own + sum(others)
    return {
        "Sys": everything,
        "Alloc": everything,
        "HeapAlloc": everything,
        "HeapSys": everything,
        "NumGC": collections,
    }


def _fleet_of(figures: FleetFigures | None) -> dict[str, Any] | None:
    return to_builtins(figures) if figures else None
