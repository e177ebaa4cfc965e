"""What this plugin contributes to playbooks."""

from collections.abc import Iterable

from choria_core.hookspecs import DataStorePlugin, hookimpl


@hookimpl
def choria_data_stores() -> Iterable[DataStorePlugin]:
    """The store."""
    return [DataStorePlugin("nats_kv", "choria_plugin_nats_kv.store:NatsKvStore")]
