"""A key-value bucket: a stream of JetStream with a subject for each key.

Source: NATS ADR-8 (key-value stores) and ADR-43 (times to live of messages).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from choria_core.errors import ConfigError, ConnectError, JetStreamError, NoRespondersError
from choria_core.nats.headers import parse_headers
from choria_core.nats.jetstream import (
    NANOSECONDS,
    ErrorCode,
    JetStream,
    StreamInfo,
    decode_answer,
)
from choria_core.nats.transport import NO_HEADERS, Transport
from choria_plugin_nats_kv.keys import bucket_key
from choria_plugin_nats_kv.options import NatsKvOptions

EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"
LIFE: Final = "Nats-TTL"
LIMIT_MARKER: Final = "Nats-Marker-Reason"
OPERATION: Final = "KV-Operation"
ROLLUP: Final = "Nats-Rollup"

DELETED: Final = frozenset({"DEL", "PURGE"})
"""Operations after which a key has no value."""

_WRONG_SEQUENCE: Final = frozenset(
    {ErrorCode.WRONG_LAST_SEQUENCE, ErrorCode.WRONG_LAST_SEQUENCE_CONSTANT}
)


class _Ack(msgspec.Struct):
    seq: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest message of a key.

    Attributes:
        sequence: of the bucket; 0 where the key has no message.
        data, headers: as stored.
    """

    sequence: int
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)

    @property
    def is_there(self) -> bool:
        """Whether the key has a value.

        It has none where it was deleted, nor where the server has marked that a value's life
        is over: such a marker is a message all the same, and lives for a while.
        """
        if not self.sequence or LIMIT_MARKER in self.headers:
            return False
        return self.headers.get(OPERATION) not in DELETED


class Bucket:
    """Reads and writes one bucket.

    Args:
        transport: a connection to the servers that keep it.
        name: of the bucket.
        timeout_seconds: how long each answer may take.
    """

    def __init__(self, transport: Transport, name: str, *, timeout_seconds: float) -> None:
        self.name = name
        self._transport = transport
        self._stream = f"KV_{name}"
        self._timeout_seconds = timeout_seconds
        self._jetstream = JetStream(transport, timeout_seconds=timeout_seconds)

    async def describe(self) -> StreamInfo | None:
        """The bucket's stream; None where there is none."""
        return await self._jetstream.find_stream(self._stream)

    async def create(self, options: NatsKvOptions) -> StreamInfo:
        """Make the bucket, as every client of NATS does, with lives of messages allowed.

        Raises:
            JetStreamError: the servers do not allow it.
        """
        try:
            return await self._jetstream.create_stream(self._config(options))
        except JetStreamError as error:
            made_by_another = await self.describe()
            if error.err_code == ErrorCode.STREAM_NAME_IN_USE and made_by_another is not None:
                return made_by_another
            raise

    async def newest(self, key: str) -> Entry:
        """What is stored of a key now, whatever it means."""
        message = await self._jetstream.last_message(self._stream, self._subject(key))
        if message is None:
            return Entry(0)
        headers = parse_headers(message.header).headers if message.header else NO_HEADERS
        return Entry(message.seq, message.data, headers)

    async def put(
        self,
        key: str,
        data: bytes,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        after: int | None = None,
    ) -> int | None:
        """Store a message of a key.

        Args:
            key: a book's.
            data: the value.
            headers: besides those that we add.
            after: store it only where this is the sequence of the key's newest message, 0 for
                none at all; None stores it anyway.

        Returns:
            Its sequence; None where another is the newest.

        Raises:
            TransportError: no answer came: it may be stored, now or later; or it cannot be.
        """
        if after is not None:
            headers = {**headers, EXPECTED_SEQUENCE: str(after)}
        try:
            answer = await self._transport.request(
                self._subject(key), data, headers=headers, timeout_seconds=self._timeout_seconds
            )
        except NoRespondersError as error:
            text = f"the bucket {self.name!r} is not there any more, or JetStream is not"
            raise ConnectError(text) from error
        try:
            return decode_answer(answer.data, _Ack).seq
        except JetStreamError as error:
            if error.err_code in _WRONG_SEQUENCE:
                return None
            raise

    async def delete(self, key: str) -> None:
        """Mark a key as deleted; what was stored stays in its history."""
        await self.put(key, b"", {OPERATION: "DEL"})

    async def purge(self, key: str, *, after: int, life_seconds: int) -> bool:
        """Forget all of a key, if the message ``after`` is its newest; whether it was.

        The marker that says so is gone after ``life_seconds``.
        """
        headers = {
            OPERATION: "PURGE",
            ROLLUP: "sub",
            LIFE: life_text(life_seconds),
        }
        return await self.put(key, b"", headers, after=after) is not None

    def _subject(self, key: str) -> str:
        return f"$KV.{self.name}.{bucket_key(key)}"

    def _config(self, options: NatsKvOptions) -> dict[str, Any]:
        age = round(options.max_age * NANOSECONDS)
        return {
            "name": self._stream,
            "subjects": [f"$KV.{self.name}.>"],
            "max_msgs_per_subject": options.history,
            "max_age": age,
            "num_replicas": options.replicas,
            "retention": "limits",
            "storage": "file",
            "discard": "new",
            "duplicate_window": min(age, 120 * NANOSECONDS) if age else 120 * NANOSECONDS,
            "allow_rollup_hdrs": True,
            "deny_delete": True,
            "allow_direct": True,
            "allow_msg_ttl": True,
        }


def life_text(seconds: int) -> str:
    """A message's life, as its header says it."""
    return f"{seconds}s"


def require_lives(info: StreamInfo, bucket: str) -> None:
    """A lock must end with its holder.

    Raises:
        ConfigError: messages of the bucket live for ever.
    """
    if not info.config.get("allow_msg_ttl"):
        raise ConfigError(
            f"the NATS bucket {bucket!r} allows no messages with a time to live, which locks "
            f"are: run `nats stream edit KV_{bucket} --allow-msg-ttl` (nats-server 2.11 or newer)"
        )
