"""One reply for many nodes: all of it but the name is written once.  Pure.

A reply of version 1 is a document in a document in a document, the outermost in base64,
and each holds the name of the node or a hash of what does.  A stencil has what is around
the name, cut out of what the codec of core writes for a name that occurs nowhere else.
"""

from binascii import b2a_base64
from hashlib import sha256

from choria_core.errors import LocalProtocolError
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.codec import codec_of, reply_headers, seal_reply
from choria_core.protocol.messages import Reply, Version


class ReplyStencil:
    """Writes the replies of nodes that say the same to one request of version 1.

    Args:
        opened: the request.
        payload: what the agent of every node says.
        broker: URL of the broker that the replies leave by.
        now_ns: unix time that the replies tell.
        mark: a name that is part of nothing else here.

    Raises:
        LocalProtocolError: the payload cannot be carried, or the mark occurs in it.
    """

    __slots__ = ("_after", "_before", "_head", "_prefix", "_seal", "_subject", "_tail")

    def __init__(
        self, opened: OpenedRequest, payload: bytes, *, broker: str, now_ns: int, mark: str
    ) -> None:
        assert opened.transport.version is Version.V1
        codec, name = codec_of(Version.V1), mark.encode()
        request = opened.request
        reply = Reply(
            request_id=request.request_id,
            sender=mark,
            agent=request.agent,
            time_ns=now_ns,
            payload=payload,
        )
        document = codec.encode_reply(reply)
        secure = seal_reply(codec, reply)
        headers = reply_headers(opened.transport, sender=mark, hop=(broker, mark, broker))
        transport = codec.encode_transport(b"", headers)
        self._subject = b"PUB %b " % opened.transport.headers.reply_to.encode()
        self._before, self._after = _halves(document, name)
        # The hash stands at the end of the secure reply, the name in the middle.
        digest = b2a_base64(sha256(document).digest(), newline=False)
        around, end = _halves(secure, digest)
        first, second = _halves(around, name)
        self._seal = second, end
        whole = len(first) - len(first) % 3
        # What comes before the name, as far as base64 can be written without it.
        self._prefix = first[whole:]
        data_at = transport.index(b'"data":"') + len(b'"data":"')
        self._head = transport[:data_at] + b2a_base64(first[:whole], newline=False)
        self._tail = transport[data_at:].split(name)

    def frame(self, name: bytes) -> bytes:
        """The reply of the node ``name``, as it goes to its broker."""
        digest = sha256(self._before + name + self._after).digest()
        between, end = self._seal
        rest = b2a_base64(
            b"%b%b%b%b%b" % (self._prefix, name, between, b2a_base64(digest, newline=False), end),
            newline=False,
        )
        body = b"%b%b%b" % (self._head, rest, name.join(self._tail))
        return b"%b%d\r\n%b\r\n" % (self._subject, len(body), body)

    def size(self, name: bytes) -> int:
        """Bytes of that reply without its frame."""
        frame = self.frame(name)
        return len(frame) - frame.index(b"\r\n") - 4


def _halves(text: bytes, part: bytes) -> tuple[bytes, bytes]:
    """What is before and after the one place where ``part`` is."""
    if text.count(part) != 1:
        raise LocalProtocolError("a name that shall mark its place occurs elsewhere too")
    before, _, after = text.partition(part)
    return before, after
