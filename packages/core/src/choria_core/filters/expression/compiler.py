"""The tree of an expression, its types checked, as closures.  Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from choria_core.filters.expression.frame import Frame, Part, Run
from choria_core.filters.expression.functions import FUNCTIONS
from choria_core.filters.expression.loops import LOOPS, compile_loop
from choria_core.filters.expression.natures import (
    ARRAY,
    BOOL,
    FLOAT,
    INT,
    MAP,
    NIL,
    STRING,
    UNKNOWN,
    Nature,
    array_of,
    meet,
    member_nature,
)
from choria_core.filters.expression.operators import (
    compile_binary,
    compile_logic,
    compile_unary,
    in_texts,
    literal_part,
)
from choria_core.filters.expression.signatures import Check
from choria_core.filters.expression.syntax import (
    Array,
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Let,
    Literal,
    Logic,
    Map,
    Member,
    Name,
    Node,
    Pointer,
    Sequence,
    Slice,
    Unary,
)
from choria_core.filters.expression.values import cut, fetch, mismatch
from choria_core.filters.go_text import INT_MAX
from choria_core.filters.limits import FilterError

_CALL_STEPS = 20  # functions of the environment do more than ours


@dataclass(frozen=True, slots=True)
class Environment:
    """What is known beforehand about the surroundings of an expression.

    Attributes:
        names: variables and their natures; others are nil, or may be given at run time.
        functions: functions and the checks of their arguments; likewise.
        refused: names that exist elsewhere but not here, each with the reason.
        is_closed: whether there are no other names and functions at run time.
    """

    names: Mapping[str, Nature] = field(default_factory=dict)
    functions: Mapping[str, Check] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False


@dataclass(slots=True)
class _Scope:
    """What a loop's body can point at."""

    element: Nature
    pointers: frozenset[str]
    acc: Nature = UNKNOWN


class _Short:
    """The value of members behind a ``?.`` that met nil."""


_SHORT = _Short()


