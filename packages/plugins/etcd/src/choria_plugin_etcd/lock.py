"""A lock in etcd: a key that is there only while its lease is renewed.

It is made by a transaction that fails where the key exists, so that no data is overwritten;
its token is the revision that made it.  It is given back by deleting the key of just that
revision, and then the lease is revoked.

Nothing is streamed: who waits looks at the key, more and more seldom.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from choria_core.errors import LockLostError, LockTimeoutError, WorkError
from choria_core.playbook.lease import Lease, LeasedLock, lease_clock
from choria_core.playbook.lock import LockHolder
from choria_core.playbook.lock_session import SessionEndedError
from choria_core.playbook.lock_texts import lock_timeout, read_lock_text, write_lock_text
from choria_plugin_etcd.gateway import (
    Document,
    Gateway,
    LeaseGoneError,
    coded,
    decoded,
    number,
)

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a store's locks have in common.

    Attributes:
        store: what the book calls the store.
        ttl_seconds: a lease lives so long from each renewal.
    """

    store: str
    ttl_seconds: int


class LockLease:
    """One lease of etcd for one acquisition of one lock.

    Args:
        gateway: asks etcd.
        lease_id: its number in etcd.
        key: of the lock.
        holder: who wants it.
        sent_at: when it was asked for.
    """

    def __init__(
        self,
        gateway: Gateway,
        terms: Terms,
        lease_id: int,
        *,
        key: str,
        holder: LockHolder,
        sent_at: float,
    ) -> None:
        self.lease_id = lease_id
        self.lease = Lease(self._renew, ttl_seconds=terms.ttl_seconds, sent_at=sent_at)
        self._gateway = gateway
        self._store = terms.store
        self._key = key
        self._holder = holder
        self._revision = 0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._last_holder: LockHolder | None = None

    @classmethod
    async def open(cls, gateway: Gateway, terms: Terms, *, key: str, holder: LockHolder) -> Self:
        """A new lease, which is renewed from now on; :meth:`give_back` ends it.

        etcd may grant a longer life than it is asked for, never a shorter one.
        """
        sent_at = lease_clock()
        granted = await gateway.ask("lease/grant", {"TTL": str(terms.ttl_seconds)})
        lease_id = number(granted, "ID")
        made = cls(gateway, terms, lease_id, key=key, holder=holder, sent_at=sent_at)
        made.lease.start()
        return made

    @property
    def pause_seconds(self) -> float:
        """Longer with each try."""
        pause = self._pause_seconds
        self._pause_seconds = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return pause

    async def try_to_lock(self, *, until: float) -> LeasedLock | None:  # noqa: ARG002
        """Make the key if it is not there."""
        value = coded(write_lock_text(self._holder))
        put = {"key": coded(self._key), "value": value, "lease": str(self.lease_id)}
        try:
            answer = await self._gateway.ask(
                "kv/txn",
                {
                    "compare": [created(self._key, 0)],
                    "success": [{"request_put": put}],
                    "failure": [{"request_range": {"key": coded(self._key)}}],
                },
            )
        except LeaseGoneError as error:
            raise SessionEndedError(str(error)) from error
        if answer.get("succeeded"):
            return self._taken(number(answer["header"], "revision"))
        entries = answer["responses"][0]["response_range"].get("kvs", [])
        return self._look(entries[0]) if entries else None

    def timeout(self, timeout_seconds: float) -> LockTimeoutError:
        """Who had it."""
        holder = self._last_holder
        return lock_timeout(
            self._key, store=self._store, holder=holder, timeout_seconds=timeout_seconds
        )

    async def give_back(self) -> None:
        """Delete the key if it is the lease's own, then revoke the lease.

        Raises:
            TransportError: etcd cannot be reached; it ends the lease by itself.
        """
        if self._revision:
            await delete_lock(self._gateway, self._key, self._revision, self.lease_id)
        await revoke(self._gateway, self.lease_id)

    def _look(self, entry: Document) -> LeasedLock | None:
        """What the key is that exists: ours, somebody's lock or data."""
        if number(entry, "lease") == self.lease_id:  # we had the answer lost
            return self._taken(number(entry, "create_revision"))
        if not number(entry, "lease"):
            raise WorkError(
                f"store {self._store!r} keeps data under {self._key!r}: name another lock"
            )
        self._last_holder = holder_of(entry)
        return None

    def _taken(self, revision: int) -> LeasedLock:
        self._revision = revision
        return LeasedLock(self._key, token=revision, lease=self.lease, give_back=self.give_back)

    async def _renew(self) -> None:
        """Renew the lease, and see that the key is still its own.

        To a lease that is gone etcd answers as to any other, but without a time to live.
        """
        answer = await self._gateway.ask("lease/keepalive", {"ID": str(self.lease_id)})
        if number(answer.get("result", {}), "TTL") <= 0:
            raise LockLostError(
                f"etcd ended the lease of the lock {self._key!r}: it was not renewed in time, "
                "or somebody broke the lock"
            )
        if not self._revision:
            return
        entry = await entry_of(self._gateway, self._key)
        ours = (self._revision, self.lease_id)
        if entry is None or (number(entry, "create_revision"), number(entry, "lease")) != ours:
            raise LockLostError(f"somebody took the key of the lock {self._key!r} in etcd")


async def entry_of(gateway: Gateway, key: str) -> Document | None:
    """What a key holds; None where there is none such."""
    answer = await gateway.ask("kv/range", {"key": coded(key)})
    entries = answer.get("kvs", [])
    return entries[0] if entries else None


async def delete_lock(gateway: Gateway, key: str, revision: int, lease_id: int) -> bool:
    """Delete a key if a revision made it and a lease keeps it; whether it was so.

    Data that somebody wrote over a lock is kept by no lease, and stays.
    """
    kept = {"key": coded(key), "target": "LEASE", "result": "EQUAL", "lease": str(lease_id)}
    answer = await gateway.ask(
        "kv/txn",
        {
            "compare": [created(key, revision), kept],
            "success": [{"request_delete_range": {"key": coded(key)}}],
        },
    )
    return bool(answer.get("succeeded"))


async def revoke(gateway: Gateway, lease_id: int) -> None:
    """End a lease, if it has not ended already."""
    try:
        await gateway.ask("lease/revoke", {"ID": str(lease_id)})
    except LeaseGoneError:
        return


def holder_of(entry: Document) -> LockHolder | None:
    """Who says beside a lock that they have it."""
    text = read_lock_text(decoded(entry))
    return None if text is None else text.holder


def created(key: str, revision: int) -> dict[str, Any]:
    """A condition: the key was made by a revision; by none where it does not exist."""
    return {
        "key": coded(key),
        "target": "CREATE",
        "result": "EQUAL",
        "create_revision": str(revision),
    }
