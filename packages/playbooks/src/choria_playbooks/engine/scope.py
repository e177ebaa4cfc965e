"""What markers and conditions mean at one step of a run."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from choria_core.config.value import nearest
from choria_core.errors import ChoriaError, ConfigError
from choria_playbooks.book.model import ABSENT, Metadata
from choria_playbooks.book.reading_metadata import METADATA_KEYS
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.errors import MissingPathError
from choria_playbooks.conditions.paths import MISSING, descend, segments_of
from choria_playbooks.engine.frame import UNKNOWN, BookContext, Frame
from choria_playbooks.engine.stores import BookStores
from choria_playbooks.templates.marker import Form, Marker
from choria_playbooks.templates.resolver import date_text, part_of

_PATH_FORMS: Final = frozenset(
    (Form.INPUTS, Form.REGISTERED, Form.PREVIOUS_TASK, Form.ITEM, Form.ARGUMENTS)
)


class UnknownValueError(ChoriaError):
    """A rehearsal cannot know a value; no fault of the book, so no ConfigError."""


class BookScope:
    """What is known of a book before its steps: for data stores, ``uses`` and node sets."""

    def __init__(self, context: BookContext) -> None:
        self._context = context

    @property
    def dialect(self) -> int:
        """Of the book."""
        return self._context.book.schema

    @property
    def stores(self) -> BookStores:
        """Of the book."""
        return self._context.stores

    async def value(self, marker: Marker) -> object:
        """See :class:`choria_playbooks.templates.resolver.Resolver`."""
        match marker.form:
            case Form.INPUTS:
                return part_of(await self._input(marker.name), marker)
            case Form.METADATA:
                return _metadata(self._context.book.metadata, marker.name)
            case Form.DATE | Form.UTC_DATE:
                return date_text(marker, datetime.now().astimezone())
            case Form.ELAPSED_TIME:
                return round(time.time() - self._context.started, 2)
            case Form.UUID:
                return str(uuid.uuid4())
        raise ConfigError(f"{marker.text} is not known here")

    async def _input(self, name: str) -> object:
        context, inputs = self._context, self._context.inputs
        if context.session.is_rehearsal:
            return await self._rehearsed_input(name)
        value = await inputs.value(name)
        context.session.masking.learn(inputs.secret_values())
        return value

    async def _rehearsed_input(self, name: str) -> object:
        """As far as it can be known without doing anything."""
        context, inputs = self._context, self._context.inputs
        if name in context.unknown_inputs:
            raise UnknownValueError(f"inputs.{name} is known when the book runs")
        is_dynamic = inputs.is_dynamic(inputs.input(name).name)
        if is_dynamic and not context.stores.can_be_read(inputs.input(name).data):
            raise UnknownValueError(f"inputs.{name} is read when the book runs")
        try:
            value = await inputs.value(name)
        except ChoriaError as error:
            raise UnknownValueError(str(error)) from error
        finally:
            context.session.masking.learn(inputs.secret_values())
        return value


class StepScope(BookScope):
    """All of it, at a step."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame.context)
        self._frame = frame

    async def value(self, marker: Marker) -> object:
        """See :class:`choria_playbooks.templates.resolver.Resolver`."""
        if marker.form is Form.ARGUMENTS:
            return part_of(await self._argument(marker.name), marker)
        if marker.form in _OF_FRAMES:
            return _OF_FRAMES[marker.form](self._frame, marker)
        return await super().value(marker)

    async def _argument(self, name: str) -> object:
        arguments = self._frame.arguments
        if arguments is None:
            raise ConfigError("there is no named list around this")
        if name in self._frame.unknown_arguments:
            raise UnknownValueError(f"arguments.{name} is known when the book runs")
        value = await arguments.value(name)
        self._context.session.masking.learn(arguments.secret_values())
        return value


async def holds(condition: Condition, scope: StepScope) -> bool:
    """Whether a condition is true at a step.

    Raises:
        MissingPathError: a path that it needs leads nowhere.
        ConditionError: two values cannot be compared.
        UnknownValueError: a rehearsal cannot know a value that it needs.
        ChoriaError: as of the store of a dynamic input that it needs.
    """
    known: dict[str, object] = {}
    for path in condition.paths:
        try:
            known[path] = await _at(path, scope)
        except ChoriaError as error:
            known[path] = error

    def lookup(path: str) -> object:
        value = known[path]
        if isinstance(value, ChoriaError):
            raise value
        return value

    return condition.holds(lookup)


async def _at(path: str, scope: StepScope) -> object:
    """The value of a path of a condition."""
    root, *rest = segments_of(path)
    form = Form(root)
    assert form in _PATH_FORMS, "conditions are read with these roots alone"
    try:
        first = await scope.value(Marker(form, tuple(rest[:1]), "", path))
    except UnknownValueError:
        raise
    except ConfigError as error:
        raise MissingPathError(path, f"{path}: {error}") from error
    value = descend(first, rest[1:])
    if value is MISSING:
        raise MissingPathError(path)
    return value


def _metadata(metadata: Metadata, name: str) -> Any:
    if name not in METADATA_KEYS:
        raise ConfigError(_unknown("metadata", name, METADATA_KEYS))
    value = getattr(metadata, name)
    return list(value) if isinstance(value, tuple) else value


def _nodes(frame: Frame, marker: Marker) -> list[str]:
    context, name = frame.context, marker.name
    if name not in context.nodes:
        if name in context.unknown_nodes:
            raise UnknownValueError(f"nodes.{name} are looked for when the book runs")
        raise ConfigError(_unknown("node set", name, context.book.nodes))
    return list(context.nodes[name])


def _registered(frame: Frame, marker: Marker) -> object:
    context, name = frame.context, marker.name
    if name in context.registered:
        return part_of(context.registered[name], marker)
    if context.session.is_rehearsal:
        raise UnknownValueError(f"registered.{name} is known when the book runs")
    raise ConfigError(f"no step has registered {name} yet")


def _previous(frame: Frame, marker: Marker) -> object:
    if frame.session.is_rehearsal:
        raise UnknownValueError(f"{marker.text} is known when the book runs")
    return part_of(frame.trail.last.document(), marker, after=0)


def _item(frame: Frame, marker: Marker) -> object:
    if frame.item is UNKNOWN:
        raise UnknownValueError("the item of the loop is known when the book runs")
    if frame.item is ABSENT:
        raise ConfigError("there is no loop around this")
    return part_of(frame.item, marker, after=0)


def _batch(frame: Frame, _marker: Marker) -> list[str]:
    if frame.batch is None:
        raise ConfigError("there are no batches around this")
    if not frame.batch.is_known:
        raise UnknownValueError("the nodes of the batch are known when the book runs")
    return list(frame.batch.nodes)


def _lock_token(frame: Frame, _marker: Marker) -> int | None:
    if frame.session.is_rehearsal:
        raise UnknownValueError("the token of the lock is known when the book runs")
    return frame.lock_token


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    meant = nearest(name, tuple(known))
    return f"there is no {what} {name}" + (f"; did you mean {meant}?" if meant else "")


_OF_FRAMES: Final[Mapping[Form, Callable[[Frame, Marker], object]]] = {
    Form.NODES: _nodes,
    Form.PREVIOUS_TASK: _previous,
    Form.REGISTERED: _registered,
    Form.ITEM: _item,
    Form.BATCH: _batch,
    Form.LOCK: _lock_token,
}
"""How markers are answered that ask for what surrounds a step."""
