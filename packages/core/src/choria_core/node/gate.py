"""Which of the requests that reach a node it acts on.  Pure.

The order is: collective, time, filter, repetition.  A request that is meant for
others is not remembered as seen, so the table of those that are holds no more
than what the node did.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from choria_core.errors import Refusal, RefusedError
from choria_core.filters.node_view import NodeView
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.ttl import Freshness, freshness
from choria_core.security.replay import ReplayTable


class Verdict(Enum):
    """What becomes of a request; only ``TAKEN`` ones are acted on, nobody else is answered."""

    TAKEN = "taken"
    UNVALIDATED = "for another collective"
    EXPIRED = "not of this time"
    FILTERED = "meant for others"
    REPEATED = "seen before"
    OVERLOADED = "too many requests at once"


@dataclass(slots=True)
class RequestCounts:
    """What a node has counted since its start; see :meth:`Gate.admit`.

    Attributes:
        total: requests that reached it.
        valid: taken.
        invalid: could not be opened or verified, or were not for it to see.
        passed: the filter meant this node.
        filtered: it did not.
        ttl_expired: too old, or made in the future.
        repeated: seen before.
        overloaded: for which there was no room, to do or to remember them.
        replies: sent.
    """

    total: int = 0
    valid: int = 0
    invalid: int = 0
    passed: int = 0
    filtered: int = 0
    ttl_expired: int = 0
    repeated: int = 0
    overloaded: int = 0
    replies: int = 0


class Gate:
    """The gate of one node.

    Args:
        collectives: that the node is in.
        started_ns: unix time of its start; what is older is refused.
    """

    def __init__(self, *, collectives: Collection[str], started_ns: int) -> None:
        self.counts = RequestCounts()
        self._collectives = frozenset(collectives)
        self._started_ns = started_ns
        self._seen = ReplayTable()

    def refuse(self) -> None:
        """Count a request that could not be opened."""
        self.counts.total += 1
        self.counts.invalid += 1

    def admit(
        self, opened: OpenedRequest, node: NodeView, *, now_ns: int, has_room: bool = True
    ) -> Verdict:
        """Decide on a request, and count it.

        Args:
            opened: by the opener of the node's network.
            node: as filters see it just now.
            now_ns: unix time.
            has_room: one more can be done now; what cannot is not remembered as seen, so that
                it may come again.
        """
        counts, request = self.counts, opened.request
        counts.total += 1
        if request.collective not in self._collectives:
            counts.invalid += 1
            return Verdict.UNVALIDATED
        fresh = freshness(request, now_ns=now_ns, started_ns=self._started_ns)
        if fresh is not Freshness.FRESH:
            counts.ttl_expired += 1
            return Verdict.EXPIRED
        if not opened.wanted.matches(node):
            counts.filtered += 1
            return Verdict.FILTERED
        counts.passed += 1
        if not has_room:
            counts.overloaded += 1
            return Verdict.OVERLOADED
        return self._remember(opened, now_ns)

    def _remember(self, opened: OpenedRequest, now_ns: int) -> Verdict:
        """Take a request that was not seen before."""
        counts, request = self.counts, opened.request
        try:
            self._seen.admit(
                opened.key,
                caller=request.caller,
                expires=request.time_ns / NANOSECONDS + request.ttl_seconds,
                now=now_ns / NANOSECONDS,
            )
        except RefusedError as error:
            if error.reason is Refusal.OVERLOADED:
                counts.overloaded += 1
                return Verdict.OVERLOADED
            counts.repeated += 1
            return Verdict.REPEATED
        counts.valid += 1
        return Verdict.TAKEN
