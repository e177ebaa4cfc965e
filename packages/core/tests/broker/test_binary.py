"""The program is found, and its absence is explained."""

import sys
from pathlib import Path

import pytest

from choria_core.broker.binary import find_nats_server
from choria_core.errors import UsageError


def program(folder: Path) -> Path:
    path = folder / "nats-server"
    path.touch(mode=0o755)
    return path


def test_the_variable_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path)

    assert find_nats_server({"CHORIA_NATS_SERVER": str(named)}) == named


def test_then_the_one_beside_python() -> None:
    assert find_nats_server({}) == Path(sys.executable).parent / "nats-server"


def test_then_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path)
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    assert find_nats_server({"PATH": str(tmp_path)}) == found


def test_none_at_all_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(UsageError, match=r"pip install 'choria-core\[broker\]'"):
        find_nats_server({"PATH": str(tmp_path)})


def test_a_variable_that_names_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a program"):
        find_nats_server({"CHORIA_NATS_SERVER": str(tmp_path)})
