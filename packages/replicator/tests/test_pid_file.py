"""The file that ``--pid`` names."""

import os
from pathlib import Path

import pytest

from choria_core.errors import UsageError
from choria_replicator.command import _pid_file


def test_it_holds_the_process_id_for_all_to_read_and_goes_with_the_program(tmp_path: Path) -> None:
    path = tmp_path / "sr.pid"
    before = os.umask(0o077)
    try:
        with _pid_file(path):
            assert path.read_text() == f"{os.getpid()}\n"
            assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)

    assert not path.exists()


def test_where_it_cannot_be_written_the_reason_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"absent/sr\.pid: the process id cannot be written: No"),
        _pid_file(tmp_path / "absent" / "sr.pid"),
    ):
        pass
