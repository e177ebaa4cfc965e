"""A lock in a NATS bucket: a message with a time to live, which its holder writes anew.

Each write says what must be the key's newest message, so that none overwrites what its writer
has not seen: taking needs a key without a value, renewing and giving back our own message.  An
answer may get lost: a message that names our session is ours, whoever was told.

A late write of ours therefore does no harm either.  A plain delete would: sent by a holder that
was cut off, it would free the lock of the next one.

Source: NATS ADR-43 (times to live of messages).
"""

from dataclasses import dataclass
from typing import Final

from choria_core.errors import LockLostError, LockTimeoutError, WorkError
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_core.playbook.lock import LockHolder, LockView
from choria_core.playbook.lock_texts import (
    LockText,
    lock_timeout,
    read_lock_text,
    write_lock_text,
)
from choria_plugin_nats_kv.bucket import LIFE, Bucket, Entry, life_text

TAKEN_BY: Final = "Choria-Lock-Sequence"
"""In renewals: the sequence of the message that took the lock."""

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 0.5

MOST_TRIES: Final = 5
"""Who breaks a lock tries so often where its holder renews it at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a store's locks have in common.

    Attributes:
        store: what the book calls the store.
        ttl_seconds: a lock lives so long from each renewal.
    """

    store: str
    ttl_seconds: int


class LockMessage:
    """One acquisition of one lock.

    Args:
        bucket: where the lock is.
        key: of the lock.
        holder: who wants it.
        session: tells this acquisition from all others.
    """

    def __init__(
        self, bucket: Bucket, terms: Terms, *, key: str, holder: LockHolder, session: str
    ) -> None:
        self._bucket = bucket
        self._terms = terms
        self._key = key
        self._session = session
        self._text = write_lock_text(holder, session=session)
        self._unconfirmed_since: float | None = None  # the first try that may have been stored
        self._sequence = 0
        self._token = 0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._last_holder: LockHolder | None = None
        self.lease = self._new_lease(lease_clock())

    @property
    def pause_seconds(self) -> float:
        """Longer with each try."""
        pause = self._pause_seconds
        self._pause_seconds = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return pause

    async def try_to_lock(self, *, until: float) -> LeasedLock | None:  # noqa: ARG002
        """Write the message if the key has no value."""
        now = lease_clock()
        self.lease = self._new_lease(now)
        entry = await self._bucket.newest(self._key)
        if entry.is_there:
            return self._look(entry)
        before = self._unconfirmed_since
        self._unconfirmed_since = now if before is None else before
        sequence = await self._bucket.put(
            self._key, self._text, self._headers(), after=entry.sequence
        )
        if sequence is None:  # somebody was faster, or an earlier write of ours
            self._unconfirmed_since = before
            return None
        return self._taken(sequence, sequence, sent_at=now)

    def timeout(self, timeout_seconds: float) -> LockTimeoutError:
        """Who had it."""
        holder, store = self._last_holder, self._terms.store
        return lock_timeout(self._key, store=store, holder=holder, timeout_seconds=timeout_seconds)

    async def give_back(self) -> None:
        """Remove the message if it is ours, confirmed or not.

        Raises:
            TransportError: the servers cannot be reached; its life ends by itself.
        """
        if not self._sequence and self._unconfirmed_since is None:
            return
        if self._sequence and await self._purge(self._sequence):
            return
        await remove(self._bucket, self._key, self._session, life_seconds=self._terms.ttl_seconds)

    async def _purge(self, sequence: int) -> bool:
        life = self._terms.ttl_seconds
        return await self._bucket.purge(self._key, after=sequence, life_seconds=life)

    def _look(self, entry: Entry) -> LeasedLock | None:
        """What the key has: our own message, somebody's lock or data."""
        text = lock_of(entry)
        if text is None:
            raise WorkError(
                f"store {self._terms.store!r} keeps data under {self._key!r}: name another lock"
            )
        if text.session == self._session and self._unconfirmed_since is not None:
            return self._taken(entry.sequence, token_of(entry), sent_at=self._unconfirmed_since)
        self._last_holder = text.holder
        return None

    def _taken(self, sequence: int, token: int, *, sent_at: float) -> LeasedLock:
        self._sequence, self._token = sequence, token
        self.lease = self._new_lease(sent_at)
        self.lease.start()
        return LeasedLock(self._key, token=token, lease=self.lease, give_back=self.give_back)

    def _new_lease(self, sent_at: float) -> Lease:
        return Lease(self._renew, ttl_seconds=self._terms.ttl_seconds, sent_at=sent_at)

    async def _renew(self) -> None:
        """Write the message anew, behind the one that we wrote last.

        Where another is the newest it may be a renewal whose answer got lost: then once more,
        as nobody knows when that one was stored.
        """
        headers = {**self._headers(), TAKEN_BY: str(self._token)}
        for _ in range(2):
            sequence = await self._bucket.put(self._key, self._text, headers, after=self._sequence)
            if sequence is not None:
                self._sequence = sequence
                return
            entry = await self._bucket.newest(self._key)
            text = lock_of(entry) if entry.is_there else None
            if text is None or text.session != self._session:
                break
            self._sequence = entry.sequence
        raise LockLostError(
            f"the lock {self._key!r} in the NATS bucket {self._bucket.name!r} is not ours any "
            "more: it was not renewed in time, or somebody broke it"
        )

    def _headers(self) -> dict[str, str]:
        return {LIFE: life_text(self._terms.ttl_seconds)}


async def view_of(bucket: Bucket, key: str) -> LockView | None:
    """Who has a lock; None where nobody does, or the key holds data."""
    entry = await bucket.newest(key)
    text = lock_of(entry) if entry.is_there else None
    if text is None:
        return None
    return LockView(key=key, holder=text.holder, token=token_of(entry), session=text.session)


async def remove(bucket: Bucket, key: str, session: str, *, life_seconds: int) -> bool:
    """Remove the lock of a session, whose holder may renew it meanwhile; whether it was there.

    Raises:
        TransportError: the servers cannot be reached.
        WorkError: it was renewed again and again.
    """
    for _ in range(MOST_TRIES):
        entry = await bucket.newest(key)
        text = lock_of(entry) if entry.is_there else None
        if text is None or text.session != session:
            return False
        if await bucket.purge(key, after=entry.sequence, life_seconds=life_seconds):
            return True
    raise WorkError(f"the lock {key!r} is renewed all the time: try again")


def lock_of(entry: Entry) -> LockText | None:
    """What a lock says of its holder; None for data, which has no life of its own."""
    return read_lock_text(entry.data) if LIFE in entry.headers else None


def token_of(entry: Entry) -> int:
    """The sequence of the message that took a lock."""
    text = entry.headers.get(TAKEN_BY, "")
    return int(text) if text.isdecimal() else entry.sequence
