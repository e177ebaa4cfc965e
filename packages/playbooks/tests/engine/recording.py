"""A plugin of the tests: a task that does as it is told, a store and a node set that record.

Each lab has one of its own.  All that it did stands in its diary, in order.
"""

import asyncio
import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from choria_core.config.schema import Setting
from choria_core.errors import ConnectError, KeyMissingError, LockTimeoutError
from choria_core.hookspecs import DataStorePlugin, NodeSetPlugin, TaskPlugin, hookimpl
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import HeldLock, LockHolder, LockView
from choria_core.playbook.stores import Stores
from choria_core.playbook.task import HostResult, Outcome, TaskRun
from choria_core.playbook.workbench import Workbench


@dataclass
class Diary:
    """What the plugin did.

    Attributes:
        notes: names of ``note`` tasks that were tried, in order.
        values: what they were given, by order.
        tokens: of the locks around them.
        stores: what was asked of ``spy`` stores, as ``read box/key``.
        sets: names of the node sets that were looked for.
        kept: what ``spy`` stores hold, by name of the store.
        story: notes, as ``note one``, and stores together.
        hung: set once a task hangs.
        resumes: lets a task go on that waits.
    """

    notes: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    tokens: list[int | None] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    kept: dict[str, dict[str, object]] = field(default_factory=dict)
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    resumes: asyncio.Event = field(default_factory=asyncio.Event)
    locks: dict[str, "SpyLock"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOptions:
    """What a note may say."""

    name: Annotated[str, Setting("put into the diary")] = ""
    value: Annotated[object, Setting("what it gives")] = None
    message: Annotated[str, Setting("what it says of itself")] = "noted"
    say: Annotated[tuple[str, ...], Setting("lines of output")] = ()
    warn: Annotated[str, Setting("a warning")] = ""
    fail: Annotated[bool, Setting("it fails")] = False
    succeed_at: Annotated[int, Setting("it fails up to this try of all notes of its name")] = 0
    crash: Annotated[str, Setting("it raises a foreign error of these words")] = ""
    nodes: Annotated[tuple[str, ...], Setting("that it is done on")] = ()
    bad: Annotated[tuple[str, ...], Setting("nodes that fail")] = ()
    max_fail: Annotated[int, Setting("so many nodes may fail")] = 0
    hang: Annotated[bool, Setting("it never ends, after half of its nodes answered")] = False
    wait: Annotated[bool, Setting("it goes on when the test says so")] = False
    seen: Annotated[str, Setting("others can see it", exposed=True)] = ""


class NoteTask:
    """Does as it is told."""

    Options: ClassVar[type] = NoteOptions
    diary: ClassVar[Diary]

    async def run(self, options: NoteOptions, run: TaskRun) -> Outcome:
        """Do it."""
        diary = self.diary
        diary.notes.append(options.name)
        diary.story.append(f"note {options.name}")
        diary.values.append(options.value)
        diary.tokens.append(run.lock_token)
        for line in options.say:
            run.line(line)
        if options.warn:
            run.warn(options.warn)
        results = _results(options)
        if options.nodes:
            run.waiting_for(options.nodes)
        if options.hang or options.wait:
            for node in options.nodes[: len(options.nodes) // 2]:
                run.answered(node, results[node])
            diary.hung.set()
            await (asyncio.Event() if options.hang else diary.resumes).wait()
        for node, result in results.items():
            run.answered(node, result)
        if options.crash:
            raise ZeroDivisionError(options.crash)
        return Outcome(
            is_ok=self._is_ok(options, results),
            message=options.message,
            data=(options.value,),
            results=results,
        )

    def _is_ok(self, options: NoteOptions, results: Mapping[str, HostResult]) -> bool:
        failed = sum(not result.is_ok for result in results.values())
        tries = self.diary.notes.count(options.name)
        return not options.fail and failed <= options.max_fail and tries >= options.succeed_at

    def foretell(self, options: NoteOptions) -> str:
        """What it would do."""
        if options.crash:
            raise ZeroDivisionError(options.crash)
        return f"would note {options.name or options.value}"


def _results(options: NoteOptions) -> dict[str, HostResult]:
    return {
        node: HostResult(is_ok=False, error=f"{node} broke", kind="failed")
        if node in options.bad
        else HostResult(is_ok=True, value=options.value)
        for node in options.nodes
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SpyOptions:
    """What a spy store may be told."""

    text: Annotated[bool, Setting("it holds texts")] = False
    create: Annotated[bool, Setting("it makes what is not there")] = False
    refuse: Annotated[str, Setting("it cannot be opened, for this reason")] = ""
    unreachable: Annotated[bool, Setting("its server cannot be reached")] = False
    crash: Annotated[str, Setting("what raises a foreign error: make, read, write, lock")] = ""
    break_close: Annotated[bool, Setting("closing it fails")] = False
    break_release: Annotated[bool, Setting("giving a lock back fails")] = False
    hang: Annotated[str, Setting("what never ends: open or read")] = ""
    timeout: Annotated[int, Setting("how long to wait for a lock")] = 120


class SpyLock(HeldLock):
    """A lock of a spy store."""

    def __init__(self, store: "SpyStore | None", key: str, token: int) -> None:
        self.free = asyncio.Event()
        self._store, self._key, self._token = store, key, token
        self._lost, self._loss = asyncio.Event(), ""

    @property
    def key(self) -> str:
        """Of the lock."""
        return self._key

    @property
    def token(self) -> int:
        """Rises."""
        return self._token

    @property
    def lost(self) -> asyncio.Event:
        """Set by a test."""
        return self._lost

    @property
    def loss(self) -> str:
        """Why."""
        return self._loss

    def is_held(self) -> bool:
        """Until a test takes it away."""
        return not self._lost.is_set()

    def lose(self, why: str) -> None:
        """A test takes it away."""
        self._loss = why
        self._lost.set()

    async def release(self) -> None:
        """Give it back."""
        assert self._store is not None, "nobody gives back what another has"
        await self._store.release(self)


class SpyStore(DataStore):
    """Holds what survives a run, in its lab, and writes down what it is asked."""

    Options: ClassVar[type] = SpyOptions
    diary: ClassVar[Diary]

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self.name = name
        self._options: SpyOptions = options
        self.holds_text = self._options.text  # type: ignore[misc]
        self._crash("make")

    @property
    def lock_timeout_seconds(self) -> float:
        """As the book says."""
        return float(self._options.timeout)

    def _note(self, what: str, key: str = "") -> dict[str, object]:
        line = f"{what} {self.name}/{key}" if key else f"{what} {self.name}"
        self.diary.stores.append(line)
        self.diary.story.append(line)
        return self.diary.kept.setdefault(self.name, {})

    async def open(self) -> None:
        """Note it."""
        self._note("create" if self._options.create else "open")
        await self._hang("open")
        if self._options.unreachable:
            raise ConnectError(f"{self.name} is not there")
        if self._options.refuse:
            raise ZeroDivisionError(self._options.refuse)

    async def close(self) -> None:
        """Note it."""
        self._note("close")
        if self._options.break_close:
            raise ZeroDivisionError("the door is stuck")

    async def read(self, key: str) -> object:
        """What was put there."""
        kept = self._note("read", key)
        await self._hang("read")
        self._crash("read")
        if key not in kept:
            raise KeyMissingError(f"store {self.name!r} has no key {key!r}")
        return copy.deepcopy(kept[key])

    async def write(self, key: str, value: object) -> object:
        """Put it there."""
        self._crash("write")
        self._note("write", key)[key] = value
        return None

    async def delete(self, key: str) -> object:
        """Take it away."""
        self._note("delete", key).pop(key, None)
        return None

    async def acquire(self, key: str, holder: LockHolder, *, timeout_seconds: float) -> SpyLock:
        """Wait for it, and take it."""
        self._note("want", key)
        self._crash("lock")
        path, locks = f"{self.name}/{key}", self.diary.locks
        try:
            async with asyncio.timeout(timeout_seconds):
                while path in locks:
                    self.diary.hung.set()
                    await locks[path].free.wait()
        except TimeoutError:
            raise LockTimeoutError(f"somebody has {path}, not {holder.name}") from None
        self._note("lock", key)
        token = sum(line.startswith("lock ") for line in self.diary.stores)
        lock = locks[path] = SpyLock(self, key, token)
        return lock

    async def release(self, lock: SpyLock) -> None:
        """A lock is given back."""
        self._note("unlock", lock.key)
        self.diary.locks.pop(f"{self.name}/{lock.key}", None)
        lock.free.set()
        if self._options.break_release:
            raise ZeroDivisionError("the key is bent")

    async def lock_view(self, key: str) -> LockView | None:
        """Nobody is shown."""
        return None

    async def break_lock(self, view: LockView) -> bool:
        """Never."""
        return False

    def _crash(self, what: str) -> None:
        if self._options.crash == what:
            raise ZeroDivisionError(f"{what} by zero")

    async def _hang(self, what: str) -> None:
        if self._options.hang == what:
            self.diary.hung.set()
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOptions:
    """What a listed node set may be told."""

    names: Annotated[tuple[str, ...], Setting("of the nodes")] = ()
    crash: Annotated[str, Setting("it raises a foreign error of these words")] = ""


class ListedNodes:
    """Nodes that the book lists."""

    Options: ClassVar[type] = ListedOptions
    is_passive: ClassVar[bool] = True
    diary: ClassVar[Diary]

    async def resolve(
        self, options: ListedOptions, bench: Workbench, stores: Stores
    ) -> Sequence[str]:
        """The names."""
        self.diary.sets.append(",".join(options.names))
        if options.crash:
            raise ZeroDivisionError(options.crash)
        return options.names


class RecordingPlugin:
    """The plugin of one lab.

    Args:
        diary: gets what it does.
    """

    def __init__(self, diary: Diary) -> None:
        own = {"diary": diary}
        self._task = type("NoteTask", (NoteTask,), own)
        self._store = type("SpyStore", (SpyStore,), own)
        self._nodes = type("ListedNodes", (ListedNodes,), own)
        self._active = type("ActiveNodes", (ListedNodes,), {**own, "is_passive": False})
        self._started = type("StartedStore", (SpyStore,), {**own, "is_passive": False})

    @hookimpl
    def choria_tasks(self) -> Iterable[TaskPlugin]:
        """The task ``note``."""
        return [TaskPlugin("note", self._task)]

    @hookimpl
    def choria_data_stores(self) -> Iterable[DataStorePlugin]:
        """The store ``spy``, and one that starts a program when it is read."""
        return [DataStorePlugin("spy", self._store), DataStorePlugin("started", self._started)]

    @hookimpl
    def choria_node_sets(self) -> Iterable[NodeSetPlugin]:
        """The set ``listed``, and one that starts a program."""
        return [NodeSetPlugin("listed", self._nodes), NodeSetPlugin("active", self._active)]
