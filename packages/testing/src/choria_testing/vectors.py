"""Recordings of the Go programs: what they put on the wire and printed."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path("tests") / "vectors"


def path(name: str) -> Path:
    """The file ``name`` among the recordings, wherever in the workspace a test is.

    Raises:
        FileNotFoundError: no workspace is around this module, or it has no such file.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / FOLDER).is_dir():
            found = folder / FOLDER / name
            if found.is_file():
                return found
    raise FileNotFoundError(f"no recording {name} in {FOLDER} of the workspace")


def load(name: str) -> list[dict[str, Any]]:
    """The records of ``name``, a file with one JSON document a line.

    Raises:
        FileNotFoundError: as :func:`path`.
    """
    return [json.loads(line) for line in path(name).read_text().splitlines()]


def messages(name: str) -> list[dict[str, Any]]:
    """What the records of ``name`` saw published: each ``subject``, ``data`` and more."""
    return [message for record in load(name) for message in record["messages"]]
