"""The etcd store on a real etcd."""

from collections.abc import Callable

import pytest

from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_plugin_etcd.options import EtcdOptions
from choria_plugin_etcd.store import EtcdStore
from choria_testing.datastore import DataStoreConformance, LockConformance, StoreTests
from choria_testing.etcd_server import EtcdServer


class _Etcd(StoreTests):
    keys = (*StoreTests.keys, "/a//b/../c", "two\nlines")

    @pytest.fixture
    def make_store(self, etcd: EtcdServer, bench: Workbench) -> Callable[[], DataStore]:
        options = EtcdOptions(url=etcd.http_url)
        return lambda: EtcdStore("pb", options, bench)


class TestEtcdStore(_Etcd, DataStoreConformance):
    has_locks = True
    refused_keys = ("", "\udc80")


class TestEtcdLocks(_Etcd, LockConformance):
    pass
