"""Whether the centre holds exactly what sampling must let through, in order and unchanged."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import DecodeError, Struct, json

from choria.demo.network_files import SITE, STREAM
from choria_core.errors import WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.nats_transport import connect
from choria_core.nats.stream_reader import read_stream, sequence_of, stored_ms_of
from choria_core.nats.transport import Message, Transport
from choria_replicator.message.provenance import HEADER, Provenance
from choria_replicator.sampling.limiter import sample


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read in both streams.

    Attributes:
        messages: that the site holds.
        copies: that the centre holds.
    """

    messages: int
    copies: int

    @property
    def sampled_away(self) -> int:
        """Messages that the centre does not hold, as it must not."""
        return self.messages - self.copies


class _Output(Struct):
    sender: str


_outputs: Final = json.Decoder(_Output)


async def verify_copy(
    site_url: str, centre_url: str, *, last: int, interval_seconds: int
) -> Verified:
    """Read both streams and compare them.

    Args:
        site_url: broker of the data centre.
        centre_url: broker of the centre.
        last: sequence of the last message of the site that is looked at.
        interval_seconds: least time between two copies of one node.

    Raises:
        WorkError: the centre holds something else than it must.
    """
    async with (
        await connect(parse_endpoint(site_url), name="choria demo: verify") as site,
        await connect(parse_endpoint(centre_url), name="choria demo: verify") as centre,
    ):
        originals = await _read(site, lambda message: sequence_of(message) <= last)
        copies = await _read(centre, lambda message: origin_of(message) <= last)
    expected = expected_copies(originals, interval_seconds=interval_seconds)
    for original, copy in zip(expected, copies, strict=False):
        compare(original, copy)
    if len(copies) != len(expected):
        raise WorkError(f"the centre has {len(copies)} copies instead of {len(expected)}")
    return Verified(len(originals), len(copies))


def expected_copies(originals: Sequence[Message], *, interval_seconds: int) -> list[Message]:
    """Those that sampling must let through.

    Raises:
        WorkError: a message is not of the node whose subject it has.
    """
    senders = [_sender(message) for message in originals]
    times = [stored_ms_of(message) for message in originals]
    passing = sample(zip(times, senders, strict=True), interval_seconds * 1_000)
    return [message for message, passes in zip(originals, passing, strict=True) if passes]


def origin_of(copy: Message) -> int:
    """Sequence of the message that was copied."""
    return Provenance.parse(copy.headers[HEADER]).sequence


def compare(original: Message, copy: Message) -> None:
    """Return where one is the copy of the other.

    Raises:
        WorkError: it is not.
    """
    sequence = sequence_of(original)
    if origin_of(copy) != sequence:
        raise WorkError(f"the centre has the copy of {origin_of(copy)} where {sequence} belongs")
    if copy.data != original.data or copy.subject != f"{SITE}.{original.subject}":
        raise WorkError(f"the copy of message {sequence} differs from it")


async def _read(transport: Transport, belongs: Callable[[Message], bool]) -> list[Message]:
    """The messages of the stream up to the first that does not belong to them."""
    found = []
    async with contextlib.aclosing(read_stream(transport, STREAM)) as messages:
        async for message in messages:
            if not belongs(message):
                break
            found.append(message)
    return found


def _sender(message: Message) -> str:
    try:
        sender = _outputs.decode(message.data).sender
    except DecodeError as error:
        raise WorkError(f"{message.subject}: no output of an adapter: {error}") from error
    if message.subject != f"nodes.{sender}":
        raise WorkError(f"the message of {sender} is stored as {message.subject}")
    return sender
