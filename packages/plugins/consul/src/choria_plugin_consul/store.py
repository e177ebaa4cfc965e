"""The data store ``consul``."""

from typing import TYPE_CHECKING, Any, ClassVar, Final

from choria_core.errors import ConnectError, KeyMissingError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lease import TRIES_IN_A_LIFE
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore, LockView
from choria_core.playbook.lock_session import take_lock
from choria_core.playbook.store_server import StoreServer
from choria_core.playbook.stored_text import stored_text, text_of_bytes
from choria_core.playbook.workbench import Workbench
from choria_plugin_consul.entry import holder_of, session_of
from choria_plugin_consul.options import DEFAULT_URL, ConsulOptions

if TYPE_CHECKING:
    from choria_plugin_consul.client import Client

PATIENCE_SECONDS: Final = 10.0
"""No question takes longer, but those that wait for a change."""


class ConsulStore(LockingStore, DataStore):
    """Texts in Consul's key-value store, and locks that are bound to sessions.

    py-consul is loaded when it is needed: every book looks at the options of every store.
    """

    Options: ClassVar[type] = ConsulOptions
    holds_text: ClassVar[bool] = True
    is_passive: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: ConsulOptions = options
        self._bench = bench
        self._opened: Client | None = None
        self._server_url = ""

    @property
    def lock_timeout_seconds(self) -> float:
        """How long the book waits for a lock where it does not say."""
        return self._options.timeout

    @property
    def _client(self) -> "Client":
        if self._opened is None:
            self._opened = self._make_client()
        return self._opened

    async def open(self) -> None:
        """See that Consul is there and has a leader."""
        if not await self._client.status.leader():
            raise ConnectError(f"Consul at {self._server_url} has no leader")

    async def close(self) -> None:
        """Nothing is kept but locks, which their holders release."""

    async def read(self, key: str) -> object:
        """A text."""
        _, entry = await self._client.kv.get(_checked(key))
        if entry is None:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r}")
        return text_of_bytes(entry["Value"] or b"", key)

    async def write(self, key: str, value: object) -> object:
        """Keep a text, or the JSON of something else."""
        if not await self._client.kv.put(_checked(key), stored_text(value)):
            raise WorkError(f"Consul did not take the key {key!r}")
        return None

    async def delete(self, key: str) -> object:
        """Forget a value."""
        await self._client.kv.delete(_checked(key))
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        """Take a lock by a session of its own."""
        from choria_plugin_consul.lock import Session, Terms

        key = _checked(key)
        terms = Terms(
            store=self._name,
            ttl_seconds=self._options.ttl_seconds,
            lock_delay_seconds=self._options.lock_delay,
        )

        async def session() -> Session:
            return await Session.open(self._client, terms, key=key, holder=holder)

        return await take_lock(session, timeout_seconds=timeout_seconds)

    async def lock_view(self, key: str) -> LockView | None:
        """Who has a lock."""
        _, entry = await self._client.kv.get(_checked(key))
        session = session_of(entry)
        if not session:
            return None
        token = int(entry["ModifyIndex"])
        return LockView(key=key, holder=holder_of(entry), token=token, session=session)

    async def break_lock(self, view: LockView) -> bool:
        """End the session that the view shows; Consul's lock delay begins."""
        _, entry = await self._client.kv.get(_checked(view.key))
        if not view.session or session_of(entry) != view.session:
            return False
        await self._client.session.destroy(view.session)
        return True

    def _make_client(self) -> "Client":
        from choria_plugin_consul.client import Client, Transport

        options, environment = self._options, self._bench.environment
        server = StoreServer.of_options(
            self._name,
            options.url or environment.get("CONSUL_HTTP_ADDR") or DEFAULT_URL,
            folder=self._bench.folder,
            ca=options.ca,
            cert=options.cert,
            key=options.key,
            verify=options.verify,
            timeout_seconds=min(options.ttl_seconds / TRIES_IN_A_LIFE, PATIENCE_SECONDS),
        )
        self._server_url = server.url
        token = options.token or environment.get("CONSUL_HTTP_TOKEN", "")
        return Client(Transport(server, self._bench, token=token, dc=options.dc))


def _checked(key: str) -> str:
    """A key that means the same in a URL.

    Raises:
        WorkError: parts of it would be taken for steps in a folder, or cannot be sent.
    """
    if not key.isprintable() or any(part in {"", ".", ".."} for part in key.split("/")):
        raise WorkError(f"Consul cannot have the key {key!r}: each part needs a name")
    return key
