"""Transports that nobody sane would send, and a reader that goes as deep as it can.

Half of them are a recorded message with its bytes or its JSON changed.  The
other half have the change in an inner layer and are closed again around it by the
keys of a network of our own, so that hash and signature are right, a reader who
verifies them believes it, and the layers behind them are reached.
"""

import gc
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from choria_core.errors import RemoteProtocolError
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import NodeView
from choria_core.protocol.base64_text import request_payload
from choria_core.protocol.codec import Codec, codec_of, decode_transport, is_insecure
from choria_core.protocol.discovery_body import is_ping
from choria_core.protocol.messages import NANOSECONDS, SecureReply, SecureRequest, Version
from choria_core.protocol.registration_body import decode_registration
from choria_core.protocol.rpc_body import decode_rpc_reply, decode_rpc_request, unpack_fields
from choria_core.protocol.ttl import freshness
from choria_core.telemetry.process_figures import rss_bytes
from choria_testing.onion import LAYERS, Onion
from choria_testing.throwaway_network import ThrowawayNetwork

WARM_UP_PART = 0.1
"""Of a run, after which memory counts: until then caches and arenas fill."""

SNIPPETS = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"[" * 2000,
    b'{"a":' * 1200,
    b"9" * 400,
    b"9" * 5000,
    b"1e999",
    b"-0",
    b"null",
    b"true",
    b"\r\nPUB x 0\r\n\r\n",
    b"$JS.API.STREAM.PURGE.X",
    b".>",
    b"*",
    b" ",
    b"=",
    b"choria:reply:1",
    b"io.choria.protocol.v2.reply",
    b'"protocol":"choria:request:1",',
    b'"message":"x",',
    b"x" * 70_000,
)

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**63,
    10**400,
    "",
    "x",
    "a b",
    "\u0000",
    "\r\n",
    "$JS.API",
    "a.>",
    "é" * 300,
    "x" * 70_000,
    [],
    [[]],
    [None] * 50,
    {},
    {"a": {"b": []}},
)

Read = Callable[[bytes], str]
"""Takes a body, reads what can be read, and names how far that was."""


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """What a run met.

    Attributes:
        reached: how many messages were read how far.
        slowest_seconds: of the processor, the most that one message took.
        grown_bytes: memory at the end, more than after the warming up.
    """

    reached: Counter[str]
    slowest_seconds: float
    grown_bytes: int


