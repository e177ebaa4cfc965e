"""What filters see of a node.  Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DataFunction:
    """A data plugin, as expressions call it.

    Attributes:
        run: answers a query, which is empty for a plugin that takes none; None when
            it failed, for it must not raise.
        takes_query: whether an expression must give one.
    """

    run: Callable[[str], Mapping[str, object] | None]
    takes_query: bool = True


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as filters see it; cheap to make, for a program may speak for many.

    Attributes:
        identity: its name.
        agents: names of all agents it knows.
        classes: its classes, as its configuration management wrote them.
        facts: decoded JSON: dict, list, str, int, float, bool and None.  Kept as they
            are: what changes them makes a new view.
        data: data plugins, by the name that expressions call them.
    """

    identity: str
    agents: Sequence[str] = ()
    classes: Sequence[str] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, DataFunction] = field(default_factory=dict)
