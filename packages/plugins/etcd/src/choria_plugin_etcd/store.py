"""The data store ``etcd``."""

from typing import Any, ClassVar, Final

from choria_core.errors import ConnectError, KeyMissingError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lease import TRIES_IN_A_LIFE
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore, LockView
from choria_core.playbook.lock_session import take_lock
from choria_core.playbook.store_server import StoreServer
from choria_core.playbook.stored_text import stored_text, text_of_bytes
from choria_core.playbook.workbench import Workbench
from choria_plugin_etcd.gateway import Gateway, coded, decoded, number
from choria_plugin_etcd.lock import LockLease, Terms, delete_lock, entry_of, holder_of, revoke
from choria_plugin_etcd.options import EtcdOptions

PATIENCE_SECONDS: Final = 10.0
"""No question takes longer."""


class EtcdStore(LockingStore, DataStore):
    """Texts in etcd, and locks that last as long as their leases."""

    Options: ClassVar[type] = EtcdOptions
    holds_text: ClassVar[bool] = True
    is_passive: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: EtcdOptions = options
        self._bench = bench
        self._terms = Terms(store=name, ttl_seconds=options.ttl_seconds)
        self._opened: Gateway | None = None

    @property
    def lock_timeout_seconds(self) -> float:
        """How long the book waits for a lock where it does not say."""
        return self._options.timeout

    @property
    def _gateway(self) -> Gateway:
        if self._opened is None:
            self._opened = self._make_gateway()
        return self._opened

    async def open(self) -> None:
        """See that etcd is there and has a leader."""
        status = await self._gateway.ask("maintenance/status", {})
        if not number(status, "leader"):
            raise ConnectError(f"etcd at {self._gateway.url} has no leader")

    async def close(self) -> None:
        """Nothing is kept but locks, which their holders release."""

    async def read(self, key: str) -> object:
        """A text."""
        entry = await entry_of(self._gateway, _checked(key))
        if entry is None:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r}")
        return text_of_bytes(decoded(entry), key)

    async def write(self, key: str, value: object) -> object:
        """Keep a text, or the JSON of something else."""
        asked = {"key": coded(_checked(key)), "value": coded(stored_text(value))}
        await self._gateway.ask("kv/put", asked)
        return None

    async def delete(self, key: str) -> object:
        """Forget a value."""
        await self._gateway.ask("kv/deleterange", {"key": coded(_checked(key))})
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        """Take a lock by a lease of its own."""
        key = _checked(key)

        async def session() -> LockLease:
            return await LockLease.open(self._gateway, self._terms, key=key, holder=holder)

        return await take_lock(session, timeout_seconds=timeout_seconds)

    async def lock_view(self, key: str) -> LockView | None:
        """Who has a lock; data is none."""
        entry = await entry_of(self._gateway, _checked(key))
        if entry is None or not number(entry, "lease"):
            return None
        return LockView(
            key=key,
            holder=holder_of(entry),
            token=number(entry, "create_revision"),
            session=str(number(entry, "lease")),
        )

    async def break_lock(self, view: LockView) -> bool:
        """Delete the key that the view shows, and end its lease where it is one of ours.

        The lease of another program may keep more than this key.
        """
        key = _checked(view.key)
        if not await delete_lock(self._gateway, key, view.token, int(view.session)):
            return False
        if view.holder is not None:
            await revoke(self._gateway, int(view.session))
        return True

    def _make_gateway(self) -> Gateway:
        options = self._options
        servers = [
            StoreServer.of_options(
                self._name,
                url.strip(),
                folder=self._bench.folder,
                ca=options.ca,
                cert=options.cert,
                key=options.key,
                verify=options.verify,
                timeout_seconds=min(options.ttl_seconds / TRIES_IN_A_LIFE, PATIENCE_SECONDS),
            )
            for url in options.url.split(",")
        ]
        return Gateway(servers, self._bench, user=options.user, password=options.password)


def _checked(key: str) -> str:
    """A key that etcd can have.

    Raises:
        WorkError: it is empty, or cannot be sent.
    """
    try:
        is_possible = bool(key.encode())
    except UnicodeEncodeError:
        is_possible = False
    if not is_possible:
        raise WorkError(f"etcd cannot have the key {key!r}")
    return key
