"""Whether a request is of now.  Pure."""

from enum import Enum
from typing import Final

from choria_core.protocol.messages import NANOSECONDS, Request

MAX_AHEAD_SECONDS: Final = 60
"""How much a caller's clock may be ahead of ours."""


class Freshness(Enum):
    """What the time of a request says; only ``FRESH`` ones are acted on."""

    FRESH = "fresh"
    EXPIRED = "older than its ttl"
    AHEAD = "made in the future"
    BEFORE_START = "made before this server started"


def freshness(request: Request, *, now_ns: int, started_ns: int) -> Freshness:
    """Judge the time of ``request``.

    What is older than the server is refused, as a server that was started anew
    does not know what it has seen before.  Version 1 tells whole seconds, so
    the second of the start counts as a whole.

    Args:
        request: of which ``time_ns`` and ``ttl_seconds`` count.
        now_ns: unix time.
        started_ns: unix time of this server's start.
    """
    return freshness_of(request.time_ns, request.ttl_seconds, now_ns=now_ns, started_ns=started_ns)


def freshness_of(time_ns: int, ttl_seconds: int, *, now_ns: int, started_ns: int) -> Freshness:
    """Judge a message that was made at ``time_ns``; otherwise as :func:`freshness`."""
    ttl_ns = ttl_seconds * NANOSECONDS
    age_ns = now_ns - time_ns
    if age_ns >= ttl_ns:
        return Freshness.EXPIRED
    if -age_ns >= ttl_ns or -age_ns > MAX_AHEAD_SECONDS * NANOSECONDS:
        return Freshness.AHEAD
    if time_ns < started_ns - started_ns % NANOSECONDS:
        return Freshness.BEFORE_START
    return Freshness.FRESH
