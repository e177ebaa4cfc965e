"""The suites for data stores take a store that keeps the contract, and no other."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import pytest

from choria_core.config.schema import Setting
from choria_core.errors import KeyMissingError, LockTimeoutError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import HeldLock, LockHolder, LockingStore, LockView
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_testing.datastore import DataStoreConformance, LockConformance, StoreTests


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    folder: Annotated[str, Setting("where the files are")]


class FolderStore(DataStore):
    """A third party's store, as the documentation of the suites has it."""

    Options: ClassVar[type] = FolderOptions
    holds_text: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._folder: Path = bench.folder / options.folder

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self, key: str) -> object:
        try:
            return self._file(key).read_text()
        except FileNotFoundError:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r}") from None

    async def write(self, key: str, value: object) -> object:
        if not isinstance(value, str):
            raise WorkError("only texts")
        self._file(key).write_text(value)
        return None

    async def delete(self, key: str) -> object:
        self._file(key).unlink(missing_ok=True)
        return None

    def _file(self, key: str) -> Path:
        if not key or ".." in key:
            raise WorkError(f"{key!r} is no key")
        return self._folder / quote(key, safe="")


class TestFolderStore(DataStoreConformance):
    has_locks = False
    refused_keys = ("", "../outside")

    @pytest.fixture
    def make_store(self, tmp_path: Path, bench: Workbench) -> Callable[[], DataStore]:
        options = FolderOptions(folder=str(tmp_path))
        return lambda: FolderStore("things", options, bench)


class RoomLock(HeldLock):
    def __init__(self, room: "Room", view: LockView) -> None:
        self._room, self._view = room, view
        self._lost = asyncio.Event()
        self._is_released = False

    @property
    def key(self) -> str:
        return self._view.key

    @property
    def token(self) -> int:
        return self._view.token

    @property
    def lost(self) -> asyncio.Event:
        return self._lost

    @property
    def loss(self) -> str:
        return "broken" if self._lost.is_set() else ""

    def is_held(self) -> bool:
        return not self._is_released and not self._lost.is_set()

    async def release(self) -> None:
        self._is_released = True
        if self._room.locks.get(self.key) is self:
            del self._room.locks[self.key]

    @property
    def view(self) -> LockView:
        return self._view


