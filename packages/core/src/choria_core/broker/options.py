"""What an embedded nats-server shall be like.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ANY_PORT = -1
"""Stands for a port that is free at the first start; restarts keep it."""


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """A user with a plain password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokerAuth:
    """Who may connect; set one kind.

    Attributes:
        users: users with passwords.
        token: one bearer token for everybody.
        nkeys: public user keys (``U…``).
        operator_jwt: the operator's JWT; users then come with JWTs of their own.
        account_jwts: account public key to account JWT, for the operator's resolver.
        system_account: public key of the operator's system account.
    """

    users: tuple[BrokerUser, ...] = ()
    token: str = field(default="", repr=False)
    nkeys: tuple[str, ...] = ()
    operator_jwt: str = field(default="", repr=False)
    account_jwts: Mapping[str, str] = field(default_factory=dict, repr=False)
    system_account: str = ""


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """TLS for clients.

    Attributes:
        cert_file, key_file: PEM files of the server.
        ca_file: PEM file of the authorities that sign client certificates.
        verify: demand a client certificate.
        handshake_first: start TLS before the server's greeting.
    """

    cert_file: Path
    key_file: Path
    ca_file: Path | None = None
    verify: bool = False
    handshake_first: bool = False


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Membership in a cluster.

    Attributes:
        name: the cluster's name, the same on every member.
        port: where the other members connect to.
        routes: URLs of other members' cluster ports.
    """

    name: str
    port: int = ANY_PORT
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeafnodeRemote:
    """A broker that this one joins as a leafnode.

    Attributes:
        url: of the other's leafnode port, with user and password where it wants them.
        credentials_file: a ``.creds`` file; empty for none.
        account: local account to bind; empty for the default one.
    """

    url: str = field(repr=False)
    credentials_file: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class LeafnodeOptions:
    """Leafnode connections: taken on ``port`` (None: none) and made to ``remotes``."""

    port: int | None = None
    remotes: tuple[LeafnodeRemote, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """One nats-server.

    Attributes:
        host: address to listen on.
        port: client port.
        name: server name, unique in a cluster; made from the port when empty.
        jetstream: whether streams can be kept.
        domain: JetStream domain; empty for none.
        store: where streams are kept; a folder that goes with the broker when None.
        monitor_port: the server's own HTTP port; None for none.
        max_payload_bytes: largest message; None for the server's default of 1 MiB.
        cluster, leafnode, tls, auth: None for none.
        extra_config: text put behind the configuration, in nats-server's syntax;
            a top-level key given there wins.
        environment: variables of the server's process, beside those of this one.
        config_file: a nats-server configuration used instead of all the above.
        log_file: where the server's log is appended; None for a file that goes
            with the broker.
        start_timeout_seconds: how long the server may take to be ready.
    """

    host: str = "127.0.0.1"
    port: int = ANY_PORT
    name: str = ""
    jetstream: bool = False
    domain: str = ""
    store: Path | None = None
    monitor_port: int | None = None
    max_payload_bytes: int | None = None
    cluster: ClusterOptions | None = None
    leafnode: LeafnodeOptions | None = None
    tls: BrokerTls | None = None
    auth: BrokerAuth | None = None
    extra_config: str = field(default="", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    config_file: Path | None = None
    log_file: Path | None = None
    start_timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """Where one broker listens; None where it does not."""

    client: int
    monitor: int | None = None
    cluster: int | None = None
    leafnode: int | None = None

    def by_kind(self) -> dict[str, int]:
        """The ports in use, by what they are for."""
        ports = {
            "client": self.client,
            "monitor": self.monitor,
            "cluster": self.cluster,
            "leafnode": self.leafnode,
        }
        return {kind: port for kind, port in ports.items() if port is not None}
