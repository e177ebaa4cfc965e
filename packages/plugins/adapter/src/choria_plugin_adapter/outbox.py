"""What is on its way to a stream, until the stream has acknowledged it.  Pure.

    outbox.put(unwrapped, now)             # while there is room
    transport.send(outbox.take())          # all frames since
    outbox.receive(subject, header, body)  # an acknowledgement
    outbox.expire(now)                     # from time to time: publish again, or give up

Each message keeps its frame, so that it can be published again byte for byte; the stream
knows it by its id and keeps one copy.  Times are seconds of any clock that does not go back.
"""

from collections import deque
from typing import Final

import msgspec

from choria_core.errors import JetStreamError, RemoteProtocolError
from choria_core.nats.jetstream import decode_answer
from choria_core.nats.wire import Delivery
from choria_plugin_adapter.figures import Figures
from choria_plugin_adapter.unwrapping import Unwrapped

MAX_OUTSTANDING: Final = 2_000
"""Messages published and not acknowledged; servers drop what overflows a stream's 10,000."""

MAX_OUTSTANDING_BYTES: Final = 64 << 20

RETRY_SECONDS: Final = 0.5
"""After this a message is published again that the stream could not take just now."""

UNACKNOWLEDGED: Final = "unacknowledged"
TOO_LARGE: Final = "too_large"
REFUSED: Final = "refused"

_FRAME: Final = b"HPUB %b %b%d %d %d\r\nNATS/1.0\r\nNats-Msg-Id: %b\r\n\r\n%b\r\n"
_HEADER_BYTES: Final = len(b"NATS/1.0\r\nNats-Msg-Id: \r\n\r\n") + 64
_UNAVAILABLE: Final = 503
_PART: Final = 1 / 3  # of all the time, so that a short one leaves room for two more tries


class _Stored(msgspec.Struct):
    stream: str
    seq: int
    duplicate: bool = False


class _Sent:
    """One message."""

    __slots__ = ("due", "first", "frame")

    def __init__(self, frame: bytes, first: float, due: float) -> None:
        self.frame = frame
        self.first = first
        self.due = due


