"""Requests, replies and what carries them, the same for every protocol version.  Pure.

A request travels as a document inside a document inside a document:

    transport         who sent it, where replies go; :class:`Headers` and :class:`Transport`
      secure request  what was signed, by whom; :class:`SecureRequest`
        request       which agent of which nodes; :class:`Request`
          payload     bytes for that agent

Replies likewise.  The modules ``v1`` and ``v2`` read and write these records.
Times are unix nanoseconds; version 1 knows whole seconds only.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from choria_core.protocol.base64_text import decode_base64

NANOSECONDS: Final = 1_000_000_000

OPERATORS: Final = frozenset((">=", "<=", "<", ">", "!=", "==", "=~"))
"""How facts are compared."""

Hop = tuple[str, str, str]
"""Server that a message came from, identity that passed it on, server that it left by."""


class Version(IntEnum):
    """A protocol version; requests are answered in their own."""

    V1 = 1
    V2 = 2


class FactFilter(Struct, frozen=True, gc=False):
    """One comparison with a fact.

    Attributes:
        fact: path of the fact, never empty.
        operator: one of :data:`OPERATORS`.
        value: what to compare with, never empty.
    """

    fact: str
    operator: str
    value: str


class Filter(Struct, frozen=True, gc=False, kw_only=True):
    """Which nodes shall act; without any condition all of them.

    Attributes:
        fact: comparisons, of which all must hold.
        cf_class: classes, of which all must be on the node; ``/x/`` is a regular expression.
        agent: agents, likewise.
        identity: names or ``/x/``, of which one must be the node's.
        compound: expressions, of which more must be true than false.
    """

    fact: tuple[FactFilter, ...] = ()
    cf_class: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    compound: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no condition at all."""
        return self == MATCH_ALL


MATCH_ALL: Final = Filter()


class Request(Struct, frozen=True, gc=False, kw_only=True):
    """What a caller wants of an agent.

    Attributes:
        request_id: 32 letters and digits in version 1; replies carry it.
        sender: identity of the program that asks.
        caller: who asks; ``choria=name`` in version 1.
        ttl_seconds: 30 to 18,000.
        time_ns: when it was made.
        payload: for the agent; not empty, and UTF-8 in version 1.
    """

    request_id: str
    sender: str
    caller: str
    collective: str
    agent: str
    ttl_seconds: int
    time_ns: int
    payload: bytes
    filter: Filter = MATCH_ALL


class Reply(Struct, frozen=True, gc=False, kw_only=True):
    """What an agent of one node answers.

    Attributes:
        request_id: of the request.
        sender: identity of the node.
        agent: of the request.
        time_ns: when it was made.
        payload: of the agent; UTF-8 in version 1.
    """

    request_id: str
    sender: str
    agent: str
    time_ns: int
    payload: bytes


class SecureRequest(Struct, frozen=True, gc=False):
    """A request document with its signature.

    Attributes:
        signed: the request document, byte for byte what was signed.
        signature: RSA in version 1, ed25519 in version 2; not verified here.
        credential: PEM certificates in version 1, a JWT in version 2.
        signer: JWT of another that signed for the caller; version 2 only.
    """

    signed: bytes
    signature: bytes
    credential: bytes
    signer: bytes = b""


class SecureReply(Struct, frozen=True, gc=False):
    """A reply document; the hash that travels with it was checked.

    Attributes:
        signed: the reply document.
        signature: ed25519, not verified here; empty in version 1 and where nodes do not sign.
        credential: JWT of the node, likewise.
    """

    signed: bytes
    signature: bytes = b""
    credential: bytes = b""


class Federation(Struct, frozen=True, gc=False, kw_only=True):
    """How a message crosses between networks.

    Attributes:
        request_id: of the request, also in replies.
        reply_to: where replies go in the network of the client.
        targets: subjects in the network of the nodes.
    """

    request_id: str = ""
    reply_to: str = ""
    targets: tuple[str, ...] = ()


class Headers(Struct, frozen=True, gc=False, kw_only=True):
    """The outside of a message: nothing here is signed.

    Attributes:
        sender: identity of the program or node that sent it.
        reply_to: subject for replies; empty in replies.
        seen_by: the way it came.
        federation: None within one network; a reply carries its request's.
    """

    sender: str
    reply_to: str = ""
    seen_by: tuple[Hop, ...] = ()
    federation: Federation | None = None

    def passed_on(self, hop: Hop) -> "Headers":
        """The headers with one more hop of the way."""
        return replace(self, seen_by=(*self.seen_by, hop))


class Transport(Struct, frozen=True, gc=False):
    """A message as it came from the network; the documents inside are still closed."""

    version: Version
    headers: Headers
    data: str

    def document(self) -> bytes:
        """The secure request or secure reply inside.

        Raises:
            RemoteProtocolError: it is not base64.
        """
        return decode_base64(self.data)
