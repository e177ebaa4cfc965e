"""The locks of a book as its stores see them now."""

import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from choria_core.config.problems import key_path
from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, UsageError, WorkError
from choria_core.playbook.lock import LockingStore, LockView
from choria_core.playbook.workbench import Workbench
from choria_playbooks.book.model import Book, LockSpec, StoreSpec
from choria_playbooks.book.walking import all_steps
from choria_playbooks.engine.frame import BookContext
from choria_playbooks.engine.masking import Masking
from choria_playbooks.engine.request import RunRequest
from choria_playbooks.engine.scope import BookScope
from choria_playbooks.engine.session import Session, read_options
from choria_playbooks.engine.stores import BookStores
from choria_playbooks.engine.teller import Teller
from choria_playbooks.inputs.given import Sources
from choria_playbooks.inputs.secret_files import secret_reader
from choria_playbooks.inputs.values import InputValues
from choria_playbooks.templates.filling import fill, markers_in
from choria_playbooks.templates.marker import Form, has_markers

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLock:
    """A lock that a book takes.

    Attributes:
        spec: which one.
        is_known: before a run; the keys of others have templates.
        is_shared: other runs see it; locks in memory they do not.
        step: id of the step that takes it; empty for the whole book.
    """

    spec: LockSpec
    is_known: bool
    is_shared: bool
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLock:
    """A lock of a book, with what its store says of it.

    Attributes:
        lock: of the book.
        view: who has it; None for nobody, or where nobody can be asked.
        error: why its store could not be asked; None where it was, or need not be.
    """

    lock: BookLock
    view: LockView | None = None
    error: ChoriaError | None = None


def locks_of(book: Book, session: Session) -> list[BookLock]:
    """All locks of a book, each once, in its order."""
    found = [(lock, "") for lock in book.locks]
    for placed in all_steps(book):
        lock = placed.step.control.lock
        if lock is not None:
            found.append((lock, placed.step.id))
    rows: dict[str, BookLock] = {}
    for lock, step in found:
        kind = session.store_class(book.data_stores[lock.store].type)
        rows.setdefault(
            lock.path,
            BookLock(
                spec=lock,
                is_known=not has_markers(lock.key, book.schema),
                is_shared=not getattr(kind, "ends_with_run", False),
                step=step,
            ),
        )
    return list(rows.values())


class LockOffice:
    """Asks the stores of a book for its locks.

    Args:
        book: whose locks they are.
        given: values of inputs, by name; the definitions of stores may ask for them.
        bench: lent to stores.
    """

    def __init__(self, book: Book, given: Mapping[str, Any], bench: Workbench) -> None:
        self._book = book
        self._given = given
        self._bench = bench
        teller = Teller((), masking=Masking())
        self.session = Session(RunRequest(book=book), bench=bench, teller=teller)

    async def see(self) -> list[SeenLock]:
        """All locks; a store that cannot be asked is noted with each of its locks."""
        locks = locks_of(self._book, self.session)
        asked = [lock for lock in locks if lock.is_known and lock.is_shared]
        seen: dict[str, SeenLock] = {}
        for store in dict.fromkeys(lock.spec.store for lock in asked):
            seen |= await self._see_in(store, [one for one in asked if one.spec.store == store])
        return [seen.get(lock.spec.path) or SeenLock(lock=lock) for lock in locks]

    async def view(self, store: str, key: str) -> LockView | None:
        """Who has a lock; None where nobody does."""
        async with self._opened(store) as opened:
            return await _asked(opened.lock_view(key), store)

    async def take_away(self, store: str, view: LockView) -> bool:
        """Take a lock from whom ``view`` shows; whether they still had it."""
        async with self._opened(store) as opened:
            return await _asked(opened.break_lock(view), store)

    async def _see_in(self, store: str, locks: Iterable[BookLock]) -> dict[str, SeenLock]:
        try:
            async with self._opened(store) as opened:
                return {
                    lock.spec.path: SeenLock(
                        lock=lock, view=await _asked(opened.lock_view(lock.spec.key), store)
                    )
                    for lock in locks
                }
        except ChoriaError as error:
            return {lock.spec.path: SeenLock(lock=lock, error=error) for lock in locks}

    @contextlib.asynccontextmanager
    async def _opened(self, name: str) -> AsyncIterator[LockingStore]:
        spec = self._book.data_stores[name]
        kind = self.session.store_class(spec.type)
        if not hasattr(kind, "lock_view") or getattr(kind, "ends_with_run", False):
            text = f"data store {name} is of type {spec.type}, which keeps no locks between runs"
            raise UsageError(text)
        options = await self._options(spec, kind.Options)
        store: Any = kind(name, options, self._bench)
        try:
            await store.open()
            yield store
        finally:
            await store.close()

    async def _options(self, spec: StoreSpec, record: type) -> Any:
        scope = BookScope(
            BookContext(
                session=self.session,
                book=self._book,
                inputs=self._inputs_for(spec.options),
                stores=BookStores({}, before_change=lambda: None),
                started=self.session.teller.now(),
            )
        )
        node = await fill(spec.options, scope)
        assert isinstance(node, MapNode)
        return read_options(record, node, key_path("data_stores", spec.name))

    def _inputs_for(self, node: MapNode) -> InputValues:
        """Those inputs that a definition asks for: no other is needed to look at locks."""
        dialect = self._book.schema
        names = {
            marker.name for marker, _ in markers_in(node, dialect) if marker.form is Form.INPUTS
        }
        return InputValues(
            {name: one for name, one in self._book.inputs.items() if name in names},
            {name: value for name, value in self._given.items() if name in names},
            dialect=dialect,
            sources=Sources(
                environment=self._bench.environment,
                read_file=secret_reader(self._bench.folder),
            ),
        )


async def _asked(answer: Coroutine[Any, Any, Answer], store: str) -> Answer:
    """What a store answers; an error of a foreign kind becomes one of ours."""
    try:
        return await answer
    except ChoriaError:
        raise
    except Exception as error:  # whatever a foreign store raises
        kind = type(error).__name__
        raise WorkError(f"data store {store}: {kind}: {error}") from error
