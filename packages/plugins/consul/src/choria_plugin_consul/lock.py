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
    WorkError,
)
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_core.playbook.lock import LockHolder
from choria_core.playbook.lock_session import SessionEndedError
from choria_core.playbook.lock_texts import lock_timeout, write_lock_text
from choria_plugin_consul.client import Client
from choria_plugin_consul.entry import holder_of, session_of

MOST_WAIT_SECONDS: Final = 30.0
"""How long we let Consul wait for a change; then we ask again, and see that it lives."""

JITTER: Final = 1 / 16
"""Consul answers later than told by up to this part of the time."""

DELAY_PAUSE_SECONDS: Final = 0.5
"""Between two tries while a lock delay runs."""

DENIED: Final = "Permission denied"
"""A transaction that we may not do is refused with the status of one that came too late."""


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
        holder: who wants it.
        sent_at: when it was asked for.
    """

    def __init__(
        self,
        client: Client,
        terms: Terms,
        session: str,
        *,
        key: str,
        holder: LockHolder,
        sent_at: float,
    ) -> None:
        self.session = session
        self.lease = Lease(self._renew, ttl_seconds=terms.ttl_seconds, sent_at=sent_at)
        self._client = client
        self._terms = terms
        self._key = key
        self._holder = holder
        self._token = 0
        self._seen: Mapping[str, Any] | None = None
        self._index = "0"

    @classmethod
    async def open(cls, client: Client, terms: Terms, *, key: str, holder: LockHolder) -> Self:
        """A new session, which is renewed from now on; :meth:`give_back` ends it."""
        sent_at = lease_clock()
        name = await client.session.create(
            name=f"choria playbook {holder.book}",
            lock_delay=f"{terms.lock_delay_seconds:g}",
            behavior="delete",
            ttl=terms.ttl_seconds,
        )
        made = cls(client, terms, name, key=key, holder=holder, sent_at=sent_at)
        made.lease.start()
        return made

    @property
    def pause_seconds(self) -> float:
        """None where somebody has the lock: Consul tells when that changes."""
        return 0.0 if session_of(self._seen) else DELAY_PAUSE_SECONDS

    async def try_to_lock(self, *, until: float) -> LeasedLock | None:
        """Take the lock, once its key changed where somebody has it."""
        self._seen = await self._look(until)
        token = await self._try(self._seen)
        if token is None:
            return None
        self._token = token
        return LeasedLock(self._key, token=token, lease=self.lease, give_back=self.give_back)

    def timeout(self, timeout_seconds: float) -> LockTimeoutError:
        """Who had it, or that nobody had it and a lock delay ran."""
        store = self._terms.store
        if session_of(self._seen):
            holder = holder_of(self._seen)
            return lock_timeout(
                self._key, store=store, holder=holder, timeout_seconds=timeout_seconds
            )
        return LockTimeoutError(
            f"the lock {self._key!r} of store {store!r} was not free within "
            f"{timeout_seconds:g} s: its last holder died or was broken, and Consul keeps it "
            "back for their lock_delay"
        )

    async def give_back(self) -> None:
        """Release the lock if the session has it, then destroy the session.

        Raises:
            TransportError: Consul cannot be reached; it ends the session by itself.
        """
        with contextlib.suppress(ClientError):  # it did not have it
            await self._release()
        await self._client.session.destroy(self.session)

    async def _release(self) -> None:
        unlock = _operation("unlock", self._key, Session=self.session, Value="")
        forget = [unlock, _operation("delete", self._key)]
        if self._token:
            forget.insert(0, _operation("check-index", self._key, Index=self._token))
        try:
            await self._client.txn.put(forget)
        except ClientError:
            _, entry = await self._client.kv.get(self._key)
            if session_of(entry) != self.session:
                return
            value = base64.b64encode(entry["Value"] or b"").decode()  # data written over it
            kept = {"Session": self.session, "Value": value, "Flags": entry["Flags"]}
            await self._client.txn.put([_operation("unlock", self._key, **kept)])

    async def _look(self, until: float) -> Mapping[str, Any] | None:
        """The key as it is now; where somebody has it, once it changed or time is over."""
        is_new = self._index == "0"
        left = 0.0 if is_new else max(0.0, min(until - lease_clock(), MOST_WAIT_SECONDS))
        patience = left * (1 + JITTER) + self.lease.request_seconds
        try:
            async with asyncio.timeout(None if is_new else left):
                index, entry = await self._client.kv.get(
                    self._key,
                    index=None if is_new else self._index,
                    wait=f"{int(left * 1000)}ms",
                    connections_timeout=patience,
                )
        except TimeoutError:
            index, entry = await self._client.kv.get(self._key)
        if entry is None or not session_of(entry):
            index = "0"  # ask at once the next time
        elif int(index) < int(self._index):
            index = "0"  # Consul began anew
        self._index = index
        return entry  # type: ignore[no-any-return]  # of py-consul

    async def _try(self, entry: Mapping[str, Any] | None) -> int | None:
        """Take the lock as it was seen; its token, or None where it cannot be had now."""
        has_it = session_of(entry)
        if has_it:
            is_ours = has_it == self.session  # we had the answer lost
            return int(entry["ModifyIndex"]) if entry and is_ours else None
        if entry and entry["Value"]:
            store, key = self._terms.store, self._key
            raise WorkError(f"store {store!r} keeps data under {key!r}: name another lock")
        unchanged = (
            _operation("check-index", self._key, Index=entry["ModifyIndex"])
            if entry
            else _operation("check-not-exists", self._key)
        )
        value = base64.b64encode(write_lock_text(self._holder)).decode()
        lock = _operation("lock", self._key, Session=self.session, Value=value)
        try:
            answer = await self._client.txn.put([unchanged, lock])
        except ClientError as error:
            if "invalid session" in str(error):
                raise SessionEndedError("Consul ended the session") from error
            if DENIED in str(error):
                raise AuthenticationError(
                    f"Consul does not let us lock {self._key!r}: {DENIED.lower()}"
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
                f"Consul ended the session of the lock {self._key!r}: it was not renewed in "
                "time, or somebody broke the lock"
            )
        if not self._token:
            return
        _, entry = await self._client.kv.get(self._key)
        if session_of(entry) != self.session:
            raise LockLostError(f"somebody took the key of the lock {self._key!r} in Consul")


def _operation(verb: str, key: str, **more: object) -> dict[str, dict[str, object]]:
    return {"KV": {"Verb": verb, "Key": key, **more}}
