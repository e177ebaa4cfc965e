"""Keys of Choria's own broker and its federation.  Pure."""

from typing import Final

from choria_core.network_config.keys import BROKER, Key, Support
from choria_core.network_config.kinds import (
    BOOLEAN,
    DURATION,
    INTEGER,
    PATH,
    SECONDS,
    TEXT,
    WORDS,
    Kind,
)

_ROWS: Final[tuple[tuple[str, Kind, str, str], ...]] = (
    ("broker_network", BOOLEAN, "run the network broker", "false"),
    ("broker_federation", BOOLEAN, "run the federation broker", "false"),
    ("federation.cluster", TEXT, "cluster that the federation broker serves", "mcollective"),
    ("network.listen_address", TEXT, "address to listen on", "::"),
    ("network.client_port", INTEGER, "port for clients and servers", "4222"),
    ("network.client_hosts", WORDS, "networks that clients may come from", ""),
    ("network.client_tls_force_required", BOOLEAN, "demand TLS of all clients, or of none", ""),
    ("network.client_signer_cert", WORDS, "keys or certificates that sign clients' tokens", ""),
    ("network.server_signer_cert", WORDS, "keys or certificates that sign servers' tokens", ""),
    ("network.deny_server_connections", BOOLEAN, "let no servers in", ""),
    ("network.public_url", TEXT, "address told to clients", ""),
    ("network.websocket_port", INTEGER, "port for websockets", ""),
    ("network.websocket_advertise", TEXT, "websocket address told to clients", ""),
    ("network.peers", WORDS, "other brokers of the cluster", ""),
    ("network.peer_port", INTEGER, "port for other brokers of the cluster", ""),
    ("network.peer_user", TEXT, "user name among brokers of the cluster", ""),
    ("network.peer_password", TEXT, "password among brokers of the cluster", ""),
    ("network.leafnode_port", INTEGER, "port for leafnodes; 0 for none", "0"),
    ("network.leafnode_remotes", WORDS, "networks to join as a leafnode", ""),
    ("network.gateway_name", TEXT, "name in a super cluster", "CHORIA"),
    ("network.gateway_port", INTEGER, "port for the super cluster; 0 for none", "0"),
    ("network.gateway_remotes", WORDS, "other clusters of the super cluster", ""),
    ("network.mapping.names", WORDS, "subject mappings to apply", ""),
    ("network.tls_timeout", DURATION, "longest TLS handshake", "2s"),
    ("network.auth_timeout", DURATION, "longest login", "2s"),
    ("network.write_deadline", DURATION, "longest wait for a slow client", "10s"),
    ("network.soft_shutdown_timeout", SECONDS, "time to end in good order", "60"),
    ("network.pprof_port", INTEGER, "port for profiles of the Go broker", "0"),
    ("network.system.user", TEXT, "user name of the system account", ""),
    ("network.system.password", TEXT, "password of the system account", ""),
    ("network.provisioning.client_password", TEXT, "password of clients to provision", ""),
    (
        "network.provisioning.provisioner_without_token",
        BOOLEAN,
        "let a provisioner in by password",
        "",
    ),
    ("network.provisioning.signer_cert", PATH, "certificate that signs provisioning tokens", ""),
    ("network.stream.store", PATH, "folder of streams; none where unset", ""),
    ("network.stream.manage_streams", BOOLEAN, "make and adjust the usual streams", "1"),
    ("network.stream.event_retention", DURATION, "how long lifecycle events are kept", "24h"),
    ("network.stream.event_replicas", INTEGER, "copies of their stream; -1 for one a peer", "-1"),
    (
        "network.stream.machine_retention",
        DURATION,
        "how long events of autonomous agents are kept",
        "24h",
    ),
    ("network.stream.machine_replicas", INTEGER, "copies of their stream; -1 for one a peer", "-1"),
    (
        "network.stream.executor_retention",
        DURATION,
        "how long events of the executor are kept",
        "24h",
    ),
    (
        "network.stream.executor_replicas",
        INTEGER,
        "copies of their stream; -1 for one a peer",
        "-1",
    ),
    (
        "network.stream.advisory_retention",
        DURATION,
        "how long advisories of streams are kept",
        "168h",
    ),
    (
        "network.stream.advisory_replicas",
        INTEGER,
        "copies of their stream; -1 for one a peer",
        "-1",
    ),
    (
        "network.stream.leader_election_ttl",
        DURATION,
        "how long a leader stays without renewing",
        "1m",
    ),
    (
        "network.stream.leader_election_replicas",
        INTEGER,
        "copies of the elections' bucket; -1 for one a peer",
        "-1",
    ),
)

NETWORK: Final = tuple(
    Key(
        f"plugin.choria.{name}",
        kind,
        BROKER,
        doc,
        default=default,
        secret=name.endswith("password"),
        support=Support.LATER,
    )
    for name, kind, doc, default in _ROWS
)
