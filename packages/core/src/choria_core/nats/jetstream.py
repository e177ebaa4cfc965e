"""The JetStream API as typed calls over any :class:`~choria_core.nats.transport.Transport`.

Only what the toolkit uses is typed; configurations stay dictionaries in the
server's own JSON, so that nothing a newer server knows is lost on the way.

Source: the JetStream API reference of the NATS documentation and its ADRs.
"""

import enum
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from choria_core.errors import (
    ConnectError,
    JetStreamError,
    NoRespondersError,
    RemoteProtocolError,
)
from choria_core.nats.transport import Transport

NANOSECONDS: Final = 1_000_000_000
API_PREFIX: Final = "$JS.API"


class ErrorCode(enum.IntEnum):
    """JetStream error codes that decisions hang on."""

    BATCH_DISABLED_ATOMIC = 10174
    BATCH_DISABLED = 10205
    BATCH_UNKNOWN = 10208
    CONSUMER_EXISTS = 10148
    CONSUMER_NOT_FOUND = 10014
    CONSUMER_WORK_QUEUE_OVERLAP = 10100
    CONSUMER_WORK_QUEUE_UNIQUE = 10099
    MAX_CONSUMERS = 10026
    MESSAGE_TOO_LARGE = 10054
    NO_MESSAGE = 10037
    REPLICAS_UNSUPPORTED = 10074
    STREAM_NAME_IN_USE = 10058
    STREAM_NOT_FOUND = 10059
    SUBJECTS_OVERLAP = 10065
    WRONG_LAST_MESSAGE_ID = 10070
    WRONG_LAST_SEQUENCE = 10071
    WRONG_LAST_SEQUENCE_CONSTANT = 10164


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Envelope(msgspec.Struct):
    error: _Error | None = None


class StreamState(msgspec.Struct, frozen=True):
    """How full a stream is.  Sequences start at 1; an empty stream keeps its ``last_seq``."""

    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0


