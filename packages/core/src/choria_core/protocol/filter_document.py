"""A filter as both versions write it.  Pure.

A compound filter is a list around one object with one expression.  Ruby
clients of old sent lists of terms instead: such a request matches no node, so
it is refused like any other that cannot be read.
"""

from msgspec import Struct

from choria_core.protocol.messages import FactFilter, Filter


class _Expression(Struct, frozen=True, gc=False):
    expr: str


class FilterDocument(Struct, frozen=True, gc=False, kw_only=True):
    """A filter on the wire; only ``agent`` may be missing."""

    fact: tuple[FactFilter, ...]
    cf_class: tuple[str, ...]
    agent: tuple[str, ...] = ()
    identity: tuple[str, ...]
    compound: tuple[tuple[_Expression], ...]

    def filter(self) -> Filter:
        """What it says."""
        return Filter(
            fact=self.fact,
            cf_class=self.cf_class,
            agent=self.agent,
            identity=self.identity,
            compound=tuple(expression.expr for (expression,) in self.compound),
        )


def filter_document(asked: Filter) -> FilterDocument:
    """How ``asked`` is written."""
    return FilterDocument(
        fact=asked.fact,
        cf_class=asked.cf_class,
        agent=asked.agent,
        identity=asked.identity,
        compound=tuple((_Expression(text),) for text in asked.compound),
    )
