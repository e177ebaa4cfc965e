"""What holds for every message in either direction, whatever its version.  Pure.

Readers blame the peer (``RemoteProtocolError``), writers our own caller
(``LocalProtocolError``): ``blame`` is the error to raise.
"""

from typing import Final

from choria_core.errors import ProtocolError
from choria_core.protocol.messages import (
    NANOSECONDS,
    OPERATORS,
    FactFilter,
    Headers,
    Reply,
    Request,
)
from choria_core.protocol.names import is_agent, is_identity, is_subject, require

MIN_TTL_SECONDS: Final = 30
MAX_TTL_SECONDS: Final = 18_000

MAX_TIME_SECONDS: Final = (2**63 - 1) // NANOSECONDS
"""The last second that 64 bits of nanoseconds can tell, in the year 2262."""


def check_headers(headers: Headers, blame: type[ProtocolError]) -> Headers:
    """Return ``headers`` whose names and subjects are allowed."""
    require(is_identity(headers.sender), "sender", headers.sender, blame)
    if headers.reply_to:
        require(is_subject(headers.reply_to), "reply subject", headers.reply_to, blame)
    federation = headers.federation
    if federation is not None:
        if federation.reply_to:
            require(is_subject(federation.reply_to), "reply subject", federation.reply_to, blame)
        for target in federation.targets:
            require(is_subject(target), "federation target", target, blame)
    return headers


def check_request(request: Request, blame: type[ProtocolError]) -> Request:
    """Return ``request`` when it keeps the rules; its id and caller are the version's affair."""
    require(is_identity(request.sender), "sender", request.sender, blame)
    require(is_identity(request.collective), "collective", request.collective, blame)
    require(is_agent(request.agent), "agent", request.agent, blame)
    if not MIN_TTL_SECONDS <= request.ttl_seconds <= MAX_TTL_SECONDS:
        raise blame(f"ttl not within {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} s")
    if not request.payload:
        raise blame("a request without payload")
    for fact in request.filter.fact:
        _check_fact(fact, blame)
    _check_time(request.time_ns, blame)
    return request


def check_reply(reply: Reply, blame: type[ProtocolError]) -> Reply:
    """Return ``reply`` when it keeps the rules; its id is the version's affair."""
    require(is_identity(reply.sender), "sender", reply.sender, blame)
    require(is_agent(reply.agent), "agent", reply.agent, blame)
    _check_time(reply.time_ns, blame)
    return reply


def _check_fact(fact: FactFilter, blame: type[ProtocolError]) -> None:
    if not fact.fact or not fact.value:
        raise blame("a fact filter without fact or value")
    if fact.operator not in OPERATORS:
        raise blame("a fact filter with an unknown operator")


def _check_time(time_ns: int, blame: type[ProtocolError]) -> None:
    if not 0 <= time_ns <= MAX_TIME_SECONDS * NANOSECONDS:
        raise blame("a time before 1970 or after 2262")
