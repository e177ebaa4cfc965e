"""The brokers of the demonstration."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from choria.demo.kept_broker import KeptBroker, keep_broker
from choria.demo.network_files import CENTRE, SITE
from choria_core.broker.options import ANY_PORT, BrokerOptions
from choria_core.broker.server import start_broker


@dataclass(frozen=True, slots=True)
class DemoBrokers:
    """Two brokers with streams, that of the data centre and that of the centre.

    Attributes:
        site_url, centre_url: where clients connect.
        monitor_url: of the data centre's; empty where it has none.
        kept: those that stay when this program ends.
    """

    site_url: str
    centre_url: str
    monitor_url: str = ""
    kept: tuple[KeptBroker, ...] = ()


@contextlib.asynccontextmanager
async def opened_brokers(folder: Path) -> AsyncIterator[DemoBrokers]:
    """Brokers until the block ends, with streams in ``folder``.

    Raises:
        UsageError: nats-server is not installed.
        WorkError: one did not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        options = [
            BrokerOptions(name=name, jetstream=True, store=folder / name, monitor_port=ANY_PORT)
            for name in (SITE, CENTRE)
        ]
        site, centre = [await stack.enter_async_context(start_broker(one)) for one in options]
        yield DemoBrokers(site.url, centre.url, site.monitor_url)


@contextlib.asynccontextmanager
async def kept_brokers(folder: Path) -> AsyncIterator[DemoBrokers]:
    """Brokers that go on when the block ends well, and end where it does not.

    Raises:
        WorkError: one did not start.
    """
    kept: list[KeptBroker] = []
    try:
        kept.append(await keep_broker(SITE, folder / SITE))
        kept.append(await keep_broker(CENTRE, folder / CENTRE))
        site, centre = kept
        yield DemoBrokers(site.url, centre.url, kept=(site, centre))
    except BaseException:
        for broker in kept:
            with contextlib.suppress(ProcessLookupError):
                os.kill(broker.pid, signal.SIGTERM)
        raise
