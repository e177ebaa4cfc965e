"""What adapters make of a message for the programs behind a stream.  Pure."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct, json

from choria_core.errors import RemoteProtocolError
from choria_core.protocol.json_documents import decode_document, encode_document
from choria_core.protocol.messages import NANOSECONDS, Reply, Request


class AdapterOutput(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    tag_field="protocol",
    tag="choria:adapters:choria_streams:output:1",
):
    """A payload without its envelopes.

    Attributes:
        data: the payload, as text.
        sender: identity of the node.
        time: of the message, RFC 3339 in UTC.
        requestid: of the message.
    """

    data: str
    sender: str
    time: str
    requestid: str


class _OtherOutput(Struct, tag_field="protocol", tag="choria:adapters:natsstream:output:1"):
    """What the adapter of long ago wrote; not read here."""


# A union, as a lone type would do without its ``protocol``.
_outputs: Final[json.Decoder[AdapterOutput | _OtherOutput]] = json.Decoder(
    AdapterOutput | _OtherOutput
)


def adapter_output(message: Request | Reply) -> AdapterOutput:
    """Take ``message`` out of its envelopes.

    Raises:
        RemoteProtocolError: its payload is not UTF-8, which version 2 allows.
    """
    try:
        data = message.payload.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("a payload that is not UTF-8") from None
    return AdapterOutput(
        data=data,
        sender=message.sender,
        time=output_time(message.time_ns // NANOSECONDS),
        requestid=message.request_id,
    )


@lru_cache(maxsize=256)  # messages come in order, more or less
def output_time(seconds: int) -> str:
    """A unix time as an output has it."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}Z"


def decode_adapter_output(document: bytes) -> AdapterOutput:
    """Read what an adapter wrote.

    Raises:
        RemoteProtocolError: it is no such output.
    """
    found = decode_document(_outputs, document)
    if not isinstance(found, AdapterOutput):
        raise RemoteProtocolError("the output of an adapter that is no more")
    return found


def encode_adapter_output(output: AdapterOutput) -> bytes:
    """Write an adapter's output.

    Raises:
        LocalProtocolError: it holds what JSON cannot.
    """
    return encode_document(output)
