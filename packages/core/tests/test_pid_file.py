"""The file that ``--pid`` names."""

import os
from pathlib import Path

import pytest

from choria_core.errors import UsageError
from choria_core.pid_file import pid_file


def test_it_holds_the_process_id_for_all_to_read_and_goes_with_the_program(tmp_path: Path) -> None:
    path = tmp_path / "sr.pid"
    before = os.umask(0o077)
    try:
        with pid_file(path):
            assert path.read_text() == f"{os.getpid()}\n"
            assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)

    assert not path.exists()


def test_where_it_cannot_be_written_the_reason_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"absent/sr\.pid: the process id cannot be written: No"),
        pid_file(tmp_path / "absent" / "sr.pid"),
    ):
        pass


def test_a_file_of_another_living_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sr.pid"
    path.write_text(f"{os.getppid()}\n")

    with (
        pytest.raises(UsageError, match=f"process {os.getppid()} runs with this file"),
        pid_file(path),
    ):
        pass

    assert path.read_text() == f"{os.getppid()}\n"


@pytest.mark.parametrize("left", ["", "no number", "-1", "9" * 30])
def test_what_a_dead_process_left_is_replaced(tmp_path: Path, left: str) -> None:
    path = tmp_path / "sr.pid"
    path.write_text(left)

    with pid_file(path):
        assert path.read_text() == f"{os.getpid()}\n"

    assert not path.exists()


def test_a_file_that_names_another_by_now_stays(tmp_path: Path) -> None:
    path = tmp_path / "sr.pid"
    with pid_file(path):
        path.write_text("1\n")

    assert path.read_text() == "1\n"
