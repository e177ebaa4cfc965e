"""The locks of a book as its stores see them now."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, UsageError
from choria_core.playbook.lock import LockingStore, LockView
from choria_core.playbook.workbench import Workbench
from choria_playbooks.book.model import Book, LockSpec
from choria_playbooks.book.walking import all_steps
from choria_playbooks.engine.frame import BookContext
from choria_playbooks.engine.masking import Masking
from choria_playbooks.engine.opening import close_store, made_store, open_store
from choria_playbooks.engine.request import RunRequest
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.stores import BookStores, OpenStore, asked
from choria_playbooks.engine.teller import Teller
from choria_playbooks.inputs.given import Sources
from choria_playbooks.inputs.secret_files import secret_reader
from choria_playbooks.inputs.values import InputValues
from choria_playbooks.templates.filling import markers_in
from choria_playbooks.templates.marker import Form, has_markers


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
            return await _view(opened, key)

    async def take_away(self, store: str, view: LockView) -> bool:
        """Take a lock from whom ``view`` shows; whether they still had it."""
        async with self._opened(store) as opened:
            locking = cast("LockingStore", opened.store)
            return await asked(opened, view.key, lambda: locking.break_lock(view))

    async def _see_in(self, store: str, locks: Iterable[BookLock]) -> dict[str, SeenLock]:
        try:
            async with self._opened(store) as opened:
                return {
                    lock.spec.path: SeenLock(lock=lock, view=await _view(opened, lock.spec.key))
                    for lock in locks
                }
        except ChoriaError as error:
            return {lock.spec.path: SeenLock(lock=lock, error=error) for lock in locks}

    @contextlib.asynccontextmanager
    async def _opened(self, name: str) -> AsyncIterator[OpenStore]:
        spec = self._book.data_stores[name]
        kind = self.session.store_class(spec.type)
        if not hasattr(kind, "lock_view") or getattr(kind, "ends_with_run", False):
            text = f"data store {name} is of type {spec.type}, which keeps no locks between runs"
            raise UsageError(text)
        context = BookContext(
            session=self.session,
            book=self._book,
            inputs=self._inputs_for(spec.options),
            stores=BookStores({}, before_change=lambda: None),
            started=self.session.teller.now(),
        )
        made, _ = await made_store(spec, context)
        try:
            await open_store(made)
            yield made
        finally:
            await close_store(made, self.session)

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


async def _view(opened: OpenStore, key: str) -> LockView | None:
    locking = cast("LockingStore", opened.store)
    return await asked(opened, key, lambda: locking.lock_view(key))
