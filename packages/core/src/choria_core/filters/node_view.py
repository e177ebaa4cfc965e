"""What filters see of a node.  Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as filters see it; cheap to make, for a program may speak for many.

    Attributes:
        identity: its name.
        agents: names of all agents it knows.
        classes: its classes, as its configuration management wrote them.
        facts: decoded JSON: dict, list, str, int, float, bool and None.  Kept as they
            are: what changes them makes a new view.
        data: functions of data plugins, by name.  Each is called with the texts
            that an expression gives, none or one, and returns a dict, or raises
            ``FilterError``.
    """

    identity: str
    agents: Sequence[str] = ()
    classes: Sequence[str] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Callable[..., object]] = field(default_factory=dict)
