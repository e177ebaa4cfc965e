"""Steps that call others: named lists with arguments, and other books."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from choria_core.config.yaml_nodes import MapNode, plain
from choria_core.errors import ConfigError, UsageError
from choria_playbooks.book.looking import holds_marker
from choria_playbooks.book.model import Book, BookCall, Input, ListCall
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.reading import read_book
from choria_playbooks.engine.blocks import RunList
from choria_playbooks.engine.events import BookRead, Level
from choria_playbooks.engine.frame import Frame, StepResult
from choria_playbooks.engine.rehearsing import fill_known
from choria_playbooks.engine.scope import StepScope
from choria_playbooks.engine.session import Session
from choria_playbooks.engine.telling import Place
from choria_playbooks.inputs.values import InputValues
from choria_playbooks.templates.filling import fill, fill_text
from choria_playbooks.templates.value_text import value_text

DEEPEST = 30
"""Calls within calls."""

RunBook = Callable[["CalledBook", Frame], Awaitable[StepResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledBook:
    """Another book, and what it is given.

    Attributes:
        book: that is called.
        inputs: values by name.
        unknown: names of inputs that a rehearsal does not know.
    """

    book: Book
    inputs: Mapping[str, Any]
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Calls:
    """Does steps that call.

    Attributes:
        run_list: does steps one after the other.
        run_book: prepares and runs another book.
    """

    run_list: RunList
    run_book: RunBook

    async def run_named_list(self, spec: ListCall, place: Place) -> StepResult:
        """Do the steps of a named list.

        Raises:
            ConfigError: an argument is missing, or wrong, or lists call each other for ever.
            ChoriaError: a store failed that an argument is read from.
        """
        frame = place.frame
        _check_depth(frame, spec.id)
        context = frame.context
        named = context.book.task_lists[spec.name]
        given, unknown = await _values(spec.arguments, frame)
        arguments = InputValues(
            _optional(named.arguments, unknown),
            given,
            dialect=context.book.schema,
            warn=lambda text: context.session.teller.line(Level.WARN, place.context, text),
        )
        context.session.masking.learn(arguments.secret_values())
        arguments.use(context.stores)
        inner = frame.called(
            spec, place.id, list=named.name, arguments=arguments, unknown_arguments=unknown
        )
        return await self.run_list(named.steps, inner)

    async def run_other_book(self, spec: BookCall, place: Place) -> StepResult:
        """Run another book.

        Raises:
            InvalidConfigError: it cannot be read, or has errors.
            UsageError: it calls itself, a secret would be shown by it, or it was changed since
                the run that is resumed.
            ChoriaError: a store failed that an input is read from.
        """
        frame = place.frame
        _check_depth(frame, spec.id)
        async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
            file = value_text(await fill_text(spec.file, StepScope(frame), spec.location))
        book = _read(file, frame)
        _check_unchanged(book, place)
        given, unknown = await _values(spec.inputs, frame)
        _check_secrets(book, given, frame.session)
        called = CalledBook(book=book, inputs=given, unknown=unknown)
        return await self.run_book(called, frame.called(spec, place.id, batch=None))


def real_path(book: Book) -> str:
    """Where the file of a book really is, by which books that call each other are told."""
    return str(Path(book.file).resolve())


async def _values(node: MapNode, frame: Frame) -> tuple[dict[str, Any], frozenset[str]]:
    """Values by name, and the names of those that a rehearsal does not know."""
    async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
        return await _filled(node, frame)


async def _filled(node: MapNode, frame: Frame) -> tuple[dict[str, Any], frozenset[str]]:
    if not frame.session.is_rehearsal:
        filled = plain(await fill(node, StepScope(frame)))
        assert isinstance(filled, dict), "it is a map"
        return filled, frozenset()
    known = await fill_known(node, frame)
    schema = frame.context.book.schema
    unknown = {one.key for one in known.entries if holds_marker(one.value, schema)}
    values = {one.key: plain(one.value) for one in known.entries if one.key not in unknown}
    return values, frozenset(unknown)


def _optional(inputs: Mapping[str, Input], unknown: frozenset[str]) -> dict[str, Input]:
    return {
        name: replace(one, required=False) if name in unknown else one
        for name, one in inputs.items()
    }


def _check_depth(frame: Frame, identity: str) -> None:
    if frame.depth >= DEEPEST:
        raise ConfigError(f"{identity}: more than {DEEPEST} calls are within each other")


def _read(file: str, frame: Frame) -> Book:
    """A book that lies beside the one that calls it."""
    here = frame.context.book.file
    path = Path(here).parent / file
    if str(path.resolve()) in frame.context.files:
        raise UsageError(f"{here} calls {path}, which is being run already")
    session = frame.session
    found = read_book(path, kinds_of(session.bench.plugins))
    for warning in found.warnings:
        session.teller.line(Level.WARN, "loading", str(warning))
    return found.book


def _check_unchanged(book: Book, place: Place) -> None:
    """Tell of a book; where the run that is resumed did a part of it, it must be the same.

    Its steps could not be told from the old ones otherwise.
    """
    session, teller = place.frame.session, place.frame.session.teller
    resume = session.request.resume
    earlier = resume.books.get(place.id, book.digest) if resume else book.digest
    if earlier != book.digest and session.choice.has_begun(place.id):
        raise UsageError(
            f"{book.file} was changed since the run that is resumed did a part of it: run the "
            "playbook from its beginning, or bring the old text back"
        )
    file = teller.masking.text(book.file)
    teller.tell(BookRead(time=teller.now(), id=place.id, file=file, digest=book.digest))


def _check_secrets(book: Book, given: Mapping[str, Any], session: Session) -> None:
    """Make certain that secrets become secrets of the other book, which hides them then."""
    for name, value in given.items():
        one = book.inputs.get(name)
        if one is not None and not one.is_secret and session.masking.hides(value):
            raise UsageError(
                f"{book.file}: input {name} is given a secret and would show it; say type: secret"
            )
