"""Whether a message is its sender's own, and new.  Pure."""

from typing import Final

from choria_core.errors import Refusal, RefusedError
from choria_core.protocol.messages import (
    NANOSECONDS,
    Reply,
    Request,
    SecureReply,
    SecureRequest,
    Version,
)
from choria_core.protocol.ttl import Freshness, freshness_of
from choria_core.security.replay import ReplayTable, replay_key
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_trust import X509Trust

REPLY_TTL_SECONDS: Final = 60
"""Replies tell no time to live; they get that of requests that tell none either."""

MAX_ENTRIES: Final = 1 << 19
"""Messages of a minute at 8,000 a second; a table that is full refuses."""

_REASONS: Final = {
    Freshness.EXPIRED: Refusal.EXPIRED,
    Freshness.AHEAD: Refusal.NOT_YET_VALID,
    Freshness.BEFORE_START: Refusal.EXPIRED,
}


class NodeVerifier:
    """Believes what nodes signed themselves, once.

    Who may call plays no part: nobody calls here.

    Args:
        x509: who vouches for nodes in version 1; None where nobody does.
        tokens: likewise in version 2.
        started_ns: unix time of the adapter's start; what is older is refused, as it may have
            been taken before.
    """

    def __init__(
        self, *, x509: X509Trust | None, tokens: TokenTrust | None, started_ns: int
    ) -> None:
        self._x509 = x509
        self._tokens = tokens
        self._started_ns = started_ns
        self._seen = ReplayTable(max_entries=MAX_ENTRIES)

    def check_request(
        self, version: Version, secure: SecureRequest, request: Request, *, now_ns: int
    ) -> None:
        """Return when ``request`` is its sender's, and was not seen before.

        Raises:
            RefusedError: it is not; says why.
        """
        if secure.signer:
            raise RefusedError(Refusal.DELEGATED, "messages signed by delegates are not taken")
        sealed = (secure.signed, secure.signature, secure.credential)
        self._check_sender(version, request.sender, *sealed, now_ns=now_ns)
        times = (request.time_ns, request.ttl_seconds)
        self._check_newness(secure.signed, request.sender, *times, now_ns=now_ns)

    def check_reply(
        self, version: Version, secure: SecureReply, reply: Reply, *, now_ns: int
    ) -> None:
        """Return when ``reply`` is its sender's, and was not seen before.

        Raises:
            RefusedError: it is not; says why.
        """
        if version is Version.V1:
            raise RefusedError(Refusal.UNSIGNED, "replies of version 1 are not signed")
        sealed = (secure.signed, secure.signature, secure.credential)
        self._check_sender(version, reply.sender, *sealed, now_ns=now_ns)
        times = (reply.time_ns, REPLY_TTL_SECONDS)
        self._check_newness(secure.signed, reply.sender, *times, now_ns=now_ns)

    def _check_sender(
        self,
        version: Version,
        sender: str,
        signed: bytes,
        signature: bytes,
        credential: bytes,
        *,
        now_ns: int,
    ) -> None:
        trust = self._x509 if version is Version.V1 else self._tokens
        if trust is None:
            raise RefusedError(
                Refusal.UNTRUSTED, f"nobody is trusted to vouch in protocol version {version:d}"
            )
        trust.verify_node(
            identity=sender,
            signed=signed,
            signature=signature,
            credential=credential,
            now=now_ns / NANOSECONDS,
        )

    def _check_newness(
        self, signed: bytes, sender: str, time_ns: int, ttl_seconds: int, *, now_ns: int
    ) -> None:
        fresh = freshness_of(time_ns, ttl_seconds, now_ns=now_ns, started_ns=self._started_ns)
        if fresh is not Freshness.FRESH:
            raise RefusedError(_REASONS[fresh], f"the message is {fresh.value}")
        self._seen.admit(
            replay_key(signed),
            caller=sender,
            expires=time_ns / NANOSECONDS + ttl_seconds,
            now=now_ns / NANOSECONDS,
        )
