"""Replies of many nodes to one request, of which only what must differ is made anew.  Pure.

The documents are those that the codec writes.  What changes from reply to reply is the
node's name and the hash, so everything between them is cut out of one example.
"""

import base64
from hashlib import sha256
from typing import Final

from choria_core.errors import LocalProtocolError
from choria_core.protocol import v1
from choria_core.protocol.messages import Headers, Hop, Reply, SecureReply

_NAME: Final = "bench-name-of-the-node"


class ReplyTemplate:
    """Makes the frames of all nodes' replies to one request.

    Args:
        reply_to: where the replies go.
        request_id, agent: of the request.
        payload: what every node answers.
        time_ns: when, in unix nanoseconds.
        server: URL for the hop that nodes tell of.
    """

    def __init__(
        self,
        *,
        reply_to: str,
        request_id: str,
        agent: str,
        payload: bytes,
        time_ns: int,
        server: str,
    ) -> None:
        example = Reply(
            request_id=request_id, sender=_NAME, agent=agent, time_ns=time_ns, payload=payload
        )
        document = v1.encode_reply(example)
        secure = v1.encode_secure_reply(SecureReply(document))
        hop: Hop = (server, _NAME, server)
        outside = v1.encode_transport(secure, Headers(sender=_NAME, seen_by=(hop,)))
        digest = base64.b64encode(sha256(document).digest())
        before, after = _cut_once(secure, digest)
        head, tail = _cut_once(outside, base64.b64encode(secure))
        self._document = document.split(_NAME.encode())
        self._before = before.split(_NAME.encode())
        self._after = after
        self._head = head
        self._tail = tail.split(_NAME.encode())
        self._publish = f"PUB {reply_to} ".encode()

    def frame(self, name: bytes) -> bytes:
        """The PUB of the reply of the node ``name``."""
        digest = base64.b64encode(sha256(name.join(self._document)).digest())
        data = base64.b64encode(name.join(self._before) + digest + self._after)
        body = self._head + data + name.join(self._tail)
        return b"%b%d\r\n%b\r\n" % (self._publish, len(body), body)


def _cut_once(text: bytes, part: bytes) -> tuple[bytes, bytes]:
    before, found, after = text.partition(part)
    if not found:
        raise LocalProtocolError("the codec writes replies in another way than this bench knows")
    return before, after
