"""What chance does to the requests of a group, as the plan wants.  Pure."""

from choria_emulator.fleet.draws import Draws, drops, fails, is_slow, latency_seconds
from choria_emulator.fleet.plan import Behaviour, Group


class Whims:
    """The draws of one group.

    Args:
        draws: of the fleet.
        group: of which the behaviour counts.
    """

    __slots__ = ("_draws", "_group")

    def __init__(self, draws: Draws, group: Group) -> None:
        self._draws = draws
        self._group = group

    def drops(self, identity: str, ordinal: int) -> bool:
        """Whether a node leaves its request number ``ordinal`` unanswered."""
        return drops(self._draws, self._group, identity, ordinal)

    def fails(self, identity: str, ordinal: int) -> bool:
        """Whether it answers it with a failure."""
        return fails(self._draws, self._group, identity, ordinal)

    def wait_seconds(self, identity: str, ordinal: int) -> float:
        """How long it thinks before it answers."""
        behaviour = self._group.behaviour
        wait = latency_seconds(self._draws, behaviour, identity, ordinal)
        if behaviour.slow and is_slow(self._draws, self._group, identity):
            wait += behaviour.slow_seconds
        return wait


def has_whims(behaviour: Behaviour) -> bool:
    """Whether anything of that happens in a group."""
    return bool(behaviour.latency or behaviour.slow or behaviour.drop or behaviour.fail)
