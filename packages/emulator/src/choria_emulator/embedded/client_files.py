"""The configuration of a client that talks to a fleet.

It works with ``choria`` of this toolkit and with Choria's own.
"""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError
from choria_core.network_config.certname import USER_SUFFIX
from choria_core.network_config.host import Host
from choria_core.network_config.protection import ALL_OFF, TLS_OFF
from choria_emulator.embedded.certificates import FleetCertificates

FILE_NAME: Final = "client.conf"
MARK: Final = "# Written by choria emulate"
CALLER: Final = "emulator"
DISCOVERY_SECONDS: Final = 2
"""How long clients usually wait for answers to discovery."""

NODES_PER_SECOND: Final = 20_000
"""For so many nodes a client waits one second more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFile:
    """What a client of the fleet must know.

    Attributes:
        urls: of the brokers, ``nats://host:port``.
        collectives: the main one first.
        caller: identity of who calls.
        nodes: that shall answer; clients wait longer for many.
        security: lines of configuration for it; empty where nothing is protected.
    """

    urls: Sequence[str]
    collectives: Sequence[str]
    caller: str
    nodes: int = 0
    security: Sequence[str] = ()


def caller_name(host: Host) -> str:
    """The certname of a caller here: the user's, as both programs derive it.

    The superuser has none but what the configuration gives as identity.
    """
    user = CALLER if host.is_root or not host.user else host.user
    return f"{user}.{USER_SUFFIX}"


def tls_lines(certificates: FleetCertificates) -> tuple[str, ...]:
    """Security of a client that has a certificate of the fleet's own authority."""
    return (
        "plugin.security.provider = file",
        f"plugin.security.file.certificate = {certificates.caller_file.absolute()}",
        f"plugin.security.file.key = {certificates.caller_key_file.absolute()}",
        f"plugin.security.file.ca = {certificates.ca_file.absolute()}",
    )


def client_text(given: ClientFile) -> str:
    """The whole file."""
    hosts = ",".join(url.rpartition("/")[2] for url in given.urls)
    lines = (
        f"{MARK}; it writes it anew with each start.",
        f"identity = {given.caller}",
        f"collectives = {','.join(given.collectives)}",
        f"main_collective = {given.collectives[0]}",
        f"plugin.choria.middleware_hosts = {hosts}",
        "plugin.choria.use_srv = false",
        f"discovery_timeout = {DISCOVERY_SECONDS + given.nodes // NODES_PER_SECOND}",
        "loglevel = warn",
        *(given.security or ("plugin.security.provider = file",)),
    )
    return "".join(f"{line}\n" for line in lines)


def write_client_file(folder: Path, given: ClientFile) -> Path:
    """Write the configuration into ``folder``, which is made if need be; its file.

    A file that :func:`write_client_file` wrote is written anew.

    Raises:
        ConfigError: another file is there, or it cannot be written.
    """
    file = folder / FILE_NAME
    refuse_foreign(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{FILE_NAME}.{os.getpid()}"
        fresh.write_text(client_text(given), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    return file


def refuse_foreign(file: Path) -> None:
    """Raise ConfigError where ``file`` exists and is none of ours, or cannot be read."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    if not text.startswith(MARK):
        raise ConfigError(
            f"{file} is there already and not of choria emulate: "
            "move it away, or name another folder with --write-config"
        )


def how_to_talk(
    file: Path, *, is_protected: bool, is_signed: bool = False, agent: str = "emulated0"
) -> str:
    """What to type to talk to the fleet.

    Args:
        file: that :func:`write_client_file` wrote.
        is_protected: whether connections are encrypted; the client's certificate, which that
            takes, signs its requests as well.
        is_signed: whether requests must be signed though connections are not encrypted.
        agent: that has the action ``generate``; empty for none.
    """
    switch = ""
    if not is_protected:
        switch = f"{TLS_OFF if is_signed else ALL_OFF}=true "
    config = f"--config {shlex.quote(str(file))}"
    words = ["ping", "find", *([f"rpc {agent} generate size=100 --display all"] if agent else [])]
    lines = ["talk to the fleet:", *(f"  {switch}choria {word} {config}" for word in words)]
    if not is_protected:
        lines.append(
            "Choria's own program talks to it when it was built without security; "
            "otherwise start the fleet with --tls"
        )
    return "\n".join(lines)
