"""Publishing without order: every message asks for its own confirmation.  Pure.

    writer.add(ticket, subject, lines, body)           # one message
    transport.send(writer.take())                      # the frames so far
    outcome = writer.receive(subject, header, body)    # an answer on its inbox

Each message bears a ``Nats-Msg-Id`` that is a function of the source message and
the pool's group, so that whichever worker or process publishes it again, the
target removes the double within its duplicate window.
"""

import math
from typing import Final, NamedTuple

from choria_replicator.pool.limiter import Pass
from choria_replicator.target.writer import Answer, Failure, read_answer

_HEADER: Final = b"NATS/1.0\r\nNats-Msg-Id: %b%d\r\n%b\r\n"


class Ticket(NamedTuple):
    """A source message on its way to the target.

    Attributes:
        sequence: in the source stream.
        reply: where to acknowledge it.
        deliveries: how often the source has delivered it, from 1.
        size: bytes of its body.
        moment: local monotonic seconds when it was read.
        passing: the limiter's pass; None without one.
    """

    sequence: int
    reply: bytes
    deliveries: int
    size: int
    moment: float
    passing: Pass | None = None


class PoolWriter:
    """What one worker has published and not seen confirmed.

    Attributes:
        inbox: answers arrive on subjects below this one.
        unconfirmed_bytes: bodies of what is unconfirmed.
    """

    def __init__(self, *, inbox: str, id_prefix: bytes) -> None:
        self.inbox = inbox
        self.unconfirmed_bytes = 0
        self._reply = f"{inbox}.".encode()
        self._id_prefix = id_prefix
        self._count = 0
        self._frames: list[bytes] = []
        self._unconfirmed: dict[int, Ticket] = {}

    @property
    def unconfirmed(self) -> int:
        """Messages added and neither confirmed nor given up."""
        return len(self._unconfirmed)

    @property
    def oldest(self) -> Ticket | None:
        """The one that waits longest."""
        return next(iter(self._unconfirmed.values()), None)

    def header_bytes(self, sequence: int, lines: bytes) -> int:
        """Size of the header block that a message would have."""
        return len(_HEADER % (self._id_prefix, sequence, lines))

    def add(self, ticket: Ticket, subject: bytes, lines: bytes, body: bytes) -> None:
        """Make the frame of one message; ``lines`` are its headers with their line ends."""
        self._count = number = self._count + 1
        self._unconfirmed[number] = ticket
        self.unconfirmed_bytes += ticket.size
        header = _HEADER % (self._id_prefix, ticket.sequence, lines)
        size = len(header)
        self._frames.append(
            b"HPUB %b %b%d %d %d\r\n%b%b\r\n"
            % (subject, self._reply, number, size, size + len(body), header, body)
        )

    def take(self) -> bytes:
        """The frames made since the last call."""
        frames, self._frames = self._frames, []
        return b"".join(frames)

    def receive(
        self, subject: bytes, header: bytes, body: bytes
    ) -> tuple[Ticket, Answer | Failure] | None:
        """Understand an answer; None when its message was given up before, or never was."""
        number = subject.removeprefix(self._reply)
        if not number.isdigit() or int(number) not in self._unconfirmed:
            return None
        return self._release(int(number)), read_answer(header, body)

    def give_up(self, *, before: float = math.inf) -> list[Ticket]:
        """Forget what was read before that moment; its late answers mean nothing any more.

        Publishing such a message again does no harm: its id stays the same.
        """
        numbers: list[int] = []
        for number, ticket in self._unconfirmed.items():
            if ticket.moment >= before:
                break  # they stand in the order of their reading
            numbers.append(number)
        return [self._release(number) for number in numbers]

    def _release(self, number: int) -> Ticket:
        ticket = self._unconfirmed.pop(number)
        self.unconfirmed_bytes -= ticket.size
        return ticket
