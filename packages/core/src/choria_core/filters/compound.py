"""Compound filters: expressions over facts, classes, agents and data plugins.  Pure.

Known to an expression are ``with(text)``, a fact filter as people type it or the
name of a class or agent; ``fact(path)``; ``include(array, item)``;
``semver(version, constraint)``; the arrays ``agents`` and ``classes``; and the
functions of the node's data plugins.

``facts`` is known to the original as bytes of JSON, of which no member can be had:
``"web" in facts.tags`` never matches.  Here it is refused with that reason.
"""

from collections.abc import Callable
from functools import lru_cache

from choria_core.errors import UsageError
from choria_core.filters.expression.compiler import Environment
from choria_core.filters.expression.natures import ANY, BOOL, TEXTS
from choria_core.filters.expression.program import Program, compile_condition
from choria_core.filters.expression.signatures import takes
from choria_core.filters.expression.values import identical, mismatch
from choria_core.filters.facts import as_float, fact_matches
from choria_core.filters.grammar import parse_fact
from choria_core.filters.json_path import find
from choria_core.filters.limits import EXPRESSION_BYTES, PATTERN_BYTES, FilterError, Meter
from choria_core.filters.names import agent_matches, class_matches
from choria_core.filters.node_view import DataFunction, NodeView
from choria_core.filters.path_query import MISSING
from choria_core.filters.semver import satisfies
from choria_core.protocol.messages import FactFilter

_REMEMBERED = 512
_DATA_STEPS = 100

_ENVIRONMENT = Environment(
    names={"agents": TEXTS, "classes": TEXTS},
    functions={
        "with": takes("s", gives=BOOL),
        "fact": takes("s", gives=ANY),
        "include": takes("a*", gives=BOOL),
        "semver": takes("ss", gives=BOOL),
    },
    refused={
        "facts": "single facts are had by fact(path)",
        "$env": "names are used as they are",
    },
)


def compile_compound(text: str) -> Program:
    """The program of a compound filter; the latest are remembered.

    Raises:
        FilterError: it is malformed, too large, or cannot say true or false.
    """
    if len(text) > EXPRESSION_BYTES:
        raise FilterError(f"an expression of more than {EXPRESSION_BYTES} bytes")
    found = _compiled(text)
    if isinstance(found, FilterError):
        raise FilterError(str(found))
    return found


@lru_cache(maxsize=_REMEMBERED)
def _compiled(text: str) -> Program | FilterError:
    try:
        return compile_condition(text, _ENVIRONMENT)
    except FilterError as error:
        return error


def compound_matches(program: Program, node: NodeView, meter: Meter) -> bool:
    """Whether the expression is true of ``node``.

    Raises:
        FilterError: it cannot be told.
    """
    names = {"agents": list(node.agents), "classes": list(node.classes)}
    return program.is_true(names, _Calls(node).functions(), meter)


class _Calls:
    """The functions of the environment, for one node."""

    __slots__ = ("_node",)

    def __init__(self, node: NodeView) -> None:
        self._node = node

    def functions(self) -> dict[str, Callable[[list[object], Meter], object]]:
        found = {name: _data(name, function) for name, function in self._node.data.items()}
        found.update(
            {
                "with": self._with,
                "fact": self._fact,
                "include": include,
                "semver": semver,
            }
        )
        return found

    def _with(self, arguments: list[object], meter: Meter) -> bool:
        (text,) = _texts("with", arguments)
        wanted = _fact_filter(text) if len(text) <= PATTERN_BYTES else _read_fact(text)
        if wanted is None:
            return class_matches(text, self._node.classes, meter) or agent_matches(
                text, self._node.agents, meter
            )
        try:
            return fact_matches(wanted, self._node.facts, meter)
        except FilterError:
            return False

    def _fact(self, arguments: list[object], meter: Meter) -> object:
        (path,) = _texts("fact", arguments)
        value = find(self._node.facts, path, meter)
        if value is MISSING:
            return None
        return as_documented(meter.admit(value))


@lru_cache(maxsize=_REMEMBERED)
def _fact_filter(text: str) -> FactFilter | None:
    return _read_fact(text)


def _read_fact(text: str) -> FactFilter | None:
    try:
        return parse_fact(text)
    except UsageError:
        return None


def _texts(name: str, arguments: list[object]) -> list[str]:
    """Arguments as texts; nil stands for the empty one."""
    texts = []
    for argument in arguments:
        if argument is not None and not isinstance(argument, str):
            raise mismatch(name, argument)
        texts.append(argument or "")
    return texts


def as_documented(value: object) -> object:
    """A value of facts as expressions see it: numbers are floats."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return as_float(value)
    if isinstance(value, list):
        return [as_documented(one) for one in value]
    if isinstance(value, dict):
        return {key: as_documented(one) for key, one in value.items()}
    return value


def include(arguments: list[object], meter: Meter) -> bool:
    """The function ``include(items, item)`` of expressions.

    Raises:
        FilterError: the first argument is no array.
    """
    items, wanted = arguments
    if items is None:
        return False
    if not isinstance(items, list):
        raise mismatch("include", items)
    meter.spend(len(items) >> 3)
    if type(wanted) is int:
        wanted = float(wanted)
    return any(identical(one, wanted) for one in items)


def semver(arguments: list[object], _meter: Meter) -> bool:
    """The function ``semver(version, constraint)`` of expressions.

    Raises:
        FilterError: an argument is no text.
    """
    version, constraint = _texts("semver", arguments)
    return satisfies(version, constraint)


def _data(name: str, function: DataFunction) -> Callable[[list[object], Meter], object]:
    def call(arguments: list[object], meter: Meter) -> object:
        if len(arguments) != function.takes_query:
            raise FilterError(f"{name} does not take {len(arguments)} arguments")
        meter.spend(_DATA_STEPS)
        (query,) = _texts(name, arguments) or ("",)
        return meter.admit(function.run(query))

    return call
