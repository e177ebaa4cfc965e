"""The generated reference is up to date."""

import subprocess
import sys
from pathlib import Path


def test_the_commands_are_documented_as_they_are(root: Path) -> None:
    """`make docs ARGS=--write` renews the page."""
    words = [sys.executable, str(root / "tasks" / "reference.py")]

    written = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert (root / "docs" / "reference" / "commands.md").read_text() == written
