"""Requests, made ready to be published.  Pure.

envelope = Envelope(party=party, request_id="…", agent="rpcutil", collective="mcollective",
                    ttl_seconds=60, reply_to="…", server="nats://…")
body = envelope.seal(payload, wanted, now_ns=…)     # the same bytes for every node
"""

from dataclasses import dataclass, field

from choria_core.network.party import Party
from choria_core.protocol.codec import codec_of, seal_request
from choria_core.protocol.messages import Federation, Filter, Headers, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the messages of one request have in common.

    Attributes:
        party: who asks.
        request_id: replies carry it.
        agent, collective: whom the request is for.
        ttl_seconds: how long nodes accept it.
        reply_to: where replies go.
        server: URL of the broker, of which the message's way tells.
    """

    party: Party = field(repr=False)
    request_id: str
    agent: str
    collective: str
    ttl_seconds: int
    reply_to: str
    server: str

    def document(self, payload: bytes, wanted: Filter, *, now_ns: int) -> bytes:
        """The secure request, signed where the network signs.

        Raises:
            LocalProtocolError: a name cannot be part of a request.
        """
        party = self.party
        request = Request(
            request_id=self.request_id,
            sender=party.identity,
            caller=party.caller,
            collective=self.collective,
            agent=self.agent,
            ttl_seconds=self.ttl_seconds,
            time_ns=now_ns,
            payload=payload,
            filter=wanted,
        )
        codec = codec_of(party.version)
        return seal_request(codec, request, sign=party.sign, credential=party.credential)

    def close(self, document: bytes, targets: tuple[str, ...] = ()) -> bytes:
        """The transport that carries ``document``.

        Args:
            document: of :meth:`document`.
            targets: subjects in the networks of a federation; none within one network.
        """
        federation = None
        if targets:
            federation = Federation(request_id=self.request_id, targets=targets)
        headers = Headers(
            sender=self.party.identity,
            reply_to=self.reply_to,
            seen_by=((self.server, self.party.identity, self.server),),
            federation=federation,
        )
        return codec_of(self.party.version).encode_transport(document, headers)
