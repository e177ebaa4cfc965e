"""What chance decides in a fleet, so that anybody can decide it again.  Pure.

Nothing here keeps state: a draw is the hash of what it is about, so it is the same in
whichever process, and in whichever order, the nodes are asked::

    text  = "<seed> <effect> <identity> <ordinal>"     for example "42 slow web-7 0"
    hash  = BLAKE2b of text, 8 bytes, read as one number with the high byte first
    share = (hash >> 11) / 2**53                        evenly from 0 to just below 1

``printf '42 slow web-7 0' | b2sum -l 64`` prints the same hash.
"""

from hashlib import blake2b
from typing import Final

from choria_emulator.fleet.plan import Behaviour, Group

MINUTE_SECONDS: Final = 60.0
_UNUSED_BITS: Final = 11
_STEP: Final = 2.0**-53


class Draws:
    """All chance of a fleet.

    Args:
        seed: whole number that names the run; the same one draws the same again.
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def share(self, effect: str, identity: str, ordinal: int = 0) -> float:
        """Evenly at least 0 and less than 1.

        Args:
            effect: what is decided, for example ``drop``.
            identity: of the node that it is decided for.
            ordinal: which decision of that kind it is at that node.
        """
        text = f"{self._seed} {effect} {identity} {ordinal}".encode()
        number = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
        return (number >> _UNUSED_BITS) * _STEP

    def between(
        self, low: float, high: float, effect: str, identity: str, ordinal: int = 0
    ) -> float:
        """Evenly between ``low`` and ``high``."""
        return low + (high - low) * self.share(effect, identity, ordinal)


def is_slow(draws: Draws, group: Group, identity: str) -> bool:
    """Whether a node is one of the slow ones; it is or is not for the whole run."""
    slow = group.behaviour.slow
    return slow > 0.0 and draws.share("slow", identity) < slow


def drops(draws: Draws, group: Group, identity: str, ordinal: int) -> bool:
    """Whether a node leaves its request number ``ordinal`` unanswered."""
    drop = group.behaviour.drop
    return drop > 0.0 and draws.share("drop", identity, ordinal) < drop


def fails(draws: Draws, group: Group, identity: str, ordinal: int) -> bool:
    """Whether a node answers its request number ``ordinal`` with a failure."""
    fail = group.behaviour.fail
    return fail > 0.0 and draws.share("fail", identity, ordinal) < fail


def latency_seconds(draws: Draws, behaviour: Behaviour, identity: str, ordinal: int) -> float:
    """How long a node thinks about its request number ``ordinal``; a slow one longer still."""
    latency = behaviour.latency
    if latency is None:
        return 0.0
    if latency.spread_seconds <= 0.0:
        return latency.mean_seconds
    share = draws.share("latency", identity, ordinal)
    return latency.mean_seconds + latency.spread_seconds * (2.0 * share - 1.0)


def churn_minute(draws: Draws, behaviour: Behaviour, identity: str, minute: int) -> float | None:
    """When within minute ``minute`` of the run a node loses its connection.

    One draw decides both whether, and when: below the share of the nodes that churn it is
    spread evenly over the minute.

    Returns:
        Seconds from the start of that minute, below 60; None for never in that minute.
    """
    churn = behaviour.churn
    if churn <= 0.0:
        return None
    share = draws.share("churn", identity, minute)
    return share / churn * MINUTE_SECONDS if share < churn else None