class Compiler:
    """Compiles one expression.

    Attributes:
        slots: how many variables it has so far.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._locals: dict[str, tuple[int, Nature]] = {}
        self._scopes: list[_Scope] = []
        self.slots = 0

    def compile(self, node: Node) -> Part:
        """``node`` and all below it.

        Raises:
            FilterError: types that cannot fit, or a name that is not offered.
        """
        return self._COMPILERS[type(node)](self, cast("Any", node))

    def _literal(self, node: Literal) -> Part:
        natures = {bool: BOOL, int: INT, float: FLOAT, str: STRING}
        return literal_part(node.value, natures.get(type(node.value), NIL))

    def _name(self, node: Name) -> Part:
        name = node.name
        if name in self._locals:
            slot, nature = self._locals[name]
            return Part(lambda frame: frame.slots[slot], nature)
        if name in self._environment.refused:
            raise FilterError(f"{name}: {self._environment.refused[name]}")
        if name in self._environment.functions or name in FUNCTIONS or name in LOOPS:
            raise FilterError(f"{name} is a function")
        if self._environment.is_closed and name not in self._environment.names:
            raise FilterError(f"there is no {name}")
        nature = self._environment.names.get(name, UNKNOWN)
        return Part(lambda frame: frame.names.get(name), nature)

    def _pointer(self, node: Pointer) -> Part:
        if not self._scopes:
            raise FilterError("# outside of a loop")
        scope = self._scopes[-1]
        if not node.name:
            return Part(lambda frame: frame.item, scope.element)
        if node.name not in scope.pointers:
            raise FilterError(f"#{node.name} is not known here")
        if node.name == "index":
            return Part(lambda frame: frame.index, INT)
        return Part(lambda frame: frame.acc, scope.acc)

    def _unary(self, node: Unary) -> Part:
        return compile_unary(node.operator, self.compile(node.operand))

    def _binary(self, node: Binary) -> Part:
        left, right = self.compile(node.left), self.compile(node.right)
        part = compile_binary(node.operator, left, right)
        texts = _literal_texts(node.right) if node.operator == "in" else None
        return in_texts(left, texts) if texts else part

    def _logic(self, node: Logic) -> Part:
        return compile_logic(node.operator, [self.compile(one) for one in node.operands])

    def _member(self, node: Member) -> Part:
        base, key = self.compile(node.base), self.compile(node.key)
        nature = member_nature(base.nature, key.nature)
        if nature is None:
            raise FilterError(f"{base.nature.kind} has no such member")
        get_base, get_key, optional = base.run, key.run, node.optional

        def run(frame: Frame) -> object:
            holder = get_base(frame)
            if holder is _SHORT or (optional and holder is None):
                return _SHORT
            return fetch(holder, get_key(frame))

        return Part(run, nature, base.weight + key.weight + 1)

    def _chain(self, node: Chain) -> Part:
        inner = self.compile(node.inner)

        def run(frame: Frame) -> object:
            value = inner.run(frame)
            return None if value is _SHORT else value

        return Part(run, inner.nature, inner.weight)

    def _slice(self, node: Slice) -> Part:
        base = self.compile(node.base)
        start = self.compile(node.start) if node.start else literal_part(0, INT)
        end = self.compile(node.end) if node.end else literal_part(INT_MAX, INT)
        if not base.nature.fits("array", "string"):
            raise FilterError(f"{base.nature.kind} cannot be sliced")
        if not base.nature.is_open and not (start.nature.fits("int") and end.nature.fits("int")):
            raise FilterError("a slice takes integers")

        def run(frame: Frame) -> object:
            holder = base.run(frame)
            if isinstance(holder, str):
                frame.meter.read(holder)
            last = end.run(frame)
            return cut(holder, start.run(frame), last)

        nature = UNKNOWN if base.nature.is_open else base.nature
        return Part(run, nature, base.weight + start.weight + end.weight)

    def _call(self, node: Call) -> Part:
        arguments = [self.compile(one) for one in node.arguments]
        weight = _CALL_STEPS + sum(one.weight for one in arguments)
        if not isinstance(node.callee, Name) or node.callee.name in self._locals:
            callee = self.compile(node.callee)
            if not callee.nature.is_open:
                raise FilterError("only functions can be called")
            return Part(_calling(callee.run), UNKNOWN, weight)
        name, nature = node.callee.name, UNKNOWN
        check = self._environment.functions.get(name)
        if check is not None:
            nature = _checked(name, check, arguments)
        elif self._environment.is_closed:
            raise FilterError(_no_function(name))
        runs = [one.run for one in arguments]

        def run(frame: Frame) -> object:
            function = frame.calls.get(name)
            if function is None:
                raise FilterError(_no_function(name))
            return function([one(frame) for one in runs], frame.meter)

        return Part(run, nature, weight)

    def _builtin(self, node: Builtin) -> Part:
        if node.name in LOOPS:
            return self._loop(node)
        function = FUNCTIONS[node.name]
        arguments = [self.compile(one) for one in node.arguments]
        nature = _checked(node.name, function.check, arguments)
        runs, call = [one.run for one in arguments], function.run
        weight = 1 + sum(one.weight for one in arguments)
        return Part(lambda frame: call([one(frame) for one in runs], frame.meter), nature, weight)

    def _loop(self, node: Builtin) -> Part:
        loop = LOOPS[node.name]
        items = self.compile(node.arguments[0])
        body = extra = None
        if len(node.arguments) > 1:
            element = UNKNOWN if items.nature.is_open else items.nature.members
            self._scopes.append(_Scope(element, loop.pointers))
            body = self.compile(node.arguments[1])
            self._scopes.pop()
        if len(node.arguments) > 2:
            extra = self.compile(node.arguments[2])
            if node.name == "sortBy" and not extra.nature.fits("string"):
                raise FilterError("an order is asc or desc")
        return compile_loop(node.name, items, body, extra)

    def _conditional(self, node: Conditional) -> Part:
        condition, yes, no = map(self.compile, (node.condition, node.yes, node.no))
        if not condition.nature.fits("bool"):
            raise FilterError(f"{condition.nature.kind} is no condition")

        def run(frame: Frame) -> object:
            truth = condition.run(frame)
            if truth is True:
                return yes.run(frame)
            if truth is False:
                return no.run(frame)
            raise mismatch("a condition", truth)

        weight = condition.weight + yes.weight + no.weight
        return Part(run, meet(yes.nature, no.nature), weight)

    def _array(self, node: Array) -> Part:
        items = [self.compile(one) for one in node.items]
        kinds = {one.nature.kind for one in items}
        nature = array_of(items[-1].nature) if len(kinds) == 1 else ARRAY
        runs = [one.run for one in items]
        return Part(
            lambda frame: frame.meter.admit([one(frame) for one in runs]),
            array_of(UNKNOWN) if not items else nature,
            1 + sum(one.weight for one in items),
        )

    def _map(self, node: Map) -> Part:
        pairs = [(self.compile(key), self.compile(value)) for key, value in node.pairs]

        def run(frame: Frame) -> object:
            made: dict[object, object] = {}
            for get_key, get_value in pairs:
                key = get_key.run(frame)
                if not isinstance(key, str):
                    raise mismatch("a map's key", key)
                made[key] = get_value.run(frame)
            return frame.meter.admit(made)

        return Part(run, MAP, 1 + sum(key.weight + value.weight for key, value in pairs))

    def _let(self, node: Let) -> Part:
        name = node.name
        known = (self._environment.names, self._environment.functions, self._locals)
        if any(name in names for names in (*known, self._environment.refused, FUNCTIONS, LOOPS)):
            raise FilterError(f"{name} is there already")
        value = self.compile(node.value)
        slot, self.slots = self.slots, self.slots + 1
        self._locals[name] = slot, value.nature
        body = self.compile(node.body)
        del self._locals[name]

        def run(frame: Frame) -> object:
            frame.slots[slot] = value.run(frame)
            return body.run(frame)

        return Part(run, body.nature, value.weight + body.weight)

    def _sequence(self, node: Sequence) -> Part:
        *others, last = [self.compile(one) for one in node.parts]

        def run(frame: Frame) -> object:
            for other in others:
                other.run(frame)
            return last.run(frame)

        return Part(run, last.nature, last.weight + sum(one.weight for one in others))

    _COMPILERS: Mapping[type, Callable[["Compiler", Any], Part]] = {
        Literal: _literal,
        Name: _name,
        Pointer: _pointer,
        Unary: _unary,
        Binary: _binary,
        Logic: _logic,
        Member: _member,
        Chain: _chain,
        Slice: _slice,
        Call: _call,
        Builtin: _builtin,
        Conditional: _conditional,
        Array: _array,
        Map: _map,
        Let: _let,
        Sequence: _sequence,
    }


def _literal_texts(node: Node) -> frozenset[str] | None:
    """The items of an array that is written out and holds nothing but texts."""
    if not isinstance(node, Array):
        return None
    values = [one.value for one in node.items if isinstance(one, Literal)]
    texts = [one for one in values if isinstance(one, str)]
    return frozenset(texts) if len(texts) == len(node.items) else None


def _checked(name: str, check: Check, arguments: list[Part]) -> Nature:
    nature = check([one.nature for one in arguments])
    if nature is None:
        kinds = ", ".join(one.nature.kind for one in arguments)
        raise FilterError(f"{name} does not take ({kinds})")
    return nature


def _no_function(name: str) -> str:
    return f"there is no function {name}"


def _calling(callee: Run) -> Run:
    """A call of a value: none can be called, but it may not come to that."""

    def run(frame: Frame) -> object:
        if callee(frame) is _SHORT:
            return _SHORT
        raise FilterError("only functions can be called")

    return run
