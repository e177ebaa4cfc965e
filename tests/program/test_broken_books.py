"""Broken playbooks, checked and rehearsed: only errors of ours, and nothing is done.

The session ``fuzz`` takes ten times as many.
"""

import subprocess
import sys
from pathlib import Path

COUNT = 1000


def test_broken_books_have_errors_of_ours_and_do_nothing(root: Path) -> None:
    """In a process of its own, whose every act is seen by a hook that nobody can take away."""
    words = [sys.executable, "-m", "tasks.fuzz_books", str(COUNT)]

    ended = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith(f"{COUNT} books in ")
