"""Where a NATS connection goes and how it proves who it is.  Pure.

An :class:`Endpoint` is everything a connector needs to know before it opens
a socket; both connectors take the same one.
"""

from dataclasses import dataclass, field
from typing import Final

CONNECT_TIMEOUT_SECONDS: Final = 5.0
PING_INTERVAL_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server of an endpoint, without credentials."""

    host: str
    port: int
    scheme: str = "nats"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS of a connection.

    Attributes:
        ca_file: PEM file of trusted authorities; the system's when empty.
        cert_file: PEM client certificate, with its chain; empty for none.
        key_file: PEM private key of ``cert_file``.
        verify: check the server's chain and name.
        handshake_first: start TLS before the server's greeting.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    handshake_first: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we show the server; at most one kind is set.

    ``repr`` leaves every secret out, so that a logged endpoint tells nothing.

    Attributes:
        file: path of a ``.creds`` file with a user JWT and its seed.
        user, password: plain credentials.
        token: a bearer token.
        nkey_seed: an nkey seed (``SU…``), or the path of a file that holds one.
        jwt: a user JWT, or the path of a file with one; goes with ``nkey_seed``.
        choria_token_file: path of a Choria token; Choria's own brokers take it
            for a bearer token of which we must have the key.
        choria_seed_file: path of the seed of that key.
    """

    file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    nkey_seed: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)
    choria_token_file: str = ""
    choria_seed_file: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A NATS cluster as seen from here.

    Attributes:
        servers: tried in order, then again; at least one.
        tls: None where TLS is used only if the server demands it.
        connect_timeout_seconds: for one attempt on one server.
        ping_interval_seconds: how often a silent server is asked whether it lives;
            three intervals without an answer end the connection.
    """

    servers: tuple[ServerAddress, ...]
    credentials: Credentials = Credentials()
    tls: TlsSettings | None = None
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    ping_interval_seconds: float = PING_INTERVAL_SECONDS

    def __str__(self) -> str:
        """The servers, comma separated, never with a secret."""
        return ",".join(str(server) for server in self.servers)
