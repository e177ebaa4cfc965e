"""The Consul store on a real Consul."""

from collections.abc import Callable

import pytest

from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_plugin_consul.options import ConsulOptions
from choria_plugin_consul.store import ConsulStore
from choria_testing.consul_agent import ConsulAgent
from choria_testing.datastore import DataStoreConformance, LockConformance, StoreTests


class _Consul(StoreTests):
    keys = (*StoreTests.keys, "50%2F?a=b#c&d=+")

    @pytest.fixture
    def make_store(self, consul: ConsulAgent, bench: Workbench) -> Callable[[], DataStore]:
        options = ConsulOptions(url=consul.http_url, lock_delay=0)
        return lambda: ConsulStore("pb", options, bench)


class TestConsulStore(_Consul, DataStoreConformance):
    has_locks = True
    refused_keys = ("", "/a", "a//b", "a/../b", ".", "two\nlines", "\udc80")


class TestConsulLocks(_Consul, LockConformance):
    pass
