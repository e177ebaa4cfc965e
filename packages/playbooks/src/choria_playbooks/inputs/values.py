"""The inputs of a run: what was given, and what is read from stores each time.  Pure."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from choria_core.config.problems import InvalidConfigError
from choria_core.config.value import nearest
from choria_core.errors import ChoriaError, KeyMissingError, TransportError, WorkError
from choria_core.playbook.stores import Stores
from choria_core.telemetry.redaction import HIDDEN
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.given import Sources, check_value, settle, shown
from choria_playbooks.inputs.input import ABSENT, Input
from choria_playbooks.inputs.types import value_of_stored
from choria_playbooks.templates.dialect import STRICT

_KINDS: Final = (KeyMissingError, TransportError, WorkError)
"""Errors of stores that keep their kind, and with it the exit code of the program."""


class InputValues:
    """All inputs of a book, or all arguments of a list of tasks.

    A static input has one value for the whole run: the one that was given, or found in the
    environment or a file.  A dynamic one has none and a place in a store, which is read at every
    reference; where that fails it has its default, and ``warn`` is told.

    Args:
        inputs: what is wanted, by name.
        given: values by name, of the types of the inputs; None counts as not given.
        dialect: LEGACY or STRICT.
        sources: where else static values are found.
        warn: is told what people should know, one line each.

    Raises:
        InvalidConfigError: one or more inputs cannot be had; names all of them.
    """

    def __init__(
        self,
        inputs: Mapping[str, Input],
        given: Mapping[str, object],
        *,
        dialect: int,
        sources: Sources | None = None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        settled = settle(inputs, given, dialect, sources or Sources())
        if settled.problems:
            raise InvalidConfigError(settled.problems)
        self._inputs = inputs
        self._static = copy.deepcopy(dict(settled.values))
        self._dialect = dialect
        self._warn = warn
        self._stores: Stores | None = None
        self._secrets: set[str] = set()
        for item in inputs.values():
            self._learn(item, self._static.get(item.name))
            self._learn(item, item.default)
        for warning in settled.warnings:
            warn(warning)

    def use(self, stores: Stores) -> None:
        """From now on dynamic inputs can be read."""
        self._stores = stores

    async def save(self) -> tuple[str, ...]:
        """Write given values to their stores where the book says ``save``.

        Null is never saved, nor is false, unless the book is STRICT.

        Returns:
            The names of the inputs that were saved.

        Raises:
            ChoriaError: as of the stores.
        """
        saved = []
        for item in self._inputs.values():
            value = self._static.get(item.name)
            if not item.save or not item.data or value is None:
                continue
            if value is not False or self._dialect == STRICT:
                await self._opened(item).write(item.data, copy.deepcopy(value))
                saved.append(item.name)
        return tuple(saved)

    async def value(self, name: str) -> object:
        """An input, read anew where it is dynamic; the caller may change what he gets.

        Raises:
            InputError: there is no such input, or it has no value.
            KeyMissingError, TransportError, WorkError: the store failed, and there is no default.
        """
        item = self.input(name)
        if self.is_dynamic(name):
            return await self._read(item)
        value = self.known(name)
        if value is ABSENT:
            raise InputError(f"input {name} has no value and no default")
        return value

    def input(self, name: str) -> Input:
        """What the book says of an input.

        Raises:
            InputError: there is no such input.
        """
        if name in self._inputs:
            return self._inputs[name]
        meant = nearest(name, self._inputs)
        hint = f"did you mean {meant}?" if meant else "define it under inputs"
        raise InputError(f"there is no input {name}", hint)

    def known(self, name: str) -> object:
        """What can be said of an input without a store: its value or default, or ABSENT."""
        return copy.deepcopy(self._static.get(name, self._inputs[name].default))

    def is_dynamic(self, name: str) -> bool:
        """Whether an input is read from a store."""
        return bool(self._inputs[name].data) and name not in self._static

    @property
    def dynamic(self) -> tuple[str, ...]:
        """Names of the inputs that have no value of their own, in the order of the book."""
        return tuple(
            name
            for name, item in self._inputs.items()
            if self.is_dynamic(name) or (item.dynamic and item.default is not ABSENT)
        )

    @property
    def shown(self) -> dict[str, object]:
        """Values of all others for reports, secrets hidden; those that have none are left out."""
        dynamic = frozenset(self.dynamic)
        values = {name: self.known(name) for name in self._inputs if name not in dynamic}
        return {
            name: HIDDEN if self._inputs[name].is_secret else value
            for name, value in values.items()
            if value is not ABSENT
        }

    def secret_values(self) -> frozenset[str]:
        """Texts that may be shown nowhere: of all secrets that were given or read until now."""
        return frozenset(self._secrets)

    async def _read(self, item: Input) -> object:
        try:
            value = await self._opened(item).read(item.data)
            self._learn(item, value)
            return self._taken(item, value)
        except ChoriaError as error:
            if item.default is ABSENT:
                raise _unread(item, error) from error
            self._warn(f"{_failure(item, error)}; its default is used")
            return copy.deepcopy(item.default)

    def _taken(self, item: Input, value: object) -> object:
        try:
            value = value_of_stored(item.type, value)
        except InputError as error:
            if self._dialect == STRICT:
                raise InputError(f"{shown(item, value)} {error.problem}", error.fix) from None
        return check_value(item, value, self._dialect)

    def _opened(self, item: Input) -> Stores:
        if self._stores is None:
            problem = f"is read from {item.data}, and the data stores are not open yet"
            raise InputError(problem, "only static inputs can stand there")
        return self._stores

    def _learn(self, item: Input, value: object) -> None:
        """Remember a secret, and the texts in it where it is a hash or a list."""
        if item.is_secret:
            self._secrets.update(text for text in _texts(value) if text)


def _texts(value: object) -> Iterator[str]:
    open_values = [value]
    while open_values:
        one = open_values.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            open_values.extend(one.values())
        elif isinstance(one, list | tuple):
            open_values.extend(one)
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield str(one)


def _failure(item: Input, error: ChoriaError) -> str:
    return f"input {item.name} could not be had from {item.data}: {type(error).__name__}: {error}"


def _unread(item: Input, error: ChoriaError) -> ChoriaError:
    text = _failure(item, error)
    kind = next((kind for kind in _KINDS if isinstance(error, kind)), InputError)
    return kind(text)
