"""What is known about a value before an expression runs.  Pure.

The original refuses an expression whose types cannot fit, even in a branch that
would never be reached, so that the whole filter does not match.  Its rules are here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nature:
    """The type of a value, as far as it is known.

    Attributes:
        kind: ``unknown`` and ``any`` can be anything; ``any`` differs in that every
            type can stand for it.
        element: of an array, what its elements are.
        storage: of an array, what it was made to hold: functions of the environment
            tell arrays of texts from others.  Of a map, the type of its keys.
    """

    kind: str
    element: "Nature | None" = None
    storage: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the value can be anything."""
        return self.kind in {"unknown", "any"}

    @property
    def is_number(self) -> bool:
        """Whether it is an integer or a float."""
        return self.kind in {"int", "float"}

    @property
    def members(self) -> "Nature":
        """The nature of its elements."""
        return self.element or (ANY if self.kind == "map" else UNKNOWN)

    @property
    def declared(self) -> "Nature":
        """The same for those who know of an array only what it was made to hold."""
        return _DECLARED.get(self.storage, self) if self.kind == "array" else self

    def fits(self, *kinds: str) -> bool:
        """Whether it is one of ``kinds``, or may turn out to be."""
        return self.is_open or self.kind in kinds


def array_of(element: Nature) -> Nature:
    """An array of such elements, made to hold anything."""
    return Nature("array", element, "any")


UNKNOWN = Nature("unknown")
ANY = Nature("any")
NIL = Nature("nil")
BOOL = Nature("bool")
INT = Nature("int")
FLOAT = Nature("float")
STRING = Nature("string")
MAP = Nature("map", storage="string")
FREE_MAP = Nature("map", storage="any")
ARRAY = Nature("array", ANY, "any")
GROUPS = Nature("map", ARRAY, "groups")
TEXTS = Nature("array", STRING, "string")
INTS = array_of(INT)

_DECLARED = {"any": ARRAY, "string": TEXTS}


def is_assignable(one: Nature, to: Nature) -> bool:
    """Whether a value can stand where ``to`` is wanted."""
    if one.kind == "nil":
        return to.kind in {"any", "array", "map"}
    if "unknown" in {one.kind, to.kind} or to.kind == "nil":
        return False
    if to.kind == "any":
        return True
    return one.kind == to.kind and one.storage == to.storage


def is_comparable(one: Nature, other: Nature) -> bool:
    """Whether ``==`` is allowed between them."""
    if one.is_open or other.is_open or "nil" in {one.kind, other.kind}:
        return True
    if one.is_number and other.is_number:
        return True
    return one.kind == other.kind == "array" or is_assignable(one, other)


def meet(one: Nature, other: Nature) -> Nature:
    """What a value is that comes from one of two branches."""
    if one.kind == "nil":
        return other
    if other.kind == "nil":
        return one
    if is_assignable(one, other):
        if one.kind == other.kind == "array" and not _same_elements(one, other):
            return ARRAY
        return one
    return UNKNOWN


def _same_elements(one: Nature, other: Nature) -> bool:
    return is_assignable(one.members, other.members) and is_assignable(other.members, one.members)


_BINARY_KINDS = {
    "-": ("int", "float"),
    "*": ("int", "float"),
    "/": ("int", "float"),
    "**": ("int", "float"),
    "^": ("int", "float"),
    "%": ("int",),
    "..": ("int",),
    "+": ("int", "float", "string"),
    "contains": ("string",),
    "startsWith": ("string",),
    "endsWith": ("string",),
    "matches": ("string",),
    **dict.fromkeys(("<", ">", "<=", ">="), ("int", "float", "string")),
}
_ALWAYS = {"/": FLOAT, "**": FLOAT, "^": FLOAT, "%": INT, "..": INTS}
_ARITHMETIC = frozenset("+-*")


def binary_nature(operator: str, left: Nature, right: Nature) -> Nature | None:
    """What an operator makes of its operands; None where it cannot take them."""
    if operator in {"==", "!="}:
        return BOOL if is_comparable(left, right) else None
    if operator == "in":
        return BOOL if _may_contain(left, right) else None
    if operator == "??":
        return _either(left, right)
    kinds = _BINARY_KINDS[operator]
    if not (left.fits(*kinds) and right.fits(*kinds) and _alike(left, right)):
        return None
    return _sum(left, right) if operator in _ARITHMETIC else _ALWAYS.get(operator, BOOL)


def _either(left: Nature, right: Nature) -> Nature:
    if "nil" in {left.kind, right.kind}:
        return meet(left, right)
    return left if is_assignable(right, left) else UNKNOWN


def _sum(left: Nature, right: Nature) -> Nature:
    if left.is_open or right.is_open:
        return UNKNOWN
    return FLOAT if "float" in {left.kind, right.kind} else left


def _alike(left: Nature, right: Nature) -> bool:
    if left.is_open or right.is_open:
        return True
    return (left.is_number and right.is_number) or left.kind == right.kind


def _may_contain(needle: Nature, holder: Nature) -> bool:
    if holder.kind == "map":
        key = STRING if holder.storage == "string" else ANY
        return needle.is_open or is_assignable(needle, key)
    if holder.kind == "array":
        return is_comparable(needle, holder.members)
    return holder.is_open or (needle.is_open and holder.kind == "string")


def unary_nature(operator: str, operand: Nature) -> Nature | None:
    """What an operator makes of its operand; None where it cannot take it."""
    if operator == "not":
        return BOOL if operand.fits("bool") else None
    if operand.is_open:
        return UNKNOWN
    return operand if operand.is_number else None


def member_nature(base: Nature, key: Nature) -> Nature | None:
    """What a member is; None where the base has none by such a key."""
    if base.is_open:
        return UNKNOWN
    if base.kind == "map":
        known = STRING if base.storage == "string" else ANY
        return base.members if key.is_open or is_assignable(key, known) else None
    if base.kind == "array":
        return base.members if key.fits("int") else None
    return None
