"""From a message as the network has it to a message as the stream has it.  Pure."""

from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

from choria_core.errors import RemoteProtocolError
from choria_core.protocol.adapter_output import (
    AdapterOutput,
    adapter_output,
    encode_adapter_output,
    output_time,
)
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import Reply, Request, Transport
from choria_plugin_adapter.quick_reading import open_reply, open_request
from choria_plugin_adapter.settings import AdapterSettings, Takes
from choria_plugin_adapter.verifying import NodeVerifier

_lengths: Final = Struct(">4I").pack

MALFORMED: Final = "malformed"
"""Reason of what is no message of the protocol."""


class Unwrapped(NamedTuple):
    """A message for the stream.

    Attributes:
        subject: to publish it to.
        message_id: ``Nats-Msg-Id``, in hexadecimal.
        body: the output document.
    """

    subject: bytes
    message_id: bytes
    body: bytes


class LongSubjectError(RemoteProtocolError):
    """The sender's name makes a subject that is too long."""


class Unwrapper:
    """Takes messages of either protocol version out of their envelopes.

    Args:
        settings: of the adapter.
        verifier: None where every sender is believed, as the original does.
    """

    def __init__(self, settings: AdapterSettings, verifier: NodeVerifier | None) -> None:
        self._name = settings.name
        self._template = settings.template
        self._verifier = verifier
        takes_requests = settings.takes is Takes.REQUESTS
        self._open = self._request if takes_requests else self._reply
        self._quick = open_request if takes_requests else open_reply

    def unwrap(self, body: bytes, *, now_ns: int) -> Unwrapped:
        """Open and, where wanted, verify one message.

        Args:
            body: as the network delivered it.
            now_ns: unix time.

        Raises:
            RefusedError: it is not believed; has a reason.
            LongSubjectError: no subject can be made of its sender.
            RemoteProtocolError: it is no message, or not one of the kind that is read here.
        """
        opened = self._quick(body) if self._verifier is None else None
        if opened is None:
            output = adapter_output(self._open(decode_transport(body), now_ns))
        else:
            output = AdapterOutput(
                data=opened.data,
                sender=opened.sender,
                time=output_time(opened.seconds),
                requestid=opened.request_id,
            )
        subject = self._template.subject(output.sender)
        if not subject:
            raise LongSubjectError(f"the subject of {output.sender[:80]} would be too long")
        return Unwrapped(
            subject.encode(),
            message_id(self._name, output.requestid, output.sender, output.data),
            encode_adapter_output(output),
        )

    def _request(self, transport: Transport, now_ns: int) -> Request:
        codec = codec_of(transport.version)
        secure = codec.decode_secure_request(transport.document())
        request = codec.decode_request(secure.signed)
        if self._verifier is not None:
            self._verifier.check_request(transport.version, secure, request, now_ns=now_ns)
        return request

    def _reply(self, transport: Transport, now_ns: int) -> Reply:
        codec = codec_of(transport.version)
        secure = codec.decode_secure_reply(transport.document())
        reply = codec.decode_reply(secure.signed)
        if self._verifier is not None:
            self._verifier.check_reply(transport.version, secure, reply, now_ns=now_ns)
        return reply


def message_id(adapter: str, request_id: str, sender: str, data: str) -> bytes:
    """What tells a message from all others, and from itself not, however often it is published.

    The SHA-256 of the four, each behind its length in four bytes, the highest first.  All
    replies to one request share its id, so that alone would not do; and without the data a
    forged message that comes first would keep the true one out of the stream.
    """
    name, request, node, text = (
        adapter.encode(),
        request_id.encode(),
        sender.encode(),
        data.encode(),
    )
    lengths = _lengths(len(name), len(request), len(node), len(text))
    whole = b"".join(
        (lengths[:4], name, lengths[4:8], request, lengths[8:12], node, lengths[12:], text)
    )
    return sha256(whole).hexdigest().encode()
