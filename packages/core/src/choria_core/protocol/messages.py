"""What the documents of either protocol version say, without the version.  Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactFilter:
    """One comparison of a fact.

    Attributes:
        fact: path of the fact, in gjson's syntax.
        operator: one of ``== != < <= > >= =~``.
        value: what the fact is compared with; always text.
    """

    fact: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which nodes a request is meant for; the five kinds must all agree.

    Attributes:
        fact: comparisons, of which all must hold.
        cf_class: names or ``/pattern/`` of classes, of which all must be there.
        agent: names or ``/pattern/`` of agents, of which all must be there.
        identity: names or ``/pattern/``, of which one must be the node's.
        compound: expressions, of which more must be true than false.
    """

    fact: tuple[FactFilter, ...] = ()
    cf_class: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    compound: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked, so that every node is meant."""
        return not (self.fact or self.cf_class or self.agent or self.identity or self.compound)
