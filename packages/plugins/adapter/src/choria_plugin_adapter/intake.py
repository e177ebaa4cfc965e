"""Messages of the network, from the socket to the stream's connection, a chunk at a time.

The socket is always read.  As long as the stream acknowledges and we are quick enough,
messages pass the queue at once.  Where the stream is slow, or away, they wait there; where
we are slow, they wait at the broker, which would cut us off in the end: so once its answers
are late the queue is filled rather than worked off.  What a full queue has no room for is
dropped and counted.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from choria_core.errors import RefusedError, RemoteProtocolError
from choria_core.nats.lean_transport import LeanTransport
from choria_core.nats.wire import Delivery
from choria_core.server.sparing_log import SparingLog
from choria_plugin_adapter.figures import Figures
from choria_plugin_adapter.outbox import Outbox
from choria_plugin_adapter.unwrapping import MALFORMED, LongSubjectError, Unwrapper

SLICE: Final = 64
"""Messages worked off between two looks at the socket while we are behind."""

STOPPED: Final = "stopped"
"""Reason of what waited when the adapter ended."""

SUBJECT: Final = "subject"
"""Reason of a sender whose subject would be too long."""


class Intake:
    """The queue of one adapter and what empties it.

    Args:
        capacity: of the queue, in messages.
        unwrapper: of the adapter.
        outbox: where messages go.
        figures: of the adapter.
        clock_ns: unix time.

    Attributes:
        stream: where the outbox's frames go; None until it is connected.
        is_open: whether messages may be published.
        is_behind: whether the broker waits for us.
    """

    def __init__(
        self,
        *,
        capacity: int,
        unwrapper: Unwrapper,
        outbox: Outbox,
        figures: Figures,
        log: SparingLog,
        clock_ns: Callable[[], int],
    ) -> None:
        self.stream: LeanTransport | None = None
        self.is_open = False
        self.is_behind = False
        self._capacity = capacity
        self._unwrapper = unwrapper
        self._outbox = outbox
        self._figures = figures
        self._log = log
        self._clock_ns = clock_ns
        self._queue: deque[bytes] = deque()
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def capacity(self) -> int:
        """Messages that may wait."""
        return self._capacity

    def take(self, delivery: Delivery) -> None:
        """Take one message from the socket."""
        body = delivery[3]
        figures = self._figures
        figures.received += 1
        figures.received_bytes += len(body)
        queue = self._queue
        if len(queue) >= self._capacity:
            if not self.is_behind:
                self._work(SLICE)
            if len(queue) >= self._capacity:
                figures.dropped += 1
                self._log.warning("the queue is full, messages are dropped")
                return
        queue.append(body)

    def work(self) -> None:
        """Work off what is at hand: after a chunk, an acknowledgement, a change."""
        self._work(SLICE if self.is_behind else self._capacity)
        if self._queue and self._may_publish and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_scheduled = False
        self.work()

    @property
    def _may_publish(self) -> bool:
        stream = self.stream
        is_up = stream is not None and stream.is_connected
        return self.is_open and is_up and self._outbox.has_room

    def _work(self, count: int) -> None:
        """Publish at most ``count`` messages of the queue."""
        if not self._queue or not self._may_publish:
            return
        stream, queue, outbox = self.stream, self._queue, self._outbox
        assert stream is not None
        begin = time.monotonic()
        now_ns = self._clock_ns()
        unwrap = self._unwrapper.unwrap
        for _ in range(min(count, len(queue))):
            if not outbox.has_room:
                break
            try:
                message = unwrap(queue.popleft(), now_ns=now_ns)
            except RemoteProtocolError as error:
                self._refuse(error)
            else:
                outbox.put(message, begin)
        stream.send(outbox.take())
        self._figures.input_seconds += time.monotonic() - begin

    def _refuse(self, error: RemoteProtocolError) -> None:
        reason = MALFORMED
        if isinstance(error, RefusedError):
            reason = error.reason.value
        elif isinstance(error, LongSubjectError):
            reason = SUBJECT
        self._figures.refusals[reason] += 1
        self._log.warning("a message is refused", reason=reason, cause=str(error))

    def give_up(self) -> int:
        """Count what waits as lost; how many these are."""
        left = len(self._queue)
        self._queue.clear()
        self._figures.lost[STOPPED] += left
        return left