class Room:
    """What all stores of a test share."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.locks: dict[str, RoomLock] = {}
        self.tokens = 0


class RoomStore(LockingStore, DataStore):
    """Texts and locks in a room."""

    Options: ClassVar[type] = FolderOptions
    holds_text: ClassVar[bool] = True
    lock_timeout_seconds = 1.0

    def __init__(self, room: Room) -> None:
        self.room = room

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self, key: str) -> object:
        if key not in self.room.values:
            raise KeyMissingError(f"no {key}")
        return self.room.values[key]

    async def write(self, key: str, value: object) -> object:
        if not isinstance(value, str):
            raise WorkError("only texts")
        self.room.values[key] = value
        return None

    async def delete(self, key: str) -> object:
        self.room.values.pop(key, None)
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        if key in self.room.values:
            raise WorkError(f"{key} has data")
        try:
            async with asyncio.timeout(timeout_seconds):
                while key in self.room.locks:  # noqa: ASYNC110 - here it is enough
                    await asyncio.sleep(0)
        except TimeoutError:
            view = self.room.locks[key].view
            name = view.holder.name if view.holder else ""
            raise LockTimeoutError(f"{key}: {name} has it") from None
        return self.taken(key, holder)

    def taken(self, key: str, holder: LockHolder) -> RoomLock:
        self.room.tokens += 1
        number = self.room.tokens
        view = LockView(key=key, holder=holder, token=number, session=str(number))
        lock = self.room.locks[key] = RoomLock(self.room, view)
        return lock

    async def lock_view(self, key: str) -> LockView | None:
        lock = self.room.locks.get(key)
        return None if lock is None else lock.view

    async def break_lock(self, view: LockView) -> bool:
        lock = self.room.locks.get(view.key)
        if lock is None or lock.view != view:
            return False
        lock.lost.set()
        del self.room.locks[view.key]
        return True


class _Room(StoreTests):
    @pytest.fixture
    def make_store(self) -> Callable[[], DataStore]:
        room = Room()
        return lambda: RoomStore(room)


class TestRoomStore(_Room, DataStoreConformance):
    has_locks = True


class TestRoomLocks(_Room, LockConformance):
    pass


class Stripping(RoomStore):
    """Changes texts."""

    async def write(self, key: str, value: object) -> object:
        return await super().write(key, value.strip() if isinstance(value, str) else value)


class Answering(RoomStore):
    """Says something of a write."""

    async def write(self, key: str, value: object) -> object:
        await super().write(key, value)
        return value


class Inventing(RoomStore):
    """Has a value for every key."""

    async def read(self, key: str) -> object:
        return self.room.values.get(key, "")


class Nameless(RoomStore):
    """Does not say which key is missing."""

    async def read(self, key: str) -> object:
        try:
            return await super().read(key)
        except KeyMissingError:
            raise KeyMissingError("no such key") from None


class Strict(RoomStore):
    """Refuses to delete what is not there."""

    async def delete(self, key: str) -> object:
        await self.read(key)
        return await super().delete(key)


class Flat(RoomStore):
    """Takes keys with the same first part for one."""

    async def read(self, key: str) -> object:
        return await super().read(key.split("/")[1])

    async def write(self, key: str, value: object) -> object:
        return await super().write(key.split("/")[1], value)


class Sharing(RoomStore):
    """Gives everybody the same list."""

    holds_text = False

    async def write(self, key: str, value: object) -> object:
        self.room.values[key] = value
        return None


class Remembering(RoomStore):
    """Does not look at what others do."""

    def __init__(self, room: Room) -> None:
        super().__init__(Room())


class Generous(RoomStore):
    """Gives the lock to everybody."""

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        assert timeout_seconds >= 0
        return self.taken(key, holder)


class Silent(RoomStore):
    """Does not say who has the lock."""

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        try:
            return await super().acquire(key, holder, timeout_seconds=timeout_seconds)
        except LockTimeoutError:
            raise LockTimeoutError(f"{key} is locked") from None


class Forgiving(RoomStore):
    """Locks a key with data."""

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> HeldLock:
        self.room.values.pop(key, None)
        return await super().acquire(key, holder, timeout_seconds=timeout_seconds)


class Constant(RoomStore):
    """Its tokens do not rise."""

    def taken(self, key: str, holder: LockHolder) -> RoomLock:
        self.room.tokens = 0
        return super().taken(key, holder)


class Blind(RoomStore):
    """Does not know the holder."""

    async def lock_view(self, key: str) -> LockView | None:
        view = await super().lock_view(key)
        return None if view is None else replace(view, holder=None)


class Brutal(RoomStore):
    """Breaks whatever lock the key has now."""

    async def break_lock(self, view: LockView) -> bool:
        lock = self.room.locks.pop(view.key, None)
        if lock is not None:
            lock.lost.set()
        return lock is not None


class Secretive(RoomStore):
    """Does not tell the holder of a broken lock."""

    async def break_lock(self, view: LockView) -> bool:
        return self.room.locks.pop(view.key, None) is not None


class Careless(RoomStore):
    """A second release frees whoever has the lock."""

    def taken(self, key: str, holder: LockHolder) -> RoomLock:
        lock = super().taken(key, holder)
        room = self.room

        async def release() -> None:
            lock._is_released = True
            room.locks.pop(key, None)

        lock.release = release  # type: ignore[method-assign]
        return lock


class Sticky(RoomStore):
    """A release does not free the lock."""

    def taken(self, key: str, holder: LockHolder) -> RoomLock:
        lock = super().taken(key, holder)

        async def release() -> None:
            lock._is_released = True

        lock.release = release  # type: ignore[method-assign]
        return lock


class _Store(DataStoreConformance):
    has_locks = True
    refused_keys = ("",)


class _Locks(LockConformance):
    tries_seconds = 0.3
    loss_seconds = 0.1


@pytest.mark.parametrize(
    ("kind", "suite", "test"),
    [
        (Stripping, _Store, "it_keeps_texts_as_they_are"),
        (Answering, _Store, "it_says_what_it_says_of_a_write"),
        (Inventing, _Store, "a_key_without_a_value_is_an_error"),
        (Nameless, _Store, "a_key_without_a_value_is_an_error"),
        (Inventing, _Store, "a_deleted_value_is_gone"),
        (Strict, _Store, "deleting_what_is_not_there_is_no_error"),
        (Flat, _Store, "keys_do_not_meet"),
        (RoomStore, _Store, "keys_that_it_cannot_have_are_refused"),
        (Sharing, _Store, "a_value_is_the_callers_own"),
        (Remembering, _Store, "two_stores_see_the_same_data"),
        (FolderStore, _Store, "it_has_locks_or_has_not"),
        (Generous, _Locks, "two_holders_never_have_it"),
        (Silent, _Locks, "two_holders_never_have_it"),
        (Remembering, _Locks, "two_holders_never_have_it"),
        (Generous, _Locks, "one_store_excludes_itself"),
        (Sticky, _Locks, "who_waits_gets_it_when_it_is_released"),
        (Sticky, _Locks, "a_released_lock_is_free_at_once"),
        (Careless, _Locks, "releasing_twice_frees_nobody_elses_lock"),
        (Constant, _Locks, "tokens_rise"),
        (Forgiving, _Locks, "a_key_with_data_is_no_lock"),
        (Blind, _Locks, "anybody_sees_who_has_it"),
        (Secretive, _Locks, "a_broken_lock_is_lost_and_free"),
        (Brutal, _Locks, "only_who_was_shown_is_broken"),
        (Sticky, _Locks, "a_store_that_is_closed_leaves_no_lock"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_store_that_breaks_the_contract_is_caught(
    kind: Any, suite: type[StoreTests], test: str, tmp_path: Path
) -> None:
    room = Room()

    def make() -> Any:
        if kind is FolderStore:
            return FolderStore("things", FolderOptions(folder="x"), _bench(tmp_path))
        return kind(room)

    made = suite()
    wanted = {
        "store": make(),
        "rival": make(),
        "make_store": make,
        "open_store": _opener(make),
        "key": "a/plain",
        "new_prefix": "a/",
    }
    method = getattr(made, f"test_{test}")
    given = {name: wanted[name] for name in inspect.signature(method).parameters}

    with pytest.raises(
        (AssertionError, TimeoutError, WorkError, LockTimeoutError, pytest.fail.Exception)
    ):
        await method(**given)


def _opener(make: Callable[[], Any]) -> Any:
    async def open_store() -> Any:
        return make()

    return open_store


def _bench(folder: Path) -> Workbench:
    def no_config() -> ClientConfig:
        raise AssertionError

    return Workbench(plugins=Plugins(), load_config=no_config, environment={}, folder=folder)
