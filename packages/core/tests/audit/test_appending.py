"""A line is written whole or not at all, and nothing keeps a server waiting."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from choria_core.audit.appending import AuditFile
from choria_core.errors import WorkError

FULL = """
import json, resource, sys
from pathlib import Path
from choria_core.audit.appending import AuditFile
from choria_core.errors import WorkError

file = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (250, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
told = []
for number in range(4):
    try:
        AuditFile(file, mode=0o600).append(b"%d" % number * 99 + b"\\n")
    except WorkError as error:
        told.append(str(error))
    if number == 2:
        file.rename(f"{file}.1")
print(json.dumps(told))
"""


def test_a_line_that_has_no_room_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"

    ran = subprocess.run([sys.executable, "-c", FULL, file], capture_output=True, check=True)

    [told] = json.loads(ran.stdout)
    assert told == f"{file} cannot be written: only a part of the line has room"
    old = Path(f"{file}.1").read_text()
    assert old == "0" * 99 + "\n" + "1" * 99 + "\n"
    assert file.read_text() == "3" * 99 + "\n"


def test_a_pipe_that_nobody_reads_is_an_error_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(WorkError, match="pipe cannot be written: No such device"):
        AuditFile(tmp_path / "pipe", mode=0o600).append(b"x\n")


def test_a_pipe_that_somebody_reads_gets_the_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        AuditFile(tmp_path / "pipe", mode=0o600).append(b"x\n")

        assert os.read(reader, 10) == b"x\n"
    finally:
        os.close(reader)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match=r"absent/audit\.log cannot be written: No such file"):
        AuditFile(tmp_path / "absent" / "audit.log", mode=0o600).append(b"x\n")