class StreamInfo(msgspec.Struct, frozen=True):
    """A stream: its configuration as the server words it, and its state.

    ``created`` is an RFC 3339 time and tells a stream from its successor of the
    same name; ``ts`` is the server's clock when it answered.  ``domain`` is the
    JetStream domain, ``cluster`` says which servers keep the stream.
    """

    config: dict[str, Any]
    state: StreamState
    created: str = ""
    ts: str = ""
    cluster: dict[str, Any] = {}
    domain: str = ""

    @property
    def name(self) -> str:
        """The stream's name."""
        return str(self.config["name"])

    @property
    def retention(self) -> str:
        """``limits``, ``interest`` or ``workqueue``."""
        return str(self.config.get("retention", "limits"))

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects it stores; its own name where none are given."""
        return tuple(self.config.get("subjects") or (self.name,))


class SequencePair(msgspec.Struct, frozen=True):
    """A position by the consumer's count and by the stream's."""

    consumer_seq: int = 0
    stream_seq: int = 0


class ConsumerInfo(msgspec.Struct, frozen=True):
    """A consumer: its configuration as the server words it, and where it stands."""

    name: str
    stream_name: str
    config: dict[str, Any] = {}
    created: str = ""
    delivered: SequencePair = SequencePair()
    ack_floor: SequencePair = SequencePair()
    num_pending: int = 0
    num_ack_pending: int = 0
    num_waiting: int = 0

    @property
    def metadata(self) -> Mapping[str, str]:
        """The free labels of the consumer."""
        return self.config.get("metadata") or {}


class StoredMessage(msgspec.Struct, frozen=True):
    """One message as a stream holds it; ``header`` is a whole header block or empty."""

    subject: str
    seq: int
    time: str
    data: bytes = b""
    header: bytes = b""


class _Raw(msgspec.Struct):
    subject: str
    seq: int
    time: str
    data: str = ""
    hdrs: str = ""


class _GetAnswer(msgspec.Struct):
    message: _Raw


class _Names(msgspec.Struct):
    streams: list[str] | None = None
    total: int = 0


class _Consumers(msgspec.Struct):
    consumers: list[ConsumerInfo] | None = None
    total: int = 0


class _HeldState(msgspec.Struct):
    subjects: dict[str, int] | None = None


class _HeldInfo(msgspec.Struct):
    state: _HeldState


class _Success(msgspec.Struct):
    success: bool = False


T = TypeVar("T")


def decode_answer(data: bytes, kind: type[T]) -> T:
    """Read an answer of JetStream.

    Raises:
        JetStreamError: the answer is an error.
        RemoteProtocolError: it is not an answer at all.
    """
    try:
        error = msgspec.json.decode(data, type=_Envelope).error
        if error is not None:
            raise JetStreamError(error.code, error.err_code, error.description)
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise RemoteProtocolError(f"not a JetStream answer: {data[:80]!r}: {problem}") from None


class JetStream:
    """JetStream of the cluster behind ``transport``."""

    def __init__(self, transport: Transport, *, timeout_seconds: float = 5.0) -> None:
        self.transport = transport
        self._timeout_seconds = timeout_seconds

    async def stream_info(self, name: str) -> StreamInfo:
        """Describe a stream.  Raises JetStreamError 10059 when there is none."""
        return await self._call(f"STREAM.INFO.{name}", None, StreamInfo)

    async def find_stream(self, name: str) -> StreamInfo | None:
        """Describe a stream, or None when there is none."""
        try:
            return await self.stream_info(name)
        except JetStreamError as error:
            if error.err_code == ErrorCode.STREAM_NOT_FOUND:
                return None
            raise

    async def stream_names(self, subject: str) -> tuple[str, ...]:
        """Names of the streams that store something of ``subject``."""
        answer = await self._call("STREAM.NAMES", {"subject": subject}, _Names)
        return tuple(answer.streams or ())

    async def subjects_held(self, name: str, subject: str = ">") -> Mapping[str, int]:
        """Subjects of what a stream holds, with the number of messages on each.

        Only those that match ``subject``, and at most 100,000: the server tells no more.
        """
        info = await self._call(f"STREAM.INFO.{name}", {"subjects_filter": subject}, _HeldInfo)
        return info.state.subjects or {}

    async def create_stream(self, config: Mapping[str, Any]) -> StreamInfo:
        """Make a stream from a configuration in the server's JSON."""
        return await self._call(f"STREAM.CREATE.{config['name']}", dict(config), StreamInfo)

    async def message(self, name: str, sequence: int) -> StoredMessage | None:
        """The message at ``sequence``, or None when there is none (any more)."""
        return await self._get(name, {"seq": sequence})

    async def message_from(
        self, name: str, sequence: int, subject: str = ">"
    ) -> StoredMessage | None:
        """The first message at or behind ``sequence`` whose subject matches, or None."""
        return await self._get(name, {"seq": sequence, "next_by_subj": subject})

    async def last_message(self, name: str, subject: str) -> StoredMessage | None:
        """The newest message on ``subject``, or None."""
        return await self._get(name, {"last_by_subj": subject})

    async def create_consumer(
        self, stream: str, config: Mapping[str, Any], *, action: str = ""
    ) -> ConsumerInfo:
        """Make a consumer; with ``action`` "create" an existing one is an error (10148)."""
        request = {"stream_name": stream, "config": dict(config), "action": action}
        return await self._call(f"CONSUMER.CREATE.{stream}.{config['name']}", request, ConsumerInfo)

    async def find_consumer(self, stream: str, name: str) -> ConsumerInfo | None:
        """Describe a consumer, or None when there is none."""
        try:
            return await self._call(f"CONSUMER.INFO.{stream}.{name}", None, ConsumerInfo)
        except JetStreamError as error:
            if error.err_code == ErrorCode.CONSUMER_NOT_FOUND:
                return None
            raise

    async def consumers(self, stream: str) -> AsyncIterator[ConsumerInfo]:
        """All consumers of a stream."""
        offset = 0
        while True:
            page = await self._call(f"CONSUMER.LIST.{stream}", {"offset": offset}, _Consumers)
            for consumer in page.consumers or ():
                yield consumer
            offset += len(page.consumers or ())
            if not page.consumers or offset >= page.total:
                return

    async def delete_consumer(self, stream: str, name: str) -> bool:
        """Remove a consumer; False when there was none."""
        try:
            await self._call(f"CONSUMER.DELETE.{stream}.{name}", None, _Success)
        except JetStreamError as error:
            if error.err_code == ErrorCode.CONSUMER_NOT_FOUND:
                return False
            raise
        return True

    async def _get(self, name: str, request: Mapping[str, Any]) -> StoredMessage | None:
        try:
            raw = (await self._call(f"STREAM.MSG.GET.{name}", request, _GetAnswer)).message
        except JetStreamError as error:
            if error.err_code == ErrorCode.NO_MESSAGE:
                return None
            raise
        return StoredMessage(
            raw.subject, raw.seq, raw.time, b64decode(raw.data), b64decode(raw.hdrs)
        )

    async def _call(self, subject: str, request: Mapping[str, Any] | None, kind: type[T]) -> T:
        body = b"" if request is None else msgspec.json.encode(request)
        try:
            answer = await self.transport.request(
                f"{API_PREFIX}.{subject}", body, timeout_seconds=self._timeout_seconds
            )
        except NoRespondersError as error:
            raise ConnectError(
                f"no JetStream answers at {self.transport.server.url}; "
                "is it enabled on the server and for this account?"
            ) from error
        return decode_answer(answer.data, kind)
