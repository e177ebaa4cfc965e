"""The fields of BrokerOptions as keyword arguments, for functions that pass them on."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from choria_core.broker.options import BrokerAuth, BrokerTls, ClusterOptions, LeafnodeOptions


class BrokerSettings(TypedDict, total=False):
    """Keyword arguments of ``BrokerOptions``; a test holds the two together."""

    host: str
    port: int
    name: str
    jetstream: bool
    domain: str
    store: Path | None
    monitor_port: int | None
    max_payload_bytes: int | None
    cluster: ClusterOptions | None
    leafnode: LeafnodeOptions | None
    tls: BrokerTls | None
    auth: BrokerAuth | None
    extra_config: str
    environment: Mapping[str, str]
    config_file: Path | None
    log_file: Path | None
    start_timeout_seconds: float
