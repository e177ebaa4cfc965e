"""The bench's nodes answer as real ones do."""

import base64

import pytest

from bench.network.reply_template import ReplyTemplate
from choria_core.protocol import v1
from choria_core.protocol.codec import decode_transport

REQUEST_ID = "0123456789abcdef" * 2
PING = b'{"action":"ping","statuscode":0,"statusmsg":"OK","data":{"pong":1}}'


@pytest.mark.parametrize("payload", [b"pong", PING])
def test_every_node_sends_what_the_codec_would_write(payload: bytes) -> None:
    template = ReplyTemplate(
        reply_to="mcollective.reply.a.b",
        request_id=REQUEST_ID,
        agent="rpcutil",
        payload=payload,
        time_ns=1_800_000_000_000_000_000,
        server="nats://127.0.0.1:4222",
    )

    for name in ("n1", "node00001.example.net"):
        line, body = template.frame(name.encode()).rstrip(b"\r\n").split(b"\r\n")

        assert line == b"PUB mcollective.reply.a.b %d" % len(body)
        outside = decode_transport(body)
        reply = v1.decode_reply(v1.decode_secure_reply(outside.document()).signed)
        assert outside.headers.sender == reply.sender == name
        assert outside.headers.seen_by[0][1] == name
        assert (reply.request_id, reply.payload) == (REQUEST_ID, payload)
        assert v1.encode_transport(outside.document(), outside.headers) == body
        assert base64.b64encode(outside.document()) in body
