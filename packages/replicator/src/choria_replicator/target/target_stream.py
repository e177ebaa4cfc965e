"""The stream that is written to: found or made, and its tail."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from choria_core.errors import RemoteProtocolError
from choria_core.nats.headers import iter_header_lines
from choria_core.nats.jetstream import JetStream, StoredMessage, StreamInfo
from choria_replicator.message.header_policy import HeaderPolicy
from choria_replicator.message.provenance import HEADER, Provenance
from choria_replicator.message.subject_map import covers
from choria_replicator.target.tail import Tail

FAST_INGEST_RELEASE = (2, 14, 0)


@dataclass(frozen=True, slots=True)
class Target:
    """A target stream as the writer needs to know it."""

    info: StreamInfo
    release: tuple[int, int, int]

    @property
    def name(self) -> str:
        """Of the stream."""
        return self.info.name

    @property
    def could_take_fast_ingest(self) -> bool:
        """The server is new enough."""
        return self.release >= FAST_INGEST_RELEASE

    @property
    def takes_fast_ingest(self) -> bool:
        """The server is new enough and the stream allows it."""
        return self.could_take_fast_ingest and bool(self.info.config.get("allow_batched"))

    @property
    def is_replicated(self) -> bool:
        """Several servers keep it."""
        return int(self.info.config.get("num_replicas") or 1) > 1

    @property
    def header_policy(self) -> HeaderPolicy:
        """Which headers of effect it takes."""
        config = self.info.config
        return HeaderPolicy(
            allow_rollup=bool(config.get("allow_rollup_hdrs")),
            allow_ttl=bool(config.get("allow_msg_ttl")),
            allow_counter=bool(config.get("allow_msg_counter")),
        )

    def stores(self, subject: str) -> bool:
        """Whether a message on ``subject`` reaches this stream."""
        return any(covers(pattern, subject) for pattern in self.info.subjects)


async def read_tail(jetstream: JetStream, info: StreamInfo) -> Tail | None:
    """The newest message that a stream still holds, found by sequence.

    Asking for the last message by subject finds nothing when the very newest
    was removed, so the newest present one is searched for by halving.
    """
    if info.state.messages == 0:
        return None

    async def at_or_behind(sequence: int) -> StoredMessage | None:
        return await jetstream.message_from(info.name, sequence)

    last = await jetstream.message(info.name, info.state.last_seq)
    if last is None:
        last = await _newest(at_or_behind, info.state.first_seq, info.state.last_seq)
    if last is None:
        return None
    expected_sequence = _header(last, "Nats-Expected-Last-Sequence")
    return Tail(
        last.seq,
        last.subject,
        provenance_of(last),
        _header(last, "Nats-Msg-Id"),
        is_linked=expected_sequence == str(last.seq - 1)
        or _header(last, "Nats-Expected-Last-Msg-Id") != "",
    )


async def _newest(
    at_or_behind: Callable[[int], Awaitable[StoredMessage | None]], first: int, last: int
) -> StoredMessage | None:
    best = await at_or_behind(first)
    low, high = first, last
    while best is not None and low < high:
        middle = (low + high + 1) // 2
        found = await at_or_behind(middle)
        if found is None:
            high = middle - 1
        else:
            best, low = found, max(found.seq, middle)
    return best


def provenance_of(message: StoredMessage) -> Provenance | None:
    """Where a stored message says it came from; None when it does not, or unreadably."""
    value = _header(message, HEADER)
    try:
        return Provenance.parse(value) if value else None
    except RemoteProtocolError:
        return None


def _header(message: StoredMessage, name: str) -> str:
    """The value of a header; empty where it is missing or unreadable."""
    try:
        for one, value in iter_header_lines(message.header) if message.header else ():
            if one.decode("latin-1").lower() == name.lower():
                return value.decode()
    except (RemoteProtocolError, UnicodeDecodeError):
        pass
    return ""
