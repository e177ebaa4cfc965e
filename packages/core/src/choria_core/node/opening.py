"""Requests as they come from the network, opened and verified.  Pure.

    opener = RequestOpener(Version.V1, trust)
    opened = opener.open(body, now_ns=…)       # once
    for gate in gates:                         # then for each node that it reached
        verdict = gate.admit(opened, …)

What this yields says nothing about a node yet, so that a process that speaks for
many opens a request once, however many of them it was sent to.
"""

from dataclasses import dataclass
from typing import Protocol

from choria_core.errors import Refusal, RefusedError
from choria_core.filters.matching import CompiledFilter, compile_filter
from choria_core.protocol.base64_text import request_payload
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import (
    NANOSECONDS,
    Request,
    SecureRequest,
    Transport,
    Version,
)
from choria_core.security.replay import replay_key
from choria_core.security.verified import VerifiedSender


class RequestTrust(Protocol):
    """Who may make requests: certificates or tokens."""

    def verify_request(
        self, *, caller: str, signed: bytes, signature: bytes, credential: bytes, now: float
    ) -> VerifiedSender:
        """Decide whether ``caller`` signed; raises RefusedError when not."""


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request that is what it says, whoever it is for.

    Attributes:
        transport: how it came, and where replies go.
        request: the document.
        payload: for the agent.
        sender: who was verified to have made it; None where nobody is verified.
        key: by which a repetition is known.
        wanted: the filter.
    """

    transport: Transport
    request: Request
    payload: bytes
    sender: VerifiedSender | None
    key: bytes
    wanted: CompiledFilter


class RequestOpener:
    """Opens requests of one protocol version; others are not accepted, so that none is weaker.

    Args:
        version: of the network.
        trust: None in a network without security, where every caller is believed.
    """

    def __init__(self, version: Version, trust: RequestTrust | None) -> None:
        self._version = version
        self._codec = codec_of(version)
        self._trust = trust

    def open(self, body: bytes, *, now_ns: int) -> OpenedRequest:
        """Decode and verify.

        Args:
            body: as the network delivered it.
            now_ns: unix time.

        Raises:
            RefusedError: whoever made it may not.
            RemoteProtocolError: it is no request, or nobody could be answered.
        """
        transport = decode_transport(body, only=self._version)
        if not transport.headers.reply_to:
            raise RefusedError(Refusal.MALFORMED, "the request does not say where replies go")
        secure = self._codec.decode_secure_request(transport.document())
        request = self._codec.decode_request(secure.signed)
        return OpenedRequest(
            transport,
            request,
            request_payload(request.payload),
            self._verified(secure, request, now_ns / NANOSECONDS),
            replay_key(secure.signed),
            compile_filter(request.filter),
        )

    def _verified(
        self, secure: SecureRequest, request: Request, now: float
    ) -> VerifiedSender | None:
        if secure.signer:
            raise RefusedError(Refusal.DELEGATED, "requests signed by delegates are not accepted")
        if self._trust is None:
            return None
        return self._trust.verify_request(
            caller=request.caller,
            signed=secure.signed,
            signature=secure.signature,
            credential=secure.credential,
            now=now,
        )