class TransportFuzz:
    """An endless source of broken transports; the same seed gives the same ones.

    Args:
        onions: recorded transports that can be closed again.
        seed: of the random numbers.
    """

    def __init__(self, onions: Sequence[Onion], *, seed: int) -> None:
        self._onions = onions
        self._random = random.Random(seed)  # noqa: S311 - nothing here is secret

    def bodies(self, count: int) -> Iterator[bytes]:
        """The next ``count`` of them: every other one is changed within."""
        for number in range(count):
            onion = self._random.choice(self._onions)
            layer = self._random.randrange(1, len(LAYERS)) if number % 2 else 0
            yield onion.closed(layer, self._changed(onion, layer))

    def _changed(self, onion: Onion, layer: int) -> bytes:
        text = onion.texts[layer]
        if self._random.random() < 0.5 and text.startswith(b"{"):
            return self._other_value(text)
        for _ in range(self._random.choice((1, 1, 1, 2, 5))):
            text = self._other_bytes(text)
        return text

    def _other_bytes(self, text: bytes) -> bytes:
        rnd = self._random
        start = rnd.randrange(len(text) + 1)
        end = min(len(text), start + rnd.choice((0, 1, 1, 2, 8, 60)))
        match rnd.randrange(5):
            case 0:
                return text[:start] + rnd.choice(SNIPPETS) + text[end:]
            case 1:
                return text[:start] + text[end:]
            case 2:
                return text[:end] + text[start:]
            case 3:
                other = rnd.choice(rnd.choice(self._onions).texts)
                return text[:start] + other[rnd.randrange(len(other) + 1) :]
        return text[:start] + rnd.randbytes(end - start) + text[end:]

    def _other_value(self, text: bytes) -> bytes:
        """``text`` with one part, at any depth, exchanged, removed or doubled."""
        document = json.loads(text)
        holder, key = self._random.choice(list(_places(document)))
        match self._random.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[self._random.choice(("message", "x", "agent"))] = holder[key]
            case _:
                holder[key] = self._random.choice(VALUES)
        return json.dumps(document).encode()


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a document, as what holds it and the key or index there."""
    items = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in items:
        yield part, key
        if isinstance(value, dict | list):
            yield from _places(value)


class DeepReader:
    """Reads what a node and a client would, and believes whom they would.

    Args:
        network: whose keys are trusted.
    """

    def __init__(self, network: ThrowawayNetwork) -> None:
        self._now = network.now
        self._x509 = network.x509
        self._tokens = network.tokens
        facts = {"os": {"name": "Debian", "release": 12}, "country": "mt", "cores": 2}
        self._node = NodeView("n1.example", ("discovery", "rpcutil"), ("apache", "Role::X"), facts)

    def __call__(self, body: bytes) -> str:
        """Read ``body``; names the last layer that was good."""
        reached = "nothing"
        try:
            transport = decode_transport(body)
            reached = "transport"
            document = transport.document()
            codec = codec_of(transport.version)
            is_request = b"equest" in document[:60]
            steps = self._request_steps if is_request else self._reply_steps
            for reached in steps(codec, document):  # noqa: B007 - used below
                pass
        except RemoteProtocolError:
            pass
        return reached

    def _request_steps(self, codec: Codec, document: bytes) -> Iterator[str]:
        secure = codec.decode_secure_request(document)
        is_insecure(codec, secure)
        yield "secure"
        request = codec.decode_request(secure.signed)
        freshness(request, now_ns=int(self._now) * NANOSECONDS, started_ns=0)
        yield "inner"
        self._verify_request(codec.VERSION, secure, request.caller)
        yield "verified"
        compile_filter(request.filter).matches(self._node)
        payload = request_payload(request.payload)
        if request.agent == "registration":
            decode_registration(payload)
        elif not is_ping(payload):
            unpack_fields(decode_rpc_request(payload).data)
        yield "payload"

    def _reply_steps(self, codec: Codec, document: bytes) -> Iterator[str]:
        secure = codec.decode_secure_reply(document)
        yield "secure"
        reply = codec.decode_reply(secure.signed)
        yield "inner"
        if codec.VERSION is Version.V2:
            self._verify_reply(secure, reply.sender)
        yield "verified"
        if reply.payload != b"pong":
            unpack_fields(decode_rpc_reply(reply.payload).data)
        yield "payload"

    def _verify_request(self, version: Version, secure: SecureRequest, caller: str) -> None:
        trust = self._x509 if version is Version.V1 else self._tokens
        trust.verify_request(
            caller=caller,
            signed=secure.signed,
            signature=secure.signature,
            credential=secure.credential,
            now=self._now,
        )

    def _verify_reply(self, secure: SecureReply, identity: str) -> None:
        self._tokens.verify_node(
            identity=identity,
            signed=secure.signed,
            signature=secure.signature,
            credential=secure.credential,
            now=self._now,
        )


def run_fuzz(fuzz: TransportFuzz, count: int, *, read: Read) -> FuzzReport:
    """Give ``read`` so many broken transports; an error that leaves it is a bug."""
    reached = Counter[str]()
    slowest = 0.0
    warm_after = int(count * WARM_UP_PART)
    base_bytes = rss_bytes()
    for number, body in enumerate(fuzz.bodies(count)):
        if number == warm_after:
            gc.collect()
            base_bytes = rss_bytes()
        began = time.process_time()
        reached[read(body)] += 1
        slowest = max(slowest, time.process_time() - began)
    gc.collect()
    return FuzzReport(reached, slowest, rss_bytes() - base_bytes)
