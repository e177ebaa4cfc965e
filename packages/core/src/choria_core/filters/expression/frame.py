"""What a running expression sees, and what one is compiled to.  Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from choria_core.filters.expression.natures import Nature
from choria_core.filters.limits import Meter

Calls = Mapping[str, Callable[[list[object], Meter], object]]
"""Functions of the environment, by name."""


class Frame:
    """The state of one run.

    Attributes:
        meter: counts the work.
        names: variables of the environment.
        calls: its functions.
        slots: variables of the expression itself.
        item, index, acc: where the innermost loop is.
    """

    __slots__ = ("acc", "calls", "index", "item", "meter", "names", "slots")

    def __init__(
        self, names: Mapping[str, object], calls: Calls, meter: Meter, *, slots: int
    ) -> None:
        self.meter = meter
        self.names = names
        self.calls = calls
        self.slots: list[object] = [None] * slots
        self.item: object = None
        self.index = 0
        self.acc: object = None


Run = Callable[[Frame], object]


class NotLiteral:
    """The type of :data:`NOT_LITERAL`."""


NOT_LITERAL = NotLiteral()


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled part of an expression.

    Attributes:
        run: computes its value.
        nature: what is known of the value.
        weight: steps that one run takes; the bodies of loops are counted by them.
        literal: its value where it is known already, else :data:`NOT_LITERAL`.
    """

    run: Run
    nature: Nature
    weight: int = 1
    literal: object = NOT_LITERAL
