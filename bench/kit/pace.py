"""How fast a count grew, from sights of it taken from outside.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from choria_core.errors import WorkError


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen at one moment.

    Attributes:
        moment: seconds of any steady clock.
        messages: how many there were.
    """

    moment: float
    messages: int


def pace_of(sights: Sequence[Sight], *, begin_at: int) -> float:
    """Messages per second, from the first sight of ``begin_at`` to the first of the last count.

    What happened before ``begin_at`` messages were there does not count:
    starting, connecting and creating are not copying.

    Raises:
        WorkError: there are no two such sights.
    """
    last = sights[-1].messages if sights else 0
    begin = next((sight for sight in sights if sight.messages >= begin_at), None)
    end = next((sight for sight in sights if sight.messages == last), None)
    if begin is None or end is None or end.messages <= begin.messages:
        raise WorkError(
            f"{last} messages within {len(sights)} sights are too few or came too fast to "
            "measure: measure with more messages"
        )
    return (end.messages - begin.messages) / (end.moment - begin.moment)
