"""What Consul says of a key that may be a lock."""

from collections.abc import Mapping
from typing import Any

from choria_core.playbook.lock import LockHolder
from choria_core.playbook.lock_texts import read_lock_text


def session_of(entry: Mapping[str, Any] | None) -> str:
    """Which session holds a key; empty for none."""
    return "" if entry is None else str(entry.get("Session") or "")


def holder_of(entry: Mapping[str, Any] | None) -> LockHolder | None:
    """Who says beside a lock that they have it."""
    text = None if entry is None else read_lock_text(entry["Value"] or b"")
    return None if text is None else text.holder
