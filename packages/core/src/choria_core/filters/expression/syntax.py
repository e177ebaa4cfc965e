"""The parts of an expression's tree.  Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, truth value or nil."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a loop is at: its element, or by name ``#index`` and ``#acc``."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``not``, ``-`` or ``+`` before an operand."""

    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two operands."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` between two or more operands."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a map or an element of an array; ``optional`` after ``?.``."""

    base: "Node"
    key: "Node"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Members with ``?.`` among them: nil as a whole where one of those meets nil."""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an array or a text."""

    base: "Node"
    start: "Node | None"
    end: "Node | None"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the environment."""

    callee: "Node"
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language; the second argument of a loop is its body."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    """``condition ? yes : no`` or ``if``."""

    condition: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class Array:
    """``[a, b]``."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Map:
    """``{a: b}``."""

    pairs: tuple[tuple["Node", "Node"], ...]


@dataclass(frozen=True, slots=True)
class Let:
    """``let name = value; body``."""

    name: str
    value: "Node"
    body: "Node"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Expressions behind each other; the last one counts."""

    parts: tuple["Node", ...]


Node = (
    Literal
    | Name
    | Pointer
    | Unary
    | Binary
    | Logic
    | Member
    | Chain
    | Slice
    | Call
    | Builtin
    | Conditional
    | Array
    | Map
    | Let
    | Sequence
)
