"""How far the demonstration is, for those who show it."""

import time
from dataclasses import dataclass, field
from typing import Final

from choria.demo.audit_watch import AuditWatch
from choria.demo.call import BookTally
from choria_core.nats.jetstream import StreamState
from choria_emulator.supervisor.fleet import Fleet
from choria_emulator.watch.figures import FleetFigures
from choria_plugin_adapter.figures import Figures
from choria_replicator.entry import Entry

LIVE_PAGE: Final = "live page"
"""Name of the address of the page that shows the fleet."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """What there is to see; what has not begun yet is None.

    Attributes:
        nodes: that shall take part.
        tally: of the playbook.
        audit: the nodes' audit logs.
        step: what is being done, in words.
        urls: of pages to look at, by what they show.
        fleet: of the nodes.
        adapter: counts of the adapter.
        entry: of the replicator.
        site, centre: the streams.
        began: when, on the monotonic clock.
    """

    nodes: int
    tally: BookTally
    audit: AuditWatch
    step: str = "starting"
    urls: dict[str, str] = field(default_factory=dict)
    fleet: Fleet | None = None
    adapter: Figures | None = None
    entry: Entry | None = None
    site: StreamState | None = None
    centre: StreamState | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    @property
    def figures(self) -> FleetFigures | None:
        """Of the fleet, as it is now."""
        return None if self.fleet is None else self.fleet.figures()

    @property
    def registrations(self) -> int:
        """Published by nodes, as far as is known."""
        figures = self.figures
        return 0 if figures is None else figures.counts.registrations
