"""State files on a real disk."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from choria_core.errors import ConfigError
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.sampling.state_store import StateStore

STATE = LimiterState(items={"n1": (1795426025314, 83)}, sequence=9, copied_sequence=7)


def test_a_state_outlives_the_process_that_saved_it(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state")
    store.prepare()
    path = store.path_for(stream="REG", name="central", dialect="streams")

    assert store.load(path) is None
    store.save(path, STATE)
    store.save(path, STATE)

    assert store.load(path) == STATE
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert [one.name for one in store.folder.iterdir()] == ["REG_central.json"]


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """New files are for everybody, unless their maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("generous_umask")
def test_a_state_is_for_its_owner_alone_whatever_it_replaces(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    path = store.path_for(stream="REG", name="central", dialect="streams")
    path.write_text("{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666

    store.save(path, STATE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_are_named_as_the_originals_name_them(tmp_path: Path) -> None:
    store = StateStore(tmp_path)

    modern = store.path_for(stream="REG", name="central", dialect="streams")
    legacy = store.path_for(stream="REG", name="cmdb_replicator", dialect="topics")

    assert (modern.name, legacy.name) == ("REG_central.json", "cmdb_replicator.json")


@pytest.mark.parametrize("name", ["", "../escape", "a/b", ".hidden", "a\0b"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="choose another name"):
        StateStore(tmp_path).path_for(stream="REG", name=name, dialect="topics")


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"state folder .*/file/state cannot be written"):
        StateStore(tmp_path / "file" / "state").prepare()


def test_a_corrupt_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "REG_central.json"
    path.write_text('{"Items": {')

    with pytest.raises(ConfigError, match=r"REG_central\.json: not a sampling state.*move it away"):
        StateStore(tmp_path).load(path)


def test_a_failed_save_leaves_the_old_state_and_nothing_else(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    path = tmp_path / "REG_central.json"
    path.mkdir()
    (path / "in the way").write_text("")

    with pytest.raises(ConfigError, match="cannot be written"):
        store.save(path, STATE)

    assert [one.name for one in tmp_path.iterdir()] == ["REG_central.json"]


def test_what_dead_processes_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    ours = f".choria-state-{os.getpid()}-abc.tmp"
    for name in (f".choria-state-{dead}-abc.tmp", ours, "other.tmp"):
        (tmp_path / name).write_text("half")

    StateStore(tmp_path).prepare()

    assert {one.name for one in tmp_path.iterdir()} == {ours, "other.tmp"}
