"""What a lock says of who has it: a JSON text for stores, and words for people."""

from typing import Final

import msgspec

from choria_core.errors import LockTimeoutError
from choria_core.playbook.lock import LockHolder
from choria_core.timestamps import format_rfc3339_ms

UNKNOWN: Final = "another program"
"""Whoever wrote something beside a lock that we cannot read."""


class LockText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stores keep beside a lock.

    Attributes:
        holder: who has it.
        session: tells one acquisition from all others, where the store's own cannot.
    """

    holder: LockHolder
    session: str = ""


def write_lock_text(holder: LockHolder, *, session: str = "") -> bytes:
    """What a store keeps beside a lock: JSON, for people as well."""
    return msgspec.json.encode(LockText(holder=holder, session=session))


def read_lock_text(data: bytes) -> LockText | None:
    """What stands beside a lock; None where another program wrote it."""
    try:
        return msgspec.json.decode(data, type=LockText)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def describe_holder(holder: LockHolder | None) -> str:
    """Who has a lock, in words."""
    if holder is None:
        return UNKNOWN
    since = format_rfc3339_ms(int(holder.time * 1000))
    place = f"process {holder.pid} on {holder.host}"
    return f"{holder.name} (playbook {holder.book}, {place}, since {since})"


def lock_timeout(
    key: str, *, store: str, holder: LockHolder | None, timeout_seconds: float
) -> LockTimeoutError:
    """The error of who waited in vain."""
    return LockTimeoutError(
        f"the lock {key!r} of store {store!r} was not free within {timeout_seconds:g} s: "
        f"{describe_holder(holder)} has it"
    )
