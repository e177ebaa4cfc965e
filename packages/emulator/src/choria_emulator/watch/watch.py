"""All that shows a fleet over HTTP, on one port.

    async with Watch(outline=outline, host="127.0.0.1", port=8080, resize=fleet.resize) as watch:
        watch.show(figures)  # twice a second

``/`` is the live page, ``/events`` what is pushed to it; ``/healthz``, ``/debug/vars`` and
``/metrics`` are for programs.  All is made of the last figures and of the moments before.
"""

from types import TracebackType
from typing import Final, Self

from aiohttp import web

from choria_core.telemetry.metrics import new_registry
from choria_core.telemetry.monitor import Monitor
from choria_emulator.watch.control import Control, Resize, Storm
from choria_emulator.watch.feed import Feed
from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.health import health_of
from choria_emulator.watch.metrics import FleetMetrics
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.page_files import page_routes
from choria_emulator.watch.variables import variables_of

MOST_INSTANCES: Final = 1_000_000


class Watch:
    """Serves what is shown of a fleet while it is open.

    Args:
        outline: what stays the same while the fleet runs.
        host: the address to listen on; all of them when empty.
        port: 0 picks a free one, see :attr:`port`.
        resize, storm: what the page may do; None where it may not.
        most_instances: the largest fleet that the page may ask for.
    """

    def __init__(
        self,
        *,
        outline: Outline,
        host: str = "",
        port: int = 8080,
        resize: Resize | None = None,
        storm: Storm | None = None,
        most_instances: int = MOST_INSTANCES,
    ) -> None:
        control = Control(resize=resize, storm=storm, most_instances=most_instances, host=host)
        self._feed = Feed(outline, permits=control.permits)
        registry = new_registry()
        FleetMetrics(lambda: self._feed.figures, registry=registry)
        self._monitor = Monitor(
            registry,
            port=port,
            host=host,
            health=lambda: health_of(self._feed.figures),
            variables=lambda: variables_of(outline, self._feed.figures),
            routes=[
                *page_routes(),
                web.get("/events", self._feed.serve),
                web.post("/fleet", control.serve_fleet),
                web.post("/storm", control.serve_storm),
            ],
        )

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            LocalProtocolError: it is not open.
        """
        return self._monitor.port

    def show(self, figures: FleetFigures) -> None:
        """Show these figures from now on; to be called twice a second."""
        self._feed.show(figures)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the port is taken or the address is not ours.
        """
        await self._monitor.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the streams of all pages, and stop listening."""
        self._feed.close()
        await self._monitor.__aexit__(kind, error, trace)
