"""Compiled expressions, ready to run.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from choria_core.filters.expression.compiler import Compiler, Environment
from choria_core.filters.expression.frame import Calls, Frame, Part
from choria_core.filters.expression.parser import parse
from choria_core.filters.limits import FilterError, Meter


@dataclass(frozen=True, slots=True)
class Program:
    """An expression; the same for every node."""

    _part: Part
    _slots: int

    def value(self, names: Mapping[str, object], calls: Calls, meter: Meter) -> object:
        """What the expression comes to.

        Raises:
            FilterError: types that do not fit, something missing, or too much work.
        """
        meter.spend(self._part.weight)
        return self._part.run(Frame(names, calls, meter, slots=self._slots))

    def is_true(self, names: Mapping[str, object], calls: Calls, meter: Meter) -> bool:
        """Whether it comes to true; nil counts as false.

        Raises:
            FilterError: as above, or it comes to something else.
        """
        value = self.value(names, calls, meter)
        if value is None:
            return False
        if isinstance(value, bool):
            return value
        raise FilterError("the expression gives neither true nor false")


def compile_expression(text: str, environment: Environment) -> Program:
    """A program of any result.

    Raises:
        FilterError: the text is malformed, too large, or its types cannot fit.
    """
    compiler = Compiler(environment)
    part = compiler.compile(parse(text))
    return Program(part, compiler.slots)


def compile_condition(text: str, environment: Environment) -> Program:
    """A program that says true or false.

    Raises:
        FilterError: as above, or it can only give something else.
    """
    compiler = Compiler(environment)
    part = compiler.compile(parse(text))
    if not part.nature.fits("bool"):
        raise FilterError(f"the expression gives {part.nature.kind}, not true or false")
    return Program(part, compiler.slots)
