"""Many nodes in one process, that answer as fast as a broker takes it.

    python -m bench.network.responders URL COUNT

They answer the discovery agent's broadcast, and `rpcutil` by the node's own subject, over
two connections.  Replies are those of unsecured nodes of protocol version 1.  The program
prints a line when it is ready, and ends with the process that started it.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Iterator
from typing import Final

from bench.network.names import COLLECTIVE, node_name
from bench.network.reply_template import ReplyTemplate
from choria_core.event_loop import run_async
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery
from choria_core.parent_watch import until_parent_ends
from choria_core.protocol import v1
from choria_core.protocol.codec import decode_transport

FRAMES_AT_ONCE: Final = 500
"""After so many replies the broker must have taken them before more are made."""

PONG: Final = b"pong"
PING_REPLY: Final = b'{"action":"ping","statuscode":0,"statusmsg":"OK","data":{"pong":%d}}'


class BroadcastResponder:
    """Answers discovery with one reply of every node."""

    def __init__(self, transport: LeanTransport, names: list[bytes]) -> None:
        self._transport = transport
        self._names = names
        self._requests: asyncio.Queue[bytes] = asyncio.Queue(maxsize=16)
        transport.add_sink(f"{COLLECTIVE}.broadcast.agent.discovery", self._take)

    def _take(self, delivery: Delivery) -> None:
        self._requests.put_nowait(delivery[3])

    async def run(self) -> None:
        """Answer for ever."""
        while True:
            template = template_for(await self._requests.get(), self._transport, payload=PONG)
            for names in _portions(self._names):
                self._transport.send(b"".join(map(template.frame, names)))
                await self._transport.flush(timeout_seconds=60.0)


class DirectResponder:
    """Answers for the node that a request is sent to; a client sends all the same bytes."""

    def __init__(self, transport: LeanTransport) -> None:
        self._transport = transport
        self._request = b""
        self._template: ReplyTemplate | None = None
        self._frames: list[bytes] = []
        self._skipped = len(f"{COLLECTIVE}.node.")
        transport.add_sink(f"{COLLECTIVE}.node.>", self._take)
        transport.after_chunk.append(self._send)

    def _take(self, delivery: Delivery) -> None:
        subject, _, _, body = delivery
        if self._template is None or body != self._request:
            payload = PING_REPLY % time.time()
            self._template = template_for(body, self._transport, payload=payload)
            self._request = body
        self._frames.append(self._template.frame(bytes(subject[self._skipped :])))

    def _send(self) -> None:
        if self._frames:
            self._transport.send(b"".join(self._frames))
            self._frames.clear()


def template_for(body: bytes, transport: LeanTransport, *, payload: bytes) -> ReplyTemplate:
    """Read a request as little as it takes to answer it."""
    outside = decode_transport(bytes(body))
    request = v1.decode_request(v1.decode_secure_request(outside.document()).signed)
    return ReplyTemplate(
        reply_to=outside.headers.reply_to,
        request_id=request.request_id,
        agent=request.agent,
        payload=payload,
        time_ns=time.time_ns(),
        server=transport.server.url,
    )


def _portions(names: list[bytes]) -> Iterator[list[bytes]]:
    every = iter(names)
    while portion := list(itertools.islice(every, FRAMES_AT_ONCE)):
        yield portion


async def _respond(url: str, count: int, *, parent: int) -> None:
    endpoint = parse_endpoint(url)
    names = [node_name(number).encode() for number in range(count)]
    async with (
        await connect(endpoint, name="broadcast") as broadcast,
        await connect(endpoint, name="direct") as direct,
        asyncio.TaskGroup() as tasks,
    ):
        responder = BroadcastResponder(broadcast, names)
        DirectResponder(direct)
        answering = tasks.create_task(responder.run())
        await broadcast.flush()
        await direct.flush()
        print("ready", flush=True)
        await until_parent_ends(parent)
        answering.cancel()


if __name__ == "__main__":
    run_async(_respond(sys.argv[1], int(sys.argv[2]), parent=os.getppid()))