class Outbox:
    """The messages of one adapter between publishing and acknowledgement.

    Args:
        figures: of the adapter.
        ack_seconds: what is not acknowledged for so long is published again, or for a third of
            the time in all, if that is shorter.

    Attributes:
        max_payload: bytes that the server takes in one message.
    """

    def __init__(self, figures: Figures, *, ack_seconds: float) -> None:
        self.max_payload = 1 << 20
        self._retry_seconds = 0.0
        self._reply = b""
        self._digits_at = 0
        self._figures = figures
        self._asked_seconds = self._ack_seconds = ack_seconds
        self._sent: dict[int, _Sent] = {}  # what was published last is last
        self._bytes = 0
        self._last = 0
        self._frames: list[bytes] = []
        self._unavailable: deque[tuple[float, int]] = deque()  # by when each is due
        self.complaint = ""
        """Why the stream could take nothing last; empty since it stored something."""
        self.refusal = ""
        """Why it took a single message not."""

    @property
    def retry_seconds(self) -> float:
        """For so long in all a message is published again."""
        return self._retry_seconds

    @retry_seconds.setter
    def retry_seconds(self, seconds: float) -> None:
        self._retry_seconds = seconds
        self._ack_seconds = min(self._asked_seconds, seconds * _PART)

    def begin(self, inbox: str) -> None:
        """Have acknowledgements sent to subjects of one more token than ``inbox``."""
        self._reply = f"{inbox}.".encode()
        self._digits_at = len(self._reply)

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def has_room(self) -> bool:
        """Whether one more may be published."""
        return len(self._sent) < MAX_OUTSTANDING and self._bytes < MAX_OUTSTANDING_BYTES

    def put(self, message: Unwrapped, now: float) -> None:
        """Publish a message for the first time; it goes with the next :meth:`take`."""
        size = len(message.body)
        if size + _HEADER_BYTES > self.max_payload:
            self._figures.lost[TOO_LARGE] += 1
            self.refusal = f"a message of {size} bytes is more than the server takes"
            return
        self._last = number = self._last + 1
        frame = _FRAME % (
            message.subject,
            self._reply,
            number,
            _HEADER_BYTES,
            _HEADER_BYTES + size,
            message.message_id,
            message.body,
        )
        self._sent[number] = _Sent(frame, now, now + self._ack_seconds)
        self._bytes += len(frame)
        self._frames.append(frame)
        self._figures.sent += 1

    def take(self) -> bytes:
        """The frames to send now."""
        frames, self._frames = self._frames, []
        return b"".join(frames)

    def receive(self, delivery: Delivery, now: float) -> None:
        """Take an answer from the inbox."""
        subject, _, _, body = delivery
        try:
            number = int(subject[self._digits_at :])
        except ValueError:
            return
        sent = self._sent.get(number)
        if sent is None:
            return  # acknowledged before, or given up
        if not body:
            self._retry_soon(number, sent, "no stream takes the subject", now)
            return
        try:
            stored = decode_answer(body, _Stored)
        except JetStreamError as error:
            if error.code == _UNAVAILABLE:
                self._retry_soon(number, sent, str(error), now)
                return
            self.refusal = str(error)
            self._give_up(number, sent, REFUSED)
        except RemoteProtocolError as error:
            self._retry_soon(number, sent, str(error), now)
        else:
            self._settle(number, sent, now, duplicate=stored.duplicate)

    def _settle(self, number: int, sent: _Sent, now: float, *, duplicate: bool) -> None:
        figures = self._figures
        del self._sent[number]
        size = len(sent.frame)
        self._bytes -= size
        figures.published += 1
        figures.published_bytes += size
        figures.output_seconds += now - sent.first
        if duplicate:
            figures.duplicates += 1
        if self.complaint:
            self.complaint = ""

    def _retry_soon(self, number: int, sent: _Sent, why: str, now: float) -> None:
        self.complaint = why
        sent.due = now + min(RETRY_SECONDS, self._ack_seconds)
        self._unavailable.append((sent.due, number))

    def expire(self, now: float, *, may_send: bool) -> None:
        """Publish again what is due, and give up what has been tried long enough.

        Args:
            now: the time.
            may_send: whether there is a connection; without one nothing is tried.
        """
        if not may_send:
            for number, sent in tuple(self._sent.items()):
                self._give_up_late(number, sent, now)
            return
        for number in self._due(now):
            waiting = self._sent.get(number)
            if waiting is not None and waiting.due <= now:
                self._again(number, waiting, now)

    def _due(self, now: float) -> list[int]:
        due: list[int] = []
        for number, sent in self._sent.items():
            if sent.due > now:
                break
            due.append(number)
        unavailable = self._unavailable
        while unavailable and unavailable[0][0] <= now:
            due.append(unavailable.popleft()[1])
        return due

    def again(self, now: float) -> None:
        """Publish all of it again: the connection is a new one, and answers were lost."""
        for number, sent in tuple(self._sent.items()):
            self._again(number, sent, now)

    def give_up(self) -> int:
        """Count all of it as lost; how many these are."""
        left = len(self._sent)
        for number, sent in tuple(self._sent.items()):
            self._give_up(number, sent, UNACKNOWLEDGED)
        return left

    def _again(self, number: int, sent: _Sent, now: float) -> None:
        if self._give_up_late(number, sent, now):
            return
        sent.due = now + self._ack_seconds
        del self._sent[number]
        self._sent[number] = sent
        self._frames.append(sent.frame)
        self._figures.retries += 1

    def _give_up_late(self, number: int, sent: _Sent, now: float) -> bool:
        is_late = now - sent.first > self._retry_seconds
        if is_late:
            self._give_up(number, sent, UNACKNOWLEDGED)
        return is_late

    def _give_up(self, number: int, sent: _Sent, reason: str) -> None:
        del self._sent[number]
        self._bytes -= len(sent.frame)
        self._figures.lost[reason] += 1
