"""Run a piece of a test in a process of its own, that did nothing before."""

import json
import subprocess
import sys
from typing import Any


def run_fresh(script: str) -> Any:
    """What ``script`` prints, read as JSON; a failure shows what it said on standard error."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)
