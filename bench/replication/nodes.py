"""The stream that is copied: metadata of nodes in messages of 512 bytes."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from choria_core.nats import wire
from choria_core.nats.lean_transport import LeanTransport
from choria_testing.stream_admin import StreamAdmin

STREAM: Final = "NODES"
SUBJECTS: Final = "nodes.>"
SENDERS: Final = 10_000
BODY_BYTES: Final = 512
SAMPLING_INTERVAL: Final = "40ms"
"""Each node sends twice in a row, then again after 19,998 messages of others.

The two are microseconds apart, the next turn a tenth of a second or more: with
this interval every second message is sampled away.
"""

_PER_CONFIRMATION: Final = 2_000
_FILL_TIMEOUT_SECONDS: Final = 30.0
Numbered = tuple[str, bytes]


def stream_config(name: str = STREAM, **further: object) -> dict[str, object]:
    """Configuration of a stream of nodes, in a file."""
    return {"name": name, "subjects": [SUBJECTS], "storage": "file", **further}


def message(number: int) -> Numbered:
    """Subject and body of message ``number``, from 0."""
    node = f"node{number // 2 % SENDERS:05}"
    start = f'{{"host":"{node}.example.net","number":{number},"facts":"'
    return f"nodes.{node}", f'{start:x<{BODY_BYTES - 2}}"}}'.encode()


async def fill(transports: Sequence[LeanTransport], messages: int) -> None:
    """Make the stream anew behind each of ``transports`` and put ``messages`` into it."""
    for transport in transports:
        jetstream = StreamAdmin(transport)
        if await jetstream.find_stream(STREAM):
            await jetstream.delete_stream(STREAM)
        await jetstream.create_stream(stream_config())
    for frames, (subject, body) in _batches(messages):
        for transport in transports:
            transport.send(frames)
        # the stream takes messages in order: an answer to the last speaks for all
        requests = [
            transport.request(subject, body, timeout_seconds=_FILL_TIMEOUT_SECONDS)
            for transport in transports
        ]
        await asyncio.gather(*requests)


def _batches(messages: int) -> Iterator[tuple[bytes, Numbered]]:
    """Frames of some messages and, apart, the one behind them."""
    for first in range(0, messages, _PER_CONFIRMATION):
        last = min(first + _PER_CONFIRMATION, messages) - 1
        frames = []
        for number in range(first, last):
            subject, body = message(number)
            frames.append(wire.publish(subject.encode(), b"", b"", body))
        yield b"".join(frames), message(last)
