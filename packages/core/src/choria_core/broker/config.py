"""An embedded broker's options as the text of a nats-server configuration.  Pure.

Every value is written as JSON, which nats-server's syntax contains: quoted
strings are taken as they are, so no password or path can be misread.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from choria_core.broker.options import (
    BrokerAuth,
    BrokerOptions,
    BrokerPorts,
    BrokerTls,
    ClusterOptions,
    LeafnodeOptions,
    LeafnodeRemote,
)

Setting = tuple[str, object]


def render_config(options: BrokerOptions, ports: BrokerPorts, store: Path) -> str:
    """The configuration file of a broker on ``ports`` that keeps streams in ``store``."""
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in _settings(options, ports, store)
    ]
    return "\n".join([*lines, options.extra_config, ""])


def _settings(options: BrokerOptions, ports: BrokerPorts, store: Path) -> Iterator[Setting]:
    host = _bracketed(options.host)
    yield "host", options.host
    yield "port", ports.client
    yield "server_name", options.name or f"broker-{ports.client}"
    if ports.monitor is not None:
        yield "http", f"{host}:{ports.monitor}"
    if options.max_payload_bytes is not None:
        yield "max_payload", options.max_payload_bytes
    if options.jetstream:
        domain = {"domain": options.domain} if options.domain else {}
        yield "jetstream", {"store_dir": str(store), **domain}
    if options.tls:
        yield "tls", _tls(options.tls)
    if options.cluster:
        yield "cluster", _cluster(options.cluster, f"{host}:{ports.cluster}")
    if options.leafnode:
        yield "leafnodes", _leafnode(options.leafnode, host, ports.leafnode)
    if options.auth:
        yield from _auth(options.auth)


def _tls(tls: BrokerTls) -> dict[str, object]:
    settings: dict[str, object] = {
        "cert_file": str(tls.cert_file),
        "key_file": str(tls.key_file),
        "verify": tls.verify,
    }
    if tls.ca_file:
        settings["ca_file"] = str(tls.ca_file)
    if tls.handshake_first:
        settings["handshake_first"] = True
    return settings


def _cluster(cluster: ClusterOptions, listen: str) -> dict[str, object]:
    settings: dict[str, object] = {"name": cluster.name, "listen": listen}
    if cluster.routes:
        settings["routes"] = list(cluster.routes)
    return settings


def _leafnode(leafnode: LeafnodeOptions, host: str, port: int | None) -> dict[str, object]:
    settings: dict[str, object] = {}
    if port is not None:
        settings["listen"] = f"{host}:{port}"
    if leafnode.remotes:
        settings["remotes"] = [_remote(remote) for remote in leafnode.remotes]
    return settings


def _remote(remote: LeafnodeRemote) -> dict[str, str]:
    settings = {"url": remote.url}
    if remote.credentials_file:
        settings["credentials"] = remote.credentials_file
    if remote.account:
        settings["account"] = remote.account
    return settings


def _auth(auth: BrokerAuth) -> Iterator[Setting]:
    if auth.operator_jwt:
        yield "operator", auth.operator_jwt
        yield "resolver", "MEMORY"
        yield "resolver_preload", dict(auth.account_jwts)
        if auth.system_account:
            yield "system_account", auth.system_account
    if auth.token:
        yield "authorization", {"token": auth.token}
    elif auth.users or auth.nkeys:
        users = [{"user": user.user, "password": user.password} for user in auth.users]
        nkeys = [{"nkey": key} for key in auth.nkeys]
        yield "authorization", {"users": [*users, *nkeys]}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
