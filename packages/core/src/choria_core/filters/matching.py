"""Whether a request is meant for a node.  Pure.

    wanted = compile_filter(request.filter)
    for node in nodes:
        if wanted.matches(node): ...

A filter is compiled once and remembered, however many nodes it is held against.
"""

from dataclasses import dataclass
from functools import lru_cache

from choria_core.filters.compound import compile_compound, compound_matches
from choria_core.filters.expression.program import Program
from choria_core.filters.facts import fact_matches
from choria_core.filters.limits import PATTERNS, FilterError, Meter
from choria_core.filters.names import agent_matches, class_matches, identity_matches
from choria_core.filters.node_view import NodeView
from choria_core.filters.patterns import slashed
from choria_core.protocol.messages import FactFilter, Filter

_REMEMBERED = 256
_REMEMBERED_LENGTH = 16 * 1024  # of all texts of a filter: 4 MiB at worst


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A filter, ready to be held against nodes.

    Attributes:
        refusal: why it matches no node at all, where that is known beforehand.
    """

    _identity: tuple[str, ...]
    _agent: tuple[str, ...]
    _cf_class: tuple[str, ...]
    _fact: tuple[FactFilter, ...]
    _programs: tuple[Program, ...]
    refusal: str | None

    def matches(self, node: NodeView) -> bool:
        """Whether the request is meant for ``node``; what cannot be evaluated does not match."""
        try:
            return self.verdict(node)
        except FilterError:
            return False

    def verdict(self, node: NodeView) -> bool:
        """Like :meth:`matches`, but says why.

        Raises:
            FilterError: the filter cannot be evaluated for this node.
        """
        if self.refusal is not None:
            raise FilterError(self.refusal)
        meter = Meter()
        if self._identity and not self._names(node, meter):
            return False
        for agent in self._agent:
            if not agent_matches(agent, node.agents, meter):
                return False
        for cf_class in self._cf_class:
            if not class_matches(cf_class, node.classes, meter):
                return False
        for fact in self._fact:
            if not fact_matches(fact, node.facts, meter):
                return False
        return not self._programs or self._expressed(node, meter)

    def _names(self, node: NodeView, meter: Meter) -> bool:
        return any(identity_matches(one, node.identity, meter) for one in self._identity)

    def _expressed(self, node: NodeView, meter: Meter) -> bool:
        """Whether more expressions are true than false."""
        balance = 0
        for program in self._programs:
            balance += 1 if compound_matches(program, node, meter) else -1
        return balance > 0


def compile_filter(wanted: Filter) -> CompiledFilter:
    """``wanted`` ready for use; one that is malformed or beyond a limit says so in ``refusal``."""
    if _length(wanted) > _REMEMBERED_LENGTH:
        return _compiled(wanted)
    return _remembered(wanted)


def _length(wanted: Filter) -> int:
    length = 0
    for texts in (wanted.identity, wanted.agent, wanted.cf_class, wanted.compound):
        for text in texts:
            length += len(text)
    for fact in wanted.fact:
        length += len(fact.fact) + len(fact.operator) + len(fact.value)
    return length


@lru_cache(maxsize=_REMEMBERED)
def _remembered(wanted: Filter) -> CompiledFilter:
    return _compiled(wanted)


def _compiled(wanted: Filter) -> CompiledFilter:
    programs: list[Program] = []
    refusal = None
    try:
        _check_patterns(wanted)
        programs = [compile_compound(text) for text in wanted.compound]
    except FilterError as error:
        refusal = str(error)
    return CompiledFilter(
        _identity=wanted.identity,
        _agent=wanted.agent,
        _cf_class=wanted.cf_class,
        _fact=wanted.fact,
        _programs=tuple(programs),
        refusal=refusal,
    )


def _check_patterns(wanted: Filter) -> None:
    """Refuse too many patterns before any of them is compiled.

    Raises:
        FilterError: there are too many.
    """
    texts = (*wanted.identity, *wanted.agent, *wanted.cf_class)
    patterns = sum(slashed(text) is not None for text in texts)
    patterns += sum(fact.operator == "=~" for fact in wanted.fact)
    if patterns > PATTERNS:
        raise FilterError(f"more than {PATTERNS} patterns")
