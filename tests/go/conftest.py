"""The Go program of Choria, where there is one to try ours against."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def choria_go() -> Path:
    """The Go program that ``CHORIA_GO`` names; without it the test skips."""
    named = os.environ.get("CHORIA_GO")
    if not named:
        pytest.skip("CHORIA_GO names no Go choria program")
    return Path(named)
