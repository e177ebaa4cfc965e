"""Values and locks in a NATS key-value bucket."""

import secrets
from pathlib import Path
from typing import Any, ClassVar, Final

from choria_core.errors import ConfigError, KeyMissingError, LocalProtocolError
from choria_core.nats.endpoint import Credentials, Endpoint, TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lease import TRIES_IN_A_LIFE
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore, LockView
from choria_core.playbook.lock_session import take_lock
from choria_core.playbook.stored_text import stored_text, text_of_bytes
from choria_core.playbook.workbench import Workbench
from choria_plugin_nats_kv.bucket import Bucket, require_lives
from choria_plugin_nats_kv.lock import LockMessage, Terms, remove, view_of
from choria_plugin_nats_kv.options import NatsKvOptions

CONNECT_SECONDS: Final = 10.0
"""In which a server must be reached."""

PATIENCE_SECONDS: Final = 5.0
"""No answer takes longer."""

CONNECTION_NAME: Final = "choria playbook"


class NatsKvStore(LockingStore, DataStore):
    """Texts in a bucket, and locks that last as long as their holders renew them."""

    Options: ClassVar[type] = NatsKvOptions
    holds_text: ClassVar[bool] = True
    is_passive: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: NatsKvOptions = options
        self._bench = bench
        self._terms = Terms(store=name, ttl_seconds=options.ttl_seconds)
        self._transport: LeanTransport | None = None
        self._opened: Bucket | None = None

    @property
    def lock_timeout_seconds(self) -> float:
        """How long the book waits for a lock where it does not say."""
        return self._options.timeout

    async def open(self) -> None:
        """Connect, and see that the bucket is there; make it where that is wanted.

        Raises:
            ConfigError: there is none.
            TransportError: the servers cannot be reached.
        """
        options = self._options
        if self._transport is None:
            self._transport = await self._connect()
        seconds = min(options.ttl_seconds / TRIES_IN_A_LIFE, PATIENCE_SECONDS)
        bucket = Bucket(self._transport, options.bucket, timeout_seconds=seconds)
        if await bucket.describe() is None:
            if not options.create:
                raise ConfigError(
                    f"data store {self._name!r}: there is no NATS bucket {options.bucket!r}; "
                    f"run `nats kv add {options.bucket}`, or say `create: true`"
                )
            await bucket.create(options)
        self._opened = bucket

    async def close(self) -> None:
        """End the connection."""
        transport, self._transport, self._opened = self._transport, None, None
        if transport is not None:
            await transport.close()

    async def read(self, key: str) -> object:
        """A text."""
        entry = await self._bucket.newest(key)
        if not entry.is_there:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r}")
        return text_of_bytes(entry.data, key)

    async def write(self, key: str, value: object) -> object:
        """Keep a text, or the JSON of something else."""
        await self._bucket.put(key, stored_text(value).encode())
        return None

    async def delete(self, key: str) -> object:
        """Forget a value."""
        await self._bucket.delete(key)
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        """Take a lock.

        Raises:
            ConfigError: the bucket allows no messages with a time to live.
        """
        bucket = self._bucket
        info = await bucket.describe()
        if info is not None:
            require_lives(info, bucket.name)

        async def session() -> LockMessage:
            made = secrets.token_hex(16)
            return LockMessage(bucket, self._terms, key=key, holder=holder, session=made)

        return await take_lock(session, timeout_seconds=timeout_seconds)

    async def lock_view(self, key: str) -> LockView | None:
        """Who has a lock; data is none."""
        return await view_of(self._bucket, key)

    async def break_lock(self, view: LockView) -> bool:
        """Remove the lock of the session that the view shows."""
        life = self._terms.ttl_seconds
        return await remove(self._bucket, view.key, view.session, life_seconds=life)

    @property
    def _bucket(self) -> Bucket:
        if self._opened is None:
            raise LocalProtocolError(f"the data store {self._name!r} is not open")
        return self._opened

    async def _connect(self) -> LeanTransport:
        if self._options.servers:
            return await connect(
                self._endpoint(), name=CONNECTION_NAME, timeout_seconds=CONNECT_SECONDS
            )
        from choria_core.network.connection import connect_network
        from choria_core.network.party import client_party

        config = self._bench.config
        return await connect_network(
            config, client_party(config), name=CONNECTION_NAME, timeout_seconds=CONNECT_SECONDS
        )

    def _endpoint(self) -> Endpoint:
        """The servers that the book names.

        Raises:
            ConfigError: they are no list of URLs.
        """
        options = self._options
        tls = None
        if options.ca or options.cert:
            tls = TlsSettings(
                ca_file=self._path(options.ca),
                cert_file=self._path(options.cert),
                key_file=self._path(options.key),
            )
        given = options.credentials
        credentials = Credentials(file=self._path(given)) if given else None
        return parse_endpoint(options.servers, tls=tls, credentials=credentials)

    def _path(self, name: str) -> str:
        return str(self._bench.folder / Path(name).expanduser()) if name else ""
