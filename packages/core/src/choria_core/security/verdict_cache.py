"""Credentials that were found good, remembered for a while.  Pure.

What is remembered is what a credential *says*: its key, names and claims.
Whether that permits a request is asked anew each time.
"""

from hashlib import sha256
from typing import Final, Generic, NamedTuple, TypeVar

Verdict = TypeVar("Verdict")

MAX_ENTRIES: Final = 4096
MAX_AGE_SECONDS: Final = 3600.0


class _Entry(NamedTuple, Generic[Verdict]):
    verdict: Verdict
    since: float
    until: float


class VerdictCache(Generic[Verdict]):
    """Verdicts by the exact bytes of the credential.

    It belongs to one trust and goes with it: whoever trusts others makes a new
    trust, and with it an empty cache.  The oldest entry makes room for a new
    one; strangers cannot push entries out, as bad credentials are not kept.
    """

    def __init__(
        self, *, max_entries: int = MAX_ENTRIES, max_age_seconds: float = MAX_AGE_SECONDS
    ) -> None:
        self._max_entries = max_entries
        self._max_age_seconds = max_age_seconds
        self._entries: dict[bytes, _Entry[Verdict]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, credential: bytes, *, now: float) -> Verdict | None:
        """What was kept of ``credential``; None when it must be judged (again).

        A clock that went back behind the judgement makes it void as well.
        """
        key = sha256(credential).digest()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.since <= now < entry.until:
            return entry.verdict
        del self._entries[key]
        return None

    def keep(self, credential: bytes, verdict: Verdict, *, now: float, expires: float) -> None:
        """Remember a good ``credential`` until ``expires`` (unix seconds), at most an hour."""
        key = sha256(credential).digest()
        if len(self._entries) >= self._max_entries:
            del self._entries[next(iter(self._entries))]
        until = min(expires, now + self._max_age_seconds)
        self._entries[key] = _Entry(verdict, now, until)
