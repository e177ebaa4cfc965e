"""Values that a run was given, held against what its book wants, before anything is done.  Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from choria_core.config.problems import Location, Problem, at, key_path
from choria_core.config.value import nearest
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.input import ABSENT, Input, InputType
from choria_playbooks.inputs.types import typed, value_of_text
from choria_playbooks.inputs.validators import validator_of
from choria_playbooks.templates.dialect import STRICT

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where inputs find values beside those that they are given.

    Attributes:
        environment: variables by name, for ``environment`` of an input.
        read_file: the text of a file that ``file`` of an input names, None where there is none;
            raises InputError where it cannot be read.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    read_file: Callable[[str], str | None] = lambda _name: None


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of the inputs of a run when it begins.

    Attributes:
        values: of those that were given, or found where they are kept.
        problems: what keeps the run from beginning; in the order of the book.
        warnings: what people should know.
    """

    values: Mapping[str, object]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def settle(
    inputs: Mapping[str, Input], given: Mapping[str, object], dialect: int, sources: Sources
) -> Settled:
    """Look at all inputs, and gather all that is wrong with them.

    Args:
        inputs: what the book wants, by name.
        given: values by name; None counts as not given.
        dialect: a value of another type is a problem of a STRICT book, a warning else.
        sources: where else values are found.
    """
    look = _Look(dialect, sources)
    for name in given:
        if name not in inputs:
            look.problems.append(_unknown(name, inputs))
    for item in inputs.values():
        look.at(item, given.get(item.name))
    return Settled(look.values, tuple(look.problems), tuple(look.warnings))


def check_value(item: Input, value: object, dialect: int) -> object:
    """``value`` as the input takes it.

    Raises:
        InputError: it is of a wrong type, in a STRICT book, or breaks the rule.
    """
    if dialect == STRICT:
        value = typed(item.type, value)
    problem = validator_of(item.validation)(value)
    if problem:
        raise InputError(f"{shown(item, value)} {problem}")
    return value


def shown(item: Input, value: object) -> str:
    """A value for messages; a secret is never in it."""
    if item.is_secret:
        return "the secret"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _Look:
    """Gathers what is found."""

    def __init__(self, dialect: int, sources: Sources) -> None:
        self.values: dict[str, object] = {}
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._dialect = dialect
        self._sources = sources

    def at(self, item: Input, given: object) -> None:
        """One input."""
        if item.dynamic and given is not None:
            self.warnings.append(f"input {item.name} is dynamic: the given value is not used")
            given = None
        try:
            value = self._kept(item) if given is None and not item.dynamic else given
            if value is not None:
                self.values[item.name] = self._checked(item, value)
        except InputError as error:
            self._refuse(item, error.problem, error.fix)
            return
        if value is None and _must_be_given(item):
            self._refuse(item, "is required and has no value", _advice(item))

    def _refuse(self, item: Input, problem: str, fix: str) -> None:
        path = key_path("inputs", item.name)
        self.problems.append(at(item.location, path, problem, fix))

    def _checked(self, item: Input, value: object) -> object:
        try:
            value = typed(item.type, value)
        except InputError as error:
            if self._dialect == STRICT:
                raise
            self.warnings.append(f"input {item.name} {error.problem}; it is used as it is")
        return check_value(item, value, self._dialect)

    def _kept(self, item: Input) -> object:
        """The value of its variable, or its file; None where there is neither."""
        text = self._sources.environment.get(item.environment) if item.environment else None
        if text is None and item.file:
            text = self._sources.read_file(item.file)
        return None if text is None else _read(item, text)


def _read(item: Input, text: str) -> object:
    try:
        return value_of_text(item.type, text)
    except InputError as error:
        raise InputError(f"{shown(item, text)} {error.problem}", error.fix) from None


def _must_be_given(item: Input) -> bool:
    return item.required and not item.data and item.default is ABSENT


def _advice(item: Input) -> str:
    if item.dynamic:
        return "a dynamic input needs data or a default"
    option = f"--{item.name.lower()}"
    if item.is_secret:
        kept = (
            [f"set the variable {item.environment}"] if item.environment else [],
            [f"write it to {item.file}"] if item.file else [],
        )
        return " or ".join((*kept[0], *kept[1], f"give {option}-file FILE or {option}-env NAME"))
    shown = (
        f"{option} or --no-{option[2:]}" if item.type is InputType.BOOLEAN else f"{option} VALUE"
    )
    return f"give {shown}" + (f": {item.description}" if item.description else "")


def _unknown(name: str, inputs: Mapping[str, Input]) -> Problem:
    meant = nearest(name, inputs)
    known = f"its inputs are: {', '.join(inputs)}" if inputs else "it has none"
    first = next(iter(inputs.values()), None)
    file = first.location.file if first else "<inputs>"
    fix = f"did you mean {meant}?" if meant else known
    return at(Location(file), "", f"the book has no input {name!r}", fix)
