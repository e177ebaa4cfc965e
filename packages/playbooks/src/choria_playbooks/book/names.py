"""Names that books give to their parts, and paths into stores.  Pure."""

import re
from typing import Final

from choria_core.config.problems import Location
from choria_playbooks.book.findings import Findings

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
_PATH: Final = re.compile(r"([a-zA-Z0-9_-]+)/(.+)", re.ASCII | re.DOTALL)

NAME_PATTERN: Final = r"^[a-zA-Z0-9_-]+$"
"""What names look like, for JSON schemas."""


def check_name(findings: Findings, name: str, where: Location, key: str) -> None:
    """Tell of a name that no template and no path can hold."""
    if not is_name(name):
        text = "is no name that a template or a path can hold"
        findings.tolerate(where, key, text, "use letters, digits, - and _")


def is_name(text: str) -> bool:
    """Whether templates and paths can hold it."""
    return _NAME.fullmatch(text) is not None


def split_path(path: str) -> tuple[str, str] | None:
    """Store and key of ``store/key``; None where it is no path."""
    match = _PATH.fullmatch(path)
    return (match[1], match[2]) if match else None
