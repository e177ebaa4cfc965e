"""Makes a book ready to be run: inputs, data stores, locks, ``save``, ``uses``, nodes."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from choria_core.errors import ConfigError
from choria_core.playbook.data_store import DataStore
from choria_playbooks.book.model import Book
from choria_playbooks.engine.events import InputsKnown, Level
from choria_playbooks.engine.frame import BookContext
from choria_playbooks.engine.lock_keeper import Grips
from choria_playbooks.engine.locking import book_lock
from choria_playbooks.engine.node_finding import find_nodes
from choria_playbooks.engine.opening import close_store, made_store, open_store
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_playbooks.inputs.given import Sources
from choria_playbooks.inputs.input import Input
from choria_playbooks.inputs.secret_files import secret_reader
from choria_playbooks.inputs.values import InputValues

CLOSE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A book that is to be run.

    Attributes:
        session: of the run.
        book: the book.
        inputs: its values.
        files: of the books around it, its own last.
        around: locks that are held already.
        identity: of the step that calls it; empty for the book of the request.
        unknown_inputs: names of those that a rehearsal does not know.
    """

    session: Session
    book: Book
    inputs: InputValues
    files: tuple[str, ...]
    around: Grips = ()
    identity: str = ""
    unknown_inputs: frozenset[str] = frozenset()


def input_values(
    session: Session, inputs: Mapping[str, Input], given: Mapping[str, Any], dialect: int
) -> InputValues:
    """The inputs of a book; what is secret is hidden from now on.

    Raises:
        InvalidConfigError: one or more cannot be had; all are named.
    """
    bench = session.bench
    sources = Sources(
        environment=bench.environment,
        read_file=secret_reader(bench.folder),
    )
    values = InputValues(
        inputs,
        given,
        dialect=dialect,
        sources=sources,
        warn=lambda text: session.teller.line(Level.WARN, "prep.inputs", text),
    )
    session.masking.learn(values.secret_values())
    return values


async def prepare(wanted: Wanted, stack: AsyncExitStack) -> tuple[BookContext, Grips]:
    """Do all that comes before the first task.

    Args:
        wanted: the book.
        stack: gives everything back in the end.

    Returns:
        The book, and the locks that are held.

    Raises:
        ChoriaError: something cannot be had; the class tells what.
        HaltedError: the run ends.
    """
    session, book = wanted.session, wanted.book
    context = BookContext(
        session=session,
        book=book,
        inputs=wanted.inputs,
        stores=BookStores({}, before_change=session.keeper.require_held),
        started=session.teller.now(),
        unknown_inputs=wanted.unknown_inputs,
        files=wanted.files,
    )
    if not wanted.identity:
        _tell_inputs(context)
    async with session.halt.guard(heeds_stop=True):
        context.stores = await _open_stores(context, stack)
    wanted.inputs.use(context.stores)
    grips = await _take_locks(context, wanted.around, stack)
    async with session.halt.guard(heeds_stop=True):
        await _save(context, is_called=bool(wanted.identity))
        await find_nodes(context, prefix=f"{wanted.identity}/" if wanted.identity else "")
    return context, grips


def _tell_inputs(context: BookContext) -> None:
    teller, inputs = context.session.teller, context.inputs
    static = teller.masking.value(inputs.shown)
    teller.tell(InputsKnown(time=teller.now(), static=static, dynamic=inputs.dynamic))


async def _open_stores(context: BookContext, stack: AsyncExitStack) -> BookStores:
    session = context.session
    stores: dict[str, OpenStore] = {}
    closed: set[str] = set()
    for spec in context.book.data_stores.values():
        made, is_to_be_made = await made_store(spec, context)
        stores[spec.name] = made
        if session.is_rehearsal and not _may_be_opened(made.store, session):
            closed.add(spec.name)
            continue
        stack.push_async_callback(close_store, made, session)
        try:
            await open_store(made)
        except ConfigError:
            if not is_to_be_made:
                raise
            closed.add(spec.name)
            session.teller.line(Level.INFO, "pre.stores", f"would make data store {spec.name}")
            continue
        session.teller.line(Level.DEBUG, "pre.stores", f"data store {spec.name} is ready")
    return BookStores(stores, before_change=session.keeper.require_held, closed=frozenset(closed))


def _may_be_opened(store: DataStore, session: Session) -> bool:
    """Whether a rehearsal may read a store."""
    return session.request.resolve and getattr(store, "is_passive", True)


async def _take_locks(context: BookContext, around: Grips, stack: AsyncExitStack) -> Grips:
    session = context.session
    wishes = [book_lock(spec, context.stores) for spec in context.book.locks]
    if session.is_rehearsal:
        for wish in wishes:
            session.teller.line(Level.INFO, "locks", f"would take lock {wish.path}")
        return around
    grips = around
    for wish in wishes:
        grips = await stack.enter_async_context(
            session.keeper.hold(wish, around=grips, heeds_stop=True)
        )
    return grips


async def _save(context: BookContext, *, is_called: bool) -> None:
    """Write inputs where the book says so, but for a run that goes on: it did so before."""
    session = context.session
    if session.is_rehearsal or (session.request.resume is not None and not is_called):
        return
    session.halt.check(heeds_stop=True)
    for name in await context.inputs.save():
        session.teller.line(Level.INFO, "prep.inputs", f"input {name} is saved")
