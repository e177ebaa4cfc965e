"""A lock in Consul: a session of its own, and a key that the session holds.

How it is waited for: by a question that Consul answers when the key changes.  It is taken by
a transaction that fails where the key changed meanwhile, so that no data is ever overwritten.
It is given back by releasing and deleting the key, and then the session is destroyed:
destroyed with the key it would keep the key from everybody for its lock delay.

While the lock delay of a dead holder runs, the key looks free and taking it fails.  No change
of the key tells when the delay is over, so that we ask again and again.
"""

import asyncio
import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from consul.exceptions import ClientError, NotFound

from choria_core.errors import (
    AuthenticationError,
    LockLostError,
    LockTimeoutError,
    TransportError,
    WorkError,
)
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_core.playbook.lock import LockHolder
from choria_core.playbook.lock_texts import lock_timeout, read_lock_text, write_lock_text
from choria_plugin_consul.client import Client

LONGEST_QUESTION_SECONDS: Final = 60.0
"""How long we let Consul wait for a change; then we ask again, and see that it lives."""

JITTER: Final = 1 / 16
"""Consul answers later than told by up to this part of the time."""

RETRY_SECONDS: Final = 0.5
"""Between two tries while a lock delay runs, or Consul cannot be reached."""

DENIED: Final = "Permission denied"
"""A transaction that we may not do is refused with the status of one that came too late."""


class SessionEndedError(LockLostError):
    """The session ended before it had the lock: another one may try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a store's locks have in common.

    Attributes:
        store: what the book calls the store.
        ttl_seconds: a session lives so long from each renewal.
        lock_delay_seconds: how long Consul keeps a key from everybody whose session ended
            with it.
    """

    store: str
    ttl_seconds: int
    lock_delay_seconds: float


