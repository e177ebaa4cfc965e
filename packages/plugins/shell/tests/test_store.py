"""The shell store, with a real program behind it."""

import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from choria_core.errors import ConfigError, LocalProtocolError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_plugin_shell.store import ShellOptions, ShellStore
from choria_testing.datastore import TEXTS, DataStoreConformance, StoreTests

TEMPORARY = os.path.realpath(tempfile.gettempdir())

KEEPER = """#!/bin/sh
folder=${KEEPER_FOLDER:?}
case "$1:$CHORIA_DATA_ACTION" in
  --read:read) cat "$folder/$CHORIA_DATA_KEY" && echo ;;
  --write:write) printf '%s' "$CHORIA_DATA_VALUE" > "$folder/$CHORIA_DATA_KEY" ;;
  --delete:delete) rm -f "$folder/$CHORIA_DATA_KEY" ;;
  *) echo "what is $*?" >&2; exit 9 ;;
esac
"""


def program(folder: Path, text: str = KEEPER) -> Path:
    path = folder / "keeper.sh"
    path.write_text(text)
    path.chmod(0o700)
    return path


class TestShellStore(DataStoreConformance):
    prefix = "conformance_{}_"
    keys = ("plain", "with-dash", "CAPITAL_1")
    refused_keys = ("", "a/b", "a b", "key\n", "-n;ls", "größe", "$(x)")
    missing_error = WorkError

    @pytest.fixture
    def make_store(self, tmp_path: Path, bench: Workbench) -> Callable[[], DataStore]:
        options = ShellOptions(
            command=str(program(tmp_path)), environment={"KEEPER_FOLDER": str(tmp_path)}
        )
        return lambda: ShellStore("pb", options, bench)

    async def test_the_last_line_may_have_no_end(self, bench: Workbench) -> None:
        for said, text in (
            ("", ""),
            ("a", "a"),
            ("a\\n", "a"),
            ("a\\n\\n", "a\n"),
            ("\\na", "\na"),
        ):
            store = ShellStore("pb", ShellOptions(command=f"printf '{said}'; true"), bench)
            assert await store.read("key") == text

    async def test_texts_are_given_as_they_are_and_the_rest_as_json(
        self, store: ShellStore, key: str
    ) -> None:
        for text in TEXTS:
            await store.write(key, text)
            assert await store.read(key) == text
        await store.write(key, {"a": [1, True]})
        assert json.loads(str(await store.read(key))) == {"a": [1, True]}

    async def test_a_value_that_no_command_can_be_given_is_refused(
        self, store: ShellStore, key: str
    ) -> None:
        with pytest.raises(WorkError, match="no command can be given"):
            await store.write(key, "nul\0")
        with pytest.raises(WorkError):
            await store.write(key, "x" * (4 << 20))


class TestCommands(StoreTests):
    @pytest.fixture
    def make_store(self, bench: Workbench) -> Any:
        def make(command: str, **options: Any) -> ShellStore:
            return ShellStore("pb", ShellOptions(command=command, **options), bench)

        return make

    async def test_the_command_knows_key_and_action_and_the_run(
        self, make_store: Any, bench: Workbench
    ) -> None:
        bench.environment["FROM_RUN"] = "yes"
        store = make_store(
            'echo "$CHORIA_DATA_ACTION $CHORIA_DATA_KEY $LC_ALL $FROM_RUN $OWN'
            ' ${CHORIA_DATA_VALUE-none}"; true',
            environment={"OWN": "mine", "CHORIA_DATA_KEY": "overwritten"},
        )

        assert await store.read("a-key") == "read a-key C yes mine none"

    async def test_it_works_in_the_temporary_folder_or_where_the_book_says(
        self, make_store: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "sub").mkdir()

        assert await make_store("pwd; true").read("a") == TEMPORARY
        assert await make_store("pwd; true", cwd="sub").read("a") == str(tmp_path / "sub")

    async def test_a_failure_names_action_key_and_code_and_what_was_said(
        self, make_store: Any, bench: Workbench
    ) -> None:
        said: list[str] = []
        bench.on_warning = said.append
        store = make_store("echo out; echo first >&2; echo last >&2; exit 7;")

        failed = "store 'pb', write of 'a': "
        with pytest.raises(WorkError, match=f"{failed}the command ended with code 7: last"):
            await store.write("a", "secret")

        assert said == [f"{failed}first", f"{failed}last"]

    async def test_a_signal_is_named(self, make_store: Any) -> None:
        with pytest.raises(WorkError, match="was ended by signal 15"):
            await make_store("kill -TERM $$;").read("a")

    async def test_a_command_that_takes_too_long_is_ended(self, make_store: Any) -> None:
        with pytest.raises(WorkError, match=r"took more than 0\.1 s"):
            await make_store("sleep 100;", timeout=0.1).read("a")

    @pytest.mark.parametrize(
        ("command", "options", "text"),
        [
            ("  ", {}, "no command is given"),
            ("/no/such/program", {}, "is no program that we may start"),
            ("no-such-program-anywhere --x", {}, "is no program that we may start"),
            ("./plain.txt", {}, "is no program that we may start"),
            ("echo 'open", {}, "check quotes"),
            ("true", {"cwd": "/no/such/folder"}, "is no folder; correct `cwd`"),
            ("true", {"environment": {"a=b": "c"}}, "correct `environment`"),
            ("true", {"environment": {"a": "\0"}}, "correct `environment`"),
        ],
    )
    async def test_what_cannot_work_is_refused_before_the_run(
        self, make_store: Any, tmp_path: Path, command: str, options: dict[str, Any], text: str
    ) -> None:
        (tmp_path / "plain.txt").touch(stat.S_IRUSR)

        with pytest.raises(ConfigError, match=f"data store 'pb': .*{text}"):
            await make_store(command, **{"cwd": str(tmp_path), **options}).open()

    @pytest.mark.parametrize("command", ["true", "sh -c true", "./keeper.sh x", "A=1 true", "~/x"])
    async def test_what_may_work_is_not(
        self, make_store: Any, tmp_path: Path, command: str
    ) -> None:
        program(tmp_path)

        await make_store(command, cwd=str(tmp_path)).open()

    async def test_a_rehearsal_starts_nothing(self, tmp_path: Path) -> None:
        def no_config() -> ClientConfig:
            raise AssertionError

        bench = Workbench(
            plugins=Plugins(),
            load_config=no_config,
            environment={},
            folder=tmp_path,
            is_closed=True,
        )
        marker = tmp_path / "started"
        store = ShellStore("pb", ShellOptions(command=f"touch {marker};"), bench)

        with pytest.raises(LocalProtocolError):
            await store.read("a")

        assert not marker.exists()
        assert not ShellStore.is_passive
