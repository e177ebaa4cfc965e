"""The environment store."""

import os
from collections.abc import Callable

import pytest

from choria_core.errors import WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_plugin_environment.store import EnvironmentOptions, EnvironmentStore
from choria_testing.datastore import DataStoreConformance


class TestEnvironmentStore(DataStoreConformance):
    prefix = "conformance_{}_"
    refused_keys = ("", "a=b", "nul\0", "\ud800")

    @pytest.fixture
    def make_store(self, bench: Workbench) -> Callable[[], DataStore]:
        return lambda: EnvironmentStore("pb", EnvironmentOptions(prefix="BOOK_"), bench)

    async def test_later_programs_see_it_and_we_do_not(
        self, store: EnvironmentStore, bench: Workbench
    ) -> None:
        await store.write("CLUSTER", "alpha")

        processes = await bench.processes()
        finished = await processes.run(
            'echo "$BOOK_CLUSTER"', folder=None, environment=bench.environment
        )
        await store.delete("CLUSTER")

        assert finished.output == ("alpha",)
        assert "BOOK_CLUSTER" not in os.environ
        assert "BOOK_CLUSTER" not in bench.environment

    async def test_the_prefix_is_no_part_of_the_key(
        self, store: EnvironmentStore, bench: Workbench
    ) -> None:
        bench.environment["BOOK_a"] = "1"
        bench.environment["a"] = "2"

        assert await store.read("a") == "1"

    async def test_without_a_prefix_every_variable_is_a_key(self, bench: Workbench) -> None:
        store = EnvironmentStore("pb", EnvironmentOptions(), bench)

        assert await store.read("PATH") == bench.environment["PATH"]

    @pytest.mark.parametrize("value", [1, True, None, ["a"], {}, "nul\0", "\ud800"], ids=repr)
    async def test_what_is_no_text_is_refused(self, store: EnvironmentStore, value: object) -> None:
        with pytest.raises(WorkError):
            await store.write("a", value)

    async def test_bytes_of_a_variable_that_are_no_text_go_on(
        self, store: EnvironmentStore, bench: Workbench
    ) -> None:
        await store.write("a", "caf\udce9")

        assert await store.read("a") == "caf\udce9"
        assert os.fsencode(bench.environment["BOOK_a"]) == b"caf\xe9"
