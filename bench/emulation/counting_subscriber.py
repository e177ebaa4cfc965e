"""Ask all nodes, and count who answers: the least that a client can do.

    python -m bench.emulation.counting_subscriber URL QUESTION NODES COUNT SECONDS PATIENCE

Of a reply nothing is read but its sender, who counts once for each request; the first and
the last are read whole.  The next request is made when all nodes have answered, or after
PATIENCE seconds.  There are COUNT requests, or more if those are over within SECONDS, and one
before them that does not count.  Prints JSON: of each request the seconds until the last
answer, and how many nodes did not give one.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from typing import Final

from bench.emulation.questions import QUESTIONS, Question, replies_to
from choria_core.event_loop import run_async
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.wire import Delivery

_MARK: Final = b'"mc_sender":"'


class Count:
    """Who has answered one request.

    Attributes:
        senders: names.
        first, last: replies.
        complete: set when so many nodes have answered.
    """

    def __init__(self, nodes: int) -> None:
        self.senders: set[bytes] = set()
        self.first = b""
        self.last = b""
        self.complete = asyncio.Event()
        self._nodes = nodes
        self._seen = 0
        self._asked_at = self._last_at = time.perf_counter()

    @property
    def seconds(self) -> float:
        """From the request to the last new sender; 0 where nobody answered."""
        return self._last_at - self._asked_at

    @property
    def missing(self) -> int:
        """Nodes that have not answered."""
        return self._nodes - len(self.senders)

    def start(self) -> None:
        """The request is made now."""
        self._asked_at = self._last_at = time.perf_counter()

    def take(self, delivery: Delivery) -> None:
        """Count a reply."""
        body = delivery[3]
        begin = body.rindex(_MARK) + len(_MARK)
        self.senders.add(body[begin : body.index(b'"', begin)])
        self.last = body

    def look(self) -> None:
        """After each read of the socket: note the time, and whether that was all."""
        senders = len(self.senders)
        if senders == self._seen:
            return
        self._seen = senders
        self._last_at = time.perf_counter()
        if not self.first:
            self.first = self.last
        if senders >= self._nodes:
            self.complete.set()


async def ask(
    transport: LeanTransport, question: Question, nodes: int, *, within_seconds: float
) -> tuple[float, int]:
    """Ask once: seconds until the last answer, and how many are missing.

    Raises:
        RemoteProtocolError: the first or the last reply is no good answer.
    """
    request_id = os.urandom(16).hex()
    count = Count(nodes)
    subscription = transport.add_sink(replies_to(request_id), count.take)
    transport.after_chunk.append(count.look)
    await transport.flush()
    body = question.body(request_id=request_id, time_ns=time.time_ns())
    count.start()
    await transport.publish(question.subject, body)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            await count.complete.wait()
    transport.after_chunk.remove(count.look)
    subscription.end()
    for reply in filter(None, (count.first, count.last)):
        question.check(reply, request_id=request_id)
    return count.seconds, count.missing


async def main(
    url: str, name: str, nodes: int, count: int, seconds: float, patience: float
) -> None:
    """Ask again and again, and print what came of it."""
    question = QUESTIONS[name]
    asked: list[tuple[float, int]] = []
    async with await connect(parse_endpoint(url), name="counting") as transport:
        await ask(transport, question, nodes, within_seconds=patience)
        until = time.perf_counter() + seconds
        while len(asked) < count or time.perf_counter() < until:
            asked.append(await ask(transport, question, nodes, within_seconds=patience))
    taken, missing = zip(*asked, strict=True)
    print(json.dumps({"seconds": taken, "missing": missing}))


if __name__ == "__main__":
    _url, _name, _nodes, _count, *_times = sys.argv[1:]
    run_async(main(_url, _name, int(_nodes), int(_count), *map(float, _times)))
