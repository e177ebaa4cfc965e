"""Brokers that are started for a fleet, and how others talk to it."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from choria_core.network_config.this_host import this_host
from choria_emulator.embedded.brokers import BrokerTlsFiles, EmbeddedBrokers
from choria_emulator.embedded.certificates import FleetCertificates, fleet_certificates
from choria_emulator.embedded.client_files import (
    FILE_NAME,
    MARK,
    ClientFile,
    caller_name,
    client_text,
    how_to_talk,
    refuse_foreign,
    tls_lines,
    write_client_file,
)
from choria_emulator.supervisor.options import EmulateOptions

SERVER_FILE: Final = "emulate-server.conf"
"""Configuration of all nodes, beside the client's."""


@dataclass(frozen=True, slots=True)
class OwnBrokers:
    """Brokers that were started.

    Attributes:
        urls, monitor_urls: of them.
        notes: for people.
        certificates: None where nothing is protected.
        config_file: of all nodes; empty where nothing is protected.
        all_ended: returns when none of them runs any more; None where there are none.
    """

    urls: tuple[str, ...] = ()
    monitor_urls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    certificates: FleetCertificates | None = None
    config_file: str = ""
    all_ended: Callable[[], Awaitable[None]] | None = None


NONE: Final = OwnBrokers()


@contextlib.asynccontextmanager
async def opened_brokers(options: EmulateOptions, count: int) -> AsyncIterator[OwnBrokers]:
    """Brokers until the block ends; where the fleet shall be protected, with certificates.

    Raises:
        ConfigError: the folder for the client's configuration cannot be used.
        WorkError: a broker did not start.
    """
    with _certificates(options) as certificates:
        tls = None
        if certificates is not None and options.has_tls:
            tls = BrokerTlsFiles(certificates.broker_file, certificates.broker_key_file)
        brokers = EmbeddedBrokers(count=count, connections=options.plan.count, tls=tls)
        async with brokers:
            yield OwnBrokers(
                brokers.urls,
                brokers.monitor_urls,
                tuple(_notes(options, brokers, certificates)),
                certificates,
                "" if certificates is None else _server_file(certificates),
                brokers.all_ended,
            )


@contextlib.contextmanager
def _certificates(options: EmulateOptions) -> Iterator[FleetCertificates | None]:
    """Certificates beside the client's configuration, or in a folder that goes with the block."""
    folder = options.written_config.absolute() if options.written_config else None
    if folder is not None:
        refuse_foreign(folder / FILE_NAME)
        refuse_foreign(folder / SERVER_FILE)
    if options.config_file is not None or not (options.has_tls or options.is_secure):
        yield None
        return
    now = datetime.now(UTC)
    with fleet_certificates(folder, caller=caller_name(this_host()), now=now) as certificates:
        yield certificates


def _server_file(certificates: FleetCertificates) -> str:
    """The configuration of all nodes: who may ask."""
    file = certificates.ca_file.with_name(SERVER_FILE)
    lines = (
        MARK,
        "plugin.security.provider = file",
        f"plugin.security.file.ca = {certificates.ca_file}",
        f"plugin.security.file.certificate = {certificates.broker_file}",
        f"plugin.security.file.key = {certificates.broker_key_file}",
        "rpcauthorization = false",
    )
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def _notes(
    options: EmulateOptions, brokers: EmbeddedBrokers, certificates: FleetCertificates | None
) -> Iterator[str]:
    """What to say before the fleet starts."""
    yield f"brokers: {', '.join(brokers.urls)} (they end with this program)"
    yield f"monitors: {', '.join(brokers.monitor_urls)} (for choria measure broker)"
    group = options.plan.groups[0]
    client = ClientFile(
        urls=brokers.urls,
        collectives=group.collectives,
        caller=caller_name(this_host()),
        nodes=options.plan.count,
        security=() if certificates is None else tls_lines(certificates),
    )
    if options.written_config is None:
        yield f"configuration of a client (--write-config FOLDER writes it):\n{_indented(client)}"
        return
    file = write_client_file(options.written_config.absolute(), client)
    agent = next((name for name in group.agents if name.startswith("emulated")), "")
    yield how_to_talk(file, is_protected=options.has_tls, is_signed=options.is_secure, agent=agent)


def _indented(client: ClientFile) -> str:
    return "\n".join(f"  {line}" for line in client_text(client).splitlines()[1:])
