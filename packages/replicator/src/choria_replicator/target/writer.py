"""How messages are put on the target so that it refuses any disorder.  Pure.

A writer turns messages into frames and answers into progress; it does no I/O.
One *incarnation* of a writer lives from one reading of the target's tail to the
next: at the first failure it is thrown away, with all it still held.

    writer.add([(subject, lines, body), …])      # in source order
    transport.send(writer.take(idle=True))       # whatever may go now
    writer.receive(subject, header, body)        # an answer on its inbox
    writer.confirmed, writer.failure             # what is known

Both kinds promise: if message n is confirmed, so are all before it, in order,
with nothing between them; when anything else writes to the stream, or a message
is refused or lost, nothing behind it is stored.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from choria_core.nats.jetstream import ErrorCode

Outgoing = tuple[bytes, bytes, bytes]
"""Subject, header lines, each with its line end, and body of a copy."""


class Cause(enum.Enum):
    """What went wrong, as far as it decides what to do."""

    CONFLICT = "the target does not end where expected"
    LOST = "messages or confirmations were lost"
    REFUSED = "the target refused a message"
    TOO_LARGE = "the message is too large for the target"
    UNSUPPORTED = "the target does not take this kind of writing"
    UNHEARD = "no stream of the target takes the subject"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an incarnation is over.

    Attributes:
        cause: the kind of failure.
        text: the server's words.
        err_code: JetStream's error code, 0 where there is none.
        code: its class: 400 for what was sent, 503 for the server's state.
    """

    cause: Cause
    text: str
    err_code: int = 0
    code: int = 0

    def __str__(self) -> str:
        code = f" (JetStream error {self.err_code})" if self.err_code else ""
        return f"{self.cause.value}: {self.text}{code}"


class Writer(Protocol):
    """One incarnation of writing to one stream."""

    name: str
    """For the operator: which kind it is."""

    inbox: str
    """Answers arrive on subjects below this one."""

    confirmed: int
    """Messages known to be stored, counted from the incarnation's first."""

    failure: Failure | None
    """Set once, by the first failure; nothing is sent afterwards."""

    @property
    def held(self) -> int:
        """Messages added and not sent yet."""

    @property
    def unconfirmed(self) -> int:
        """Messages sent and not confirmed."""

    def header_bytes(self, lines: bytes, ahead: int = 0) -> int:
        """Size of the header block of the message that comes behind ``ahead`` further ones."""

    def add(self, messages: Sequence[Outgoing]) -> None:
        """Accept the next messages."""

    def take(self, *, idle: bool) -> bytes:
        """Frames to send now; ``idle`` says that no message is at hand behind those added."""

    def settle(self) -> bytes:
        """Frames that ask for confirmation of all that was sent, if nothing else will."""

    def receive(self, subject: bytes, header: bytes, body: bytes) -> None:
        """Take an answer from the inbox."""


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class Answer(msgspec.Struct):
    """Every form an answer can have: publish acknowledgement, flow message, error."""

    type: str = ""
    seq: int = 0
    msgs: int = 0
    last_seq: int = 0
    count: int = 0
    duplicate: bool = False
    error: _Error | None = None


_decoder = msgspec.json.Decoder(Answer)

_CAUSES: Final[dict[int, Cause]] = {
    ErrorCode.WRONG_LAST_SEQUENCE: Cause.CONFLICT,
    ErrorCode.WRONG_LAST_SEQUENCE_CONSTANT: Cause.CONFLICT,
    ErrorCode.WRONG_LAST_MESSAGE_ID: Cause.CONFLICT,
    ErrorCode.BATCH_UNKNOWN: Cause.LOST,
    ErrorCode.BATCH_DISABLED: Cause.UNSUPPORTED,
    ErrorCode.BATCH_DISABLED_ATOMIC: Cause.UNSUPPORTED,
    ErrorCode.MESSAGE_TOO_LARGE: Cause.TOO_LARGE,
}


_LIMITS: Final = {
    "maximum messages exceeded": "max_msgs",
    "maximum bytes exceeded": "max_bytes",
    "maximum messages per subject exceeded": "max_msgs_per_subject",
}
"""What a full stream says that discards new messages, and the limit it means."""


def read_answer(header: bytes, body: bytes) -> Answer | Failure:
    """Understand one answer; an error in it becomes a :class:`Failure`."""
    if not body:
        if b" 503" in header[:16]:
            return Failure(Cause.UNHEARD, "nobody answered a publish")
        return Failure(Cause.LOST, f"an empty answer: {header[:60]!r}")
    try:
        answer = _decoder.decode(body)
    except msgspec.MsgspecError:
        return Failure(Cause.LOST, f"not an answer to a publish: {body[:80]!r}")
    if answer.error is not None:
        error = answer.error
        cause = _CAUSES.get(error.err_code, Cause.REFUSED)
        limit = _LIMITS.get(error.description)
        hint = f": raise {limit} of the target stream, or let it discard old ones" if limit else ""
        return Failure(cause, error.description + hint, error.err_code, error.code)
    return answer