class Session:
    """One session for one acquisition of one lock.

    Args:
        client: asks Consul.
        session: its name in Consul.
        key: of the lock.
        sent_at: when it was asked for.
    """

    def __init__(
        self, client: Client, terms: Terms, session: str, *, key: str, sent_at: float
    ) -> None:
        self.session = session
        self.key = key
        self._client = client
        self._terms = terms
        self._has_lock = False
        self._index = "0"
        self._last_holder: LockHolder | None = None
        self.lease = Lease(self._renew, ttl_seconds=terms.ttl_seconds, sent_at=sent_at)

    @classmethod
    async def open(cls, client: Client, terms: Terms, *, key: str, book: str) -> Self:
        """A new session, which is renewed from now on; :meth:`give_back` ends it."""
        sent_at = lease_clock()
        name = await client.session.create(
            name=f"choria playbook {book}",
            lock_delay=f"{terms.lock_delay_seconds:g}",
            behavior="delete",
            ttl=terms.ttl_seconds,
        )
        made = cls(client, terms, name, key=key, sent_at=sent_at)
        made.lease.start()
        return made

    async def take(self, holder: LockHolder, *, until: float, timeout_seconds: float) -> LeasedLock:
        """Wait for the lock until ``until``, by the lease's clock, and take it.

        Raises:
            LockTimeoutError: it was not free in time.
            SessionEndedError: the session was gone before it had the lock.
            WorkError: the key holds data.
            TransportError: Consul cannot be reached and the time is over.
        """
        while True:
            try:
                entry = await self._look(until)
                token = await self._try(entry, holder)
            except AuthenticationError:
                raise
            except TransportError:
                if lease_clock() >= until:
                    raise
                entry, token = None, None
            if not self.lease.is_held():
                raise SessionEndedError(self.lease.loss)
            if token is not None:
                self._has_lock = True
                return LeasedLock(self.key, token=token, lease=self.lease, give_back=self.give_back)
            if lease_clock() >= until:
                raise self._timeout(entry, timeout_seconds)
            if not session_of(entry):  # nothing that changes would tell
                await asyncio.sleep(max(0.0, min(RETRY_SECONDS, until - lease_clock())))

    async def end(self) -> None:
        """Renew it no more, and give everything back as far as Consul can be told."""
        try:
            await self.lease.stop()
        finally:
            await self.give_back()

    async def give_back(self) -> None:
        """Release the lock if the session has it, then destroy the session.

        Raises:
            TransportError: Consul cannot be reached; it ends the session by itself.
        """
        operations = [
            _operation("unlock", self.key, Session=self.session, Value=""),
            _operation("delete", self.key),
        ]
        with contextlib.suppress(ClientError):  # it did not have it
            await self._client.txn.put(operations)
        await self._client.session.destroy(self.session)

    async def _look(self, until: float) -> Mapping[str, Any] | None:
        """The key as it is now; where somebody has it, once it changed or time is over."""
        left = max(0.0, min(until - lease_clock(), LONGEST_QUESTION_SECONDS))
        patience = left * (1 + JITTER) + self.lease.request_seconds
        try:
            async with asyncio.timeout(left if self._index != "0" else patience):
                index, entry = await self._client.kv.get(
                    self.key,
                    index=self._index if self._index != "0" else None,
                    wait=f"{int(left * 1000)}ms",
                    connections_timeout=patience,
                )
        except TimeoutError:
            index, entry = await self._client.kv.get(self.key)
        if entry is None or not session_of(entry):
            index = "0"  # ask at once the next time
        elif int(index) < int(self._index):
            index = "0"  # Consul began anew
        self._index = index
        self._last_holder = holder_of(entry) or self._last_holder
        return entry  # type: ignore[no-any-return]  # of py-consul

    async def _try(self, entry: Mapping[str, Any] | None, holder: LockHolder) -> int | None:
        """Take the lock as it was seen; its token, or None where it cannot be had now."""
        has_it = session_of(entry)
        if has_it:
            is_ours = has_it == self.session  # we had the answer lost
            return int(entry["ModifyIndex"]) if entry and is_ours else None
        if entry and entry["Value"]:
            store, key = self._terms.store, self.key
            raise WorkError(f"store {store!r} keeps data under {key!r}: name another lock")
        unchanged = (
            _operation("check-index", self.key, Index=entry["ModifyIndex"])
            if entry
            else _operation("check-not-exists", self.key)
        )
        value = base64.b64encode(write_lock_text(holder)).decode()
        lock = _operation("lock", self.key, Session=self.session, Value=value)
        try:
            answer = await self._client.txn.put([unchanged, lock])
        except ClientError as error:
            if "invalid session" in str(error):
                raise SessionEndedError("Consul ended the session") from error
            if DENIED in str(error):
                raise AuthenticationError(
                    f"Consul does not let us lock {self.key!r}: {DENIED.lower()}"
                ) from error
            return None
        return int(answer["Results"][-1]["KV"]["ModifyIndex"])

    async def _renew(self) -> None:
        """Renew the session, and see that the key is still its own."""
        try:
            renewed = await self._client.session.renew(self.session)
        except NotFound:
            renewed = None
        if not renewed:
            raise LockLostError(
                f"Consul ended the session of the lock {self.key!r}: it was not renewed in "
                "time, or somebody broke the lock"
            )
        if not self._has_lock:
            return
        _, entry = await self._client.kv.get(self.key)
        if session_of(entry) != self.session:
            raise LockLostError(f"somebody took the key of the lock {self.key!r} in Consul")

    def _timeout(self, entry: Mapping[str, Any] | None, timeout_seconds: float) -> LockTimeoutError:
        if session_of(entry):
            store, holder = self._terms.store, self._last_holder
            return lock_timeout(
                self.key, store=store, holder=holder, timeout_seconds=timeout_seconds
            )
        return LockTimeoutError(
            f"the lock {self.key!r} of store {self._terms.store!r} was not free within "
            f"{timeout_seconds:g} s: its last holder died or was broken, and Consul keeps it "
            "back for their lock_delay"
        )


def session_of(entry: Mapping[str, Any] | None) -> str:
    """Which session holds a key; empty for none."""
    return "" if entry is None else str(entry.get("Session") or "")


def holder_of(entry: Mapping[str, Any] | None) -> LockHolder | None:
    """Who says beside a lock that they have it."""
    text = None if entry is None else read_lock_text(entry["Value"] or b"")
    return None if text is None else text.holder


def _operation(verb: str, key: str, **more: object) -> dict[str, dict[str, object]]:
    return {"KV": {"Verb": verb, "Key": key, **more}}
