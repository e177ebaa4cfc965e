"""The NATS store on a real nats-server."""

from collections.abc import Callable

import pytest

from choria_core.broker.server import Broker
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_plugin_nats_kv.options import NatsKvOptions
from choria_plugin_nats_kv.store import NatsKvStore
from choria_testing.datastore import DataStoreConformance, LockConformance, StoreTests


class _NatsKv(StoreTests):
    keys = (*StoreTests.keys, "/a//b/../c", "two\nlines", "a b", "a.b", "a..b", ".", "=", "a=b")

    @pytest.fixture
    def make_store(self, broker: Broker, bench: Workbench) -> Callable[[], DataStore]:
        options = NatsKvOptions(servers=broker.url, bucket="pb", create=True, ttl=5)
        return lambda: NatsKvStore("pb", options, bench)


class TestNatsKvStore(_NatsKv, DataStoreConformance):
    has_locks = True
    refused_keys = ("", "\udc80", "x" * 2000)


class TestNatsKvLocks(_NatsKv, LockConformance):
    pass
