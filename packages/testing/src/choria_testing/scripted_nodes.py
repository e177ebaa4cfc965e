"""Nodes that do what a test tells them, on a real broker.

nodes = await scripted_nodes(broker, "n1.example", "n2.example")
nodes.answer = lambda asked: []          # nobody answers
nodes.requests[0].request.filter         # what they were asked
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Endpoint
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery, publish
from choria_core.protocol.codec import Sign, codec_of, decode_transport, reply_headers, seal_reply
from choria_core.protocol.messages import Reply, Request, Transport

PONG: Final = b"pong"
DONE: Final = b'{"action":"ping","statuscode":0,"statusmsg":"OK","data":{"pong":1795425826}}'


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as one node got it.

    Attributes:
        node: the identity.
        subject: where it came.
        body: of the message.
        transport, request: the same, opened.
    """

    node: str
    subject: str
    body: bytes
    transport: Transport
    request: Request

    def reply(
        self,
        payload: bytes | None = None,
        *,
        sender: str = "",
        request_id: str = "",
        sign: Sign | None = None,
        credential: bytes = b"",
    ) -> bytes:
        """A reply, as nodes make them unless told otherwise."""
        request = self.request
        usual = PONG if request.agent == "discovery" else DONE
        reply = Reply(
            request_id=request_id or request.request_id,
            sender=sender or self.node,
            agent=request.agent,
            time_ns=request.time_ns,
            payload=usual if payload is None else payload,
        )
        codec = codec_of(self.transport.version)
        document = seal_reply(codec, reply, sign=sign, credential=credential)
        return codec.encode_transport(
            document, reply_headers(self.transport, sender=sender or self.node)
        )


Answer = Callable[[Asked], Iterable[bytes]]


def usual_answer(asked: Asked) -> Iterable[bytes]:
    """One reply that is as it should be."""
    return [asked.reply()]


class ScriptedNodes:
    """Nodes that share one connection.

    Attributes:
        names: their identities.
        answer: gives what one of them answers to a request.
        requests: all that came, a broadcast once for each node.
        bodies: subject and body of every message, in order.
    """

    def __init__(self, transport: LeanTransport, names: Sequence[str]) -> None:
        self.names = names
        self.answer: Answer = usual_answer
        self.requests: list[Asked] = []
        self.bodies: list[tuple[str, bytes]] = []
        self._transport = transport

    def listen(self, collective: str) -> None:
        """Be there."""
        self._transport.add_sink(f"{collective}.broadcast.>", self._take)
        self._transport.add_sink(f"{collective}.node.>", self._take)

    def _take(self, delivery: Delivery) -> None:
        subject, body = bytes(delivery[0]).decode(), bytes(delivery[3])
        self.bodies.append((subject, body))
        _, kind, rest = subject.split(".", 2)
        for name in self.names if kind == "broadcast" else [rest]:
            if name in self.names:
                self._ask(name, subject, body)

    def _ask(self, name: str, subject: str, body: bytes) -> None:
        transport = decode_transport(body)
        codec = codec_of(transport.version)
        request = codec.decode_request(codec.decode_secure_request(transport.document()).signed)
        asked = Asked(name, subject, body, transport, request)
        self.requests.append(asked)
        for reply in self.answer(asked):
            target = transport.headers.reply_to.encode()
            self._transport.send(publish(target, b"", b"", reply))


@contextlib.asynccontextmanager
async def scripted_nodes(
    broker: Broker | Endpoint, *names: str, collective: str = "mcollective"
) -> AsyncIterator[ScriptedNodes]:
    """Nodes of these names, connected and listening."""
    endpoint = broker if isinstance(broker, Endpoint) else parse_endpoint(broker.url)
    async with await connect(endpoint, name="scripted nodes") as transport:
        nodes = ScriptedNodes(transport, names)
        nodes.listen(collective)
        await transport.flush()
        yield nodes
