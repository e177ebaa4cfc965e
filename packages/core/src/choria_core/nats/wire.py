"""The NATS client protocol: bytes in, calls out; values in, bytes out.  Pure.

A :class:`Decoder` is fed whatever the socket gave and calls one *sink* per
message, found by subscription id, and one function for everything else:

    decoder = Decoder(on_control)
    decoder.sinks[b"1"] = lambda delivery: ...
    decoder.feed(chunk)

Sinks are called inside ``feed``, in the order of the bytes, and must not raise.
They get a tuple of bytes, no object of ours: on a hot path that would cost more
than the parsing.  The cheapest sink is the ``append`` of a list that is looked
at once for each chunk.  The functions below build the frames that a client sends.

Source: the client protocol of the NATS documentation; headers by ADR-4.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from choria_core.errors import LocalProtocolError, RemoteProtocolError

Delivery = tuple[bytes, bytes, bytes, bytes]
"""Subject, reply (maybe empty), header block (maybe empty) and body of a message."""

Sink = Callable[[Delivery], object]
"""Takes one message; what it returns is nobody's business."""

PING: Final = b"PING\r\n"
PONG: Final = b"PONG\r\n"
CRLF: Final = b"\r\n"
LINE_END: Final = b"\n"

PERMISSIONS_VIOLATION: Final = "Permissions Violation"
"""Begin of the one complaint of a server that leaves the connection open."""

MAX_CONTROL_LINE_BYTES: Final = 1 << 20
"""INFO of a server in a very large cluster stays well below this."""

MAX_MESSAGE_BYTES: Final = 1 << 28
"""Servers refuse a ``max_payload`` above 64 MiB; more is not a message."""


@dataclass(frozen=True, slots=True)
class Info:
    """The server introduced itself, or changed its mind: a JSON document."""

    document: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The server wants a PONG."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The server answered a PING."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """The server complains, and closes the connection unless it is about permissions."""

    text: str


Control = Info | Ping | Pong | ServerError


class Decoder:
    """Turn the byte stream of one connection into calls.

    Attributes:
        sinks: subscription id, as sent in SUB, to the function that takes its
            messages; messages of an unknown id are dropped, as they may still
            arrive after an UNSUB.
    """

    __slots__ = ("_held", "_held_bytes", "_need", "_on_control", "sinks")

    def __init__(self, on_control: Callable[[Control], None]) -> None:
        self.sinks: dict[bytes, Sink] = {}
        self._on_control = on_control
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._need = 0

    @property
    def is_between_frames(self) -> bool:
        """Whether all that was fed has been handed over, to the last byte."""
        return not self._held

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the connection.

        Raises:
            RemoteProtocolError: the bytes are not the NATS protocol; the
                connection is of no further use.
        """
        if self._held:
            self._held.append(chunk)
            self._held_bytes += len(chunk)
            if self._held_bytes < self._need:
                return  # a large body still on its way: do not join at every chunk
            chunk = b"".join(self._held)
            self._held.clear()
        done = self._parse(chunk)
        if done < len(chunk):
            self._held.append(chunk[done:])
            self._held_bytes = len(chunk) - done
            self._need -= done

    def _parse(self, data: bytes) -> int:  # noqa: C901 - one loop, see below
        """Handle every complete frame and return how many bytes they took.

        Long on purpose: a call per message would cost as much as its parsing.
        One byte is searched, as two take nearly twice as long; ``int`` does not
        mind the carriage return that the last field keeps.
        """
        position = 0
        end = len(data)
        find = data.find
        sink_of = self.sinks.get
        self._need = 0
        while position < end:
            line_end = find(LINE_END, position)
            if line_end < 0:
                if end - position > MAX_CONTROL_LINE_BYTES:
                    raise RemoteProtocolError("control line without end")
                break
            fields = data[position:line_end].split(b" ")
            if fields[0] == b"MSG":
                header_bytes = 0
                places = 5
            elif fields[0] == b"HMSG":
                header_bytes = _number(fields[-2])
                places = 6
            else:
                self._control(data[position:line_end])
                position = line_end + 1
                continue
            try:
                size = int(fields[-1])
                sid = fields[2]
                reply = fields[3] if len(fields) == places else b""
            except (IndexError, ValueError):
                raise _garbage(data[position:line_end]) from None
            start = line_end + 1
            stop = start + size
            if stop + 2 > end:
                if not 0 <= size <= MAX_MESSAGE_BYTES:
                    raise _garbage(data[position:line_end])
                self._need = stop + 2
                break
            if data[stop : stop + 2] != CRLF or not 0 <= header_bytes <= size:
                raise _garbage(data[position:line_end])
            sink = sink_of(sid)
            if sink is not None:
                body_at = start + header_bytes
                header = data[start:body_at] if header_bytes else b""
                sink((fields[1], reply, header, data[body_at:stop]))
            position = stop + 2
        return position

    def _control(self, line: bytes) -> None:
        verb, _, rest = line.removesuffix(b"\r").partition(b" ")
        verb = verb.upper()
        if verb == b"PING":
            self._on_control(Ping())
        elif verb == b"PONG":
            self._on_control(Pong())
        elif verb == b"INFO":
            self._on_control(Info(rest.strip()))
        elif verb == b"-ERR":
            self._on_control(ServerError(rest.strip().strip(b"'").decode("utf-8", "replace")))
        elif verb != b"+OK":
            raise _garbage(line)


def _number(digits: bytes) -> int:
    """-1 for what is none."""
    return int(digits) if digits.isdigit() else -1


def _garbage(line: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(f"not a NATS frame: {line[:80]!r}")


def check_subject(subject: str) -> bytes:
    """Return ``subject`` as it goes on the wire.

    Raises:
        LocalProtocolError: it is empty, has an empty token, a character that
            would end the field, or one that UTF-8 cannot hold.
    """
    if not subject or any(c in subject for c in " \t\r\n\0") or "" in subject.split("."):
        raise LocalProtocolError(f"not a subject: {subject!r}")
    try:
        return subject.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(f"not a subject: {subject!r}") from None


def connect(document: bytes) -> bytes:
    """Introduce the client; ``document`` is JSON."""
    return b"CONNECT %b\r\n" % document


def subscribe(sid: bytes, subject: bytes, queue: bytes = b"") -> bytes:
    """Ask for the messages of ``subject`` under the id ``sid``."""
    return (
        b"SUB %b %b %b\r\n" % (subject, queue, sid) if queue else b"SUB %b %b\r\n" % (subject, sid)
    )


def unsubscribe(sid: bytes) -> bytes:
    """End the subscription ``sid``."""
    return b"UNSUB %b\r\n" % sid


def publish(subject: bytes, reply: bytes, header: bytes, body: bytes) -> bytes:
    """Publish ``body``; ``reply`` and ``header`` (a whole header block) may be empty."""
    if header:
        return b"HPUB %b %b%b%d %d\r\n%b%b\r\n" % (
            subject,
            reply,
            b" " if reply else b"",
            len(header),
            len(header) + len(body),
            header,
            body,
        )
    return b"PUB %b %b%b%d\r\n%b\r\n" % (subject, reply, b" " if reply else b"", len(body), body)


def publish_to_each(subjects: Iterable[bytes], body: bytes) -> bytes:
    """Publish the same ``body`` to each of at least one subject, without reply or headers.

    Several times as quick as as many calls of :func:`publish`.
    """
    end = b" %d\r\n%b\r\n" % (len(body), body)
    return b"PUB " + (end + b"PUB ").join(subjects) + end
