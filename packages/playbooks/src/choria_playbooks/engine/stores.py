"""The open data stores of a book, by name, and what tasks do with them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from choria_core.config.value import nearest
from choria_core.errors import ChoriaError, ConfigError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.stores import Stores

Answer = TypeVar("Answer")

_PATH: Final = re.compile(r"([a-zA-Z0-9_-]+)/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStore:
    """A store of a book.

    Attributes:
        name, type: as the book says.
        options: that it was made from.
        store: itself.
    """

    name: str
    type: str
    options: object
    store: DataStore

    @property
    def has_locks(self) -> bool:
        """Whether it can be asked for locks."""
        return callable(getattr(self.store, "acquire", None))


class BookStores(Stores):
    """All stores of a book.

    Args:
        stores: by name.
        before_change: called before anything is written or deleted; raises where that may not
            be.
        closed: names of those that a rehearsal does not open.
    """

    def __init__(
        self,
        stores: Mapping[str, OpenStore],
        *,
        before_change: Callable[[], None],
        closed: frozenset[str] = frozenset(),
    ) -> None:
        self._stores = stores
        self._before_change = before_change
        self._closed = closed

    def find(self, name: str) -> OpenStore:
        """A store.

        Raises:
            ConfigError: the book has none of that name.
        """
        if name in self._stores:
            return self._stores[name]
        meant = nearest(name, self._stores)
        hint = f"did you mean {meant}?" if meant else "define it under data_stores"
        raise ConfigError(f"the book has no data store {name!r}: {hint}")

    def can_be_read(self, path: str) -> bool:
        """Whether the store of a path is open."""
        return path.partition("/")[0] not in self._closed

    def ends_with_run(self, path: str) -> bool:
        """Whether what is written there is gone when the run is."""
        store = self._split(path)[0].store
        return bool(getattr(store, "ends_with_run", False))

    async def read(self, path: str) -> object:
        """A value; see :class:`Stores`."""
        found, key = self._split(path)
        return await asked(found, path, lambda: found.store.read(key))

    async def write(self, path: str, value: object) -> object:
        """Keep a value; a store that holds texts alone makes one of it, or refuses."""
        found, key = self._split(path)
        self._before_change()
        return await asked(found, path, lambda: found.store.write(key, value))

    async def delete(self, path: str) -> object:
        """Forget a value."""
        found, key = self._split(path)
        self._before_change()
        return await asked(found, path, lambda: found.store.delete(key))

    def _split(self, path: str) -> tuple[OpenStore, str]:
        match = _PATH.fullmatch(path)
        if match is None:
            raise ConfigError(f"{path!r} is no path to data: write STORE/KEY")
        return self.find(match[1]), match[2]


class StepStores(Stores):
    """The stores as one step sees them.

    Attributes:
        writes: what it put into stores that end with the run, by path; None for deleted.
    """

    __slots__ = ("_stores", "writes")

    def __init__(self, stores: BookStores) -> None:
        self._stores = stores
        self.writes: dict[str, object] = {}

    async def read(self, path: str) -> object:
        """A value."""
        return await self._stores.read(path)

    async def write(self, path: str, value: object) -> object:
        """Keep a value."""
        answer = await self._stores.write(path, value)
        if self._stores.ends_with_run(path):
            self.writes[path] = value
        return answer

    async def delete(self, path: str) -> object:
        """Forget a value."""
        answer = await self._stores.delete(path)
        if self._stores.ends_with_run(path):
            self.writes[path] = None
        return answer


async def asked(found: OpenStore, path: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a store answers; its own errors, and any other as one of ours."""
    try:
        return await ask()
    except ChoriaError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a foreign store raises
        _blame(found, path, error)


def _blame(found: OpenStore, path: str, error: Exception) -> NoReturn:
    words = str(error) or "it gave no reason"
    kind = type(error).__name__
    raise WorkError(f"data store {found.name} ({found.type}), {path}: {kind}: {words}") from error
