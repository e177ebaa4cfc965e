"""JSON schemas (draft 4) of every document, for programs in other languages and for tests.

The readers of this package do not use them: they check while they decode.
"""

import json
from importlib.resources import files
from typing import Any

FOLDERS = ("v1", "v2", "payloads", "lifecycle")


def schema_names() -> list[str]:
    """What :func:`schema` knows, as ``v1/request``."""
    return sorted(
        f"{folder}/{entry.name.removesuffix('.json')}"
        for folder in FOLDERS
        for entry in (files(__name__) / folder).iterdir()
        if entry.name.endswith(".json")
    )


def schema(name: str) -> dict[str, Any]:
    """The schema ``name``, parsed.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in schema_names():
        raise KeyError(name)
    text = (files(__name__) / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
