"""Closures for the operators of an expression.  Pure."""

from collections.abc import Callable

from choria_core.filters.expression.frame import NOT_LITERAL, Frame, Part, Run
from choria_core.filters.expression.natures import BOOL, Nature, binary_nature, unary_nature
from choria_core.filters.expression.values import (
    add,
    arithmetic,
    as_index,
    compare,
    contains,
    equal,
    mismatch,
    negative,
    text_pair,
)
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import metered_pattern, pattern

_RANGE_ITEM_BYTES = 8


def compile_unary(operator: str, operand: Part) -> Part:
    """An operator before an operand.

    Raises:
        FilterError: the operand's type does not fit.
    """
    nature = unary_nature(operator, operand.nature)
    if nature is None:
        raise FilterError(f"{operator} does not take {operand.nature.kind}")
    run = {"not": _not, "-": _negative, "+": _same}[operator](operand.run)
    return _folded(Part(run, nature, operand.weight + 1), operand)


def compile_binary(operator: str, left: Part, right: Part) -> Part:
    """An operator between two operands.

    Raises:
        FilterError: their types do not fit.
    """
    nature = binary_nature(operator, left.nature, right.nature)
    if nature is None:
        kinds = f"{left.nature.kind} and {right.nature.kind}"
        raise FilterError(f"{operator} does not take {kinds}")
    if operator == "matches" and isinstance(right.literal, str):
        run = _matches_always(left.run, right.literal)
    else:
        run = _BINARY.get(operator, _calculated(operator))(left.run, right.run)
    part = Part(run, nature, left.weight + right.weight + 1)
    if operator in _FOLDED or (operator == "==" and _are_simple(left.literal, right.literal)):
        return _folded(part, left, right)
    return part


_FOLDED = frozenset({"+", "-", "*", "/", "%", "**", "^"})


def _are_simple(one: object, other: object) -> bool:
    return type(one) is type(other) and isinstance(one, int | str)


def _folded(part: Part, *operands: Part) -> Part:
    """``part`` with its value, where its operands are literals."""
    if any(one.literal is NOT_LITERAL for one in operands):
        return part
    value = part.run(Frame({}, {}, Meter(), slots=0))
    return Part(lambda _frame: value, part.nature, part.weight, value)


def compile_logic(operator: str, operands: list[Part]) -> Part:
    """``and`` or ``or`` between operands, of which only those that matter run.

    Raises:
        FilterError: one cannot be true or false.
    """
    if not all(one.nature.fits("bool") for one in operands):
        raise FilterError(f"{operator} takes true and false")
    decisive = operator == "or"
    if any(one.literal is decisive for one in operands):
        return literal_part(decisive, BOOL)
    rest = [one for one in operands if one.literal is not (not decisive)]
    if not rest:
        return literal_part(not decisive, BOOL)
    weight = 1 + sum(one.weight for one in rest)
    *others, last = (one.run for one in rest)
    return Part(_decided(others, last, decisive=decisive), BOOL, weight)


def _decided(others: list[Run], last: Run, *, decisive: bool) -> Run:
    def run(frame: Frame) -> object:
        for other in others:
            value = other(frame)
            if value is decisive:
                return value
            if value is not (not decisive):
                raise mismatch("and, or", value)
        return last(frame)

    return run


def literal_part(value: object, nature: Nature) -> Part:
    """A value that is known."""
    return Part(lambda _frame: value, nature, 1, value)


def _not(operand: Run) -> Run:
    def run(frame: Frame) -> bool:
        value = operand(frame)
        if value is True:
            return False
        if value is False:
            return True
        raise mismatch("not", value)

    return run


def _negative(operand: Run) -> Run:
    return lambda frame: negative(operand(frame))


def _same(operand: Run) -> Run:
    return operand


def _equals(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        if isinstance(one, list | dict):
            frame.meter.admit(one)
        return equal(one, other)

    return run


def _differs(left: Run, right: Run) -> Run:
    equals = _equals(left, right)
    return lambda frame: not equals(frame)


def _adds(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> object:
        one, other = left(frame), right(frame)
        if isinstance(one, str) and isinstance(other, str):
            frame.meter.admit_bytes(len(one) + len(other))
        return add(one, other)

    return run


def _in(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> bool:
        needle, holder = left(frame), right(frame)
        if isinstance(holder, list):
            frame.meter.spend(len(holder) >> 3)
            if isinstance(needle, list | dict):
                frame.meter.admit(holder)
        return contains(needle, holder)

    return run


def in_texts(left: Part, texts: frozenset[str]) -> Part:
    """``left in ["a", "b"]``: nil counts as the empty text, other types do not compare."""

    def run(frame: Frame) -> bool:
        needle = left.run(frame)
        if needle is None:
            needle = ""
        if not isinstance(needle, str):
            raise mismatch("in", needle, "")
        return needle in texts

    return Part(run, BOOL, left.weight + 2)


def _coalesces(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> object:
        value = left(frame)
        return right(frame) if value is None else value

    return run


def _ranges(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> object:
        first, last = as_index(left(frame)), as_index(right(frame))
        frame.meter.admit_bytes(_RANGE_ITEM_BYTES * max(last - first + 1, 0))
        return list(range(first, last + 1))

    return run


def _textual(operator: str, judge: Callable[[str, str], bool]) -> Callable[[Run, Run], Run]:
    def closure(left: Run, right: Run) -> Run:
        def run(frame: Frame) -> bool:
            pair = text_pair(operator, left(frame), right(frame))
            if pair is None:
                return False
            frame.meter.read(pair[0])
            frame.meter.read(pair[1])
            return judge(*pair)

        return run

    return closure


def _matches(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> bool:
        pair = text_pair("matches", left(frame), right(frame))
        if pair is None:
            return False
        return metered_pattern(pair[1], frame.meter).is_in(pair[0], frame.meter)

    return run


def _matches_always(left: Run, text: str) -> Run:
    wanted = pattern(text)

    def run(frame: Frame) -> bool:
        value = left(frame)
        if value is None:
            return False
        if not isinstance(value, str):
            raise mismatch("matches", value)
        frame.meter.admit_pattern(text)
        return wanted.is_in(value, frame.meter)

    return run


def _compares(operator: str) -> Callable[[Run, Run], Run]:
    def closure(left: Run, right: Run) -> Run:
        return lambda frame: compare(operator, left(frame), right(frame))

    return closure


def _calculated(operator: str) -> Callable[[Run, Run], Run]:
    def closure(left: Run, right: Run) -> Run:
        return lambda frame: arithmetic(operator, left(frame), right(frame))

    return closure


_BINARY: dict[str, Callable[[Run, Run], Run]] = {
    "==": _equals,
    "!=": _differs,
    "+": _adds,
    "in": _in,
    "??": _coalesces,
    "..": _ranges,
    "matches": _matches,
    "contains": _textual("contains", lambda text, part: part in text),
    "startsWith": _textual("startsWith", str.startswith),
    "endsWith": _textual("endsWith", str.endswith),
    **{operator: _compares(operator) for operator in ("<", "<=", ">", ">=")},
}
