"""Committed files speak of the project, never of the machine they were written on."""

import re
import subprocess
from pathlib import Path

HOME = re.compile(rb"/(?:home|Users)/[a-z]|/root/|/work/")
ADDRESS = re.compile(rb"https?://")


def test_no_file_names_a_folder_of_its_author(root: Path) -> None:
    own = Path(__file__).resolve()

    offenders = [
        f"{file.relative_to(root)}:{number}"
        for file in _committed(root)
        if file != own
        for number, line in enumerate(file.read_bytes().splitlines(), start=1)
        if HOME.search(line)
    ]

    assert offenders == []


def test_the_pins_name_no_address_and_carry_hashes(root: Path) -> None:
    pins = (root / "constraints.txt").read_bytes()

    assert not ADDRESS.search(pins)
    for block in re.split(rb"\n(?=\S)", pins.strip()):
        assert b"--hash=sha256:" in block


def _committed(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    files = (root / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [file for file in files if file.is_file()]
