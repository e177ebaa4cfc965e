"""Files that others name are opened without waiting for anybody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from choria_core.plain_file import open_plain


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_bytes(b"{}")

    with open_plain(file) as opened:
        assert opened.read(10) == b"{}"


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "facts.json"
    os.mkfifo(pipe)
    program = (
        "import sys; from pathlib import Path; from choria_core.plain_file import open_plain; "
        "open_plain(Path(sys.argv[1]))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(pipe)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "it is a pipe and no file" in ended.stderr


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_plain(tmp_path)
