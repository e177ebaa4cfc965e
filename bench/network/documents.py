"""Requests and replies of three networks, and what nodes and clients do with them.

Keys are made for the run and forgotten.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from choria_core.node.opening import RequestOpener, RequestTrust
from choria_core.protocol.codec import (
    Sign,
    codec_of,
    decode_transport,
    reply_headers,
    seal_reply,
    seal_request,
)
from choria_core.protocol.messages import (
    NANOSECONDS,
    Filter,
    Headers,
    Reply,
    Request,
    Transport,
    Version,
)
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    decode_rpc_reply,
    encode_rpc_reply,
    encode_rpc_request,
    pack_fields,
    unpack_fields,
)
from choria_core.security.caller_rules import CallerRules
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_chain import Authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing.authorities import NOW, Authority
from choria_testing.choria_tokens import client_claims, make_token, new_key, server_claims

NODE: Final = "node1.example.net"
NOW_NS: Final = int(NOW) * NANOSECONDS
ARGUMENTS: Final = {"fact": "os.release"}
RESULTS: Final = {"fact": "os.release", "value": {"full": "12.5", "major": "12", "minor": "5"}}
DOCUMENTS: Final = 64
"""So many different requests are taken in turn."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Who one party is: without ``sign``, nobody who could prove it."""

    name: str
    sign: Sign | None = None
    credential: bytes = field(default=b"", repr=False)


class Network:
    """A client and a node that know each other.

    Args:
        name: for the figures.
        version: which they speak.
        client, node: the two.
        request_trust: by which the node judges requests.
        reply_trust: by which the client judges replies, in version 2.
    """

    def __init__(
        self,
        name: str,
        version: Version,
        *,
        client: Signing,
        node: Signing,
        request_trust: RequestTrust | None = None,
        reply_trust: TokenTrust | None = None,
    ) -> None:
        self.name = name
        self._codec = codec_of(version)
        self._client = client
        self._node = node
        self._reply_trust = reply_trust
        self._opener = RequestOpener(version, request_trust)
        self._requests = [self._request(number) for number in range(DOCUMENTS)]
        self._opened = [self._opener.open(body, now_ns=NOW_NS) for body in self._requests]
        self._replies = [self._answer(one.request, one.transport) for one in self._opened]

    def jobs(self) -> dict[str, Callable[[int], None]]:
        """What is measured, by name; each does so many of its kind."""
        return {
            "requests opened": self._open_requests,
            "replies made": self._make_replies,
            "replies read": self._read_replies,
        }

    def _open_requests(self, count: int) -> None:
        for body in itertools.islice(itertools.cycle(self._requests), count):
            self._opener.open(body, now_ns=NOW_NS)

    def _make_replies(self, count: int) -> None:
        for opened in itertools.islice(itertools.cycle(self._opened), count):
            self._answer(opened.request, opened.transport)

    def _read_replies(self, count: int) -> None:
        for body in itertools.islice(itertools.cycle(self._replies), count):
            self._read(body)

    def _request(self, number: int) -> bytes:
        data = pack_fields(ARGUMENTS)
        request = Request(
            request_id=f"{number:032x}",
            sender="client.example.net",
            caller=self._client.name,
            collective="choria",
            agent="rpcutil",
            ttl_seconds=60,
            time_ns=NOW_NS,
            payload=encode_rpc_request(RpcRequest("rpcutil", "get_fact", data)),
            filter=Filter(agent=("rpcutil",)),
        )
        client = self._client
        sealed = seal_request(self._codec, request, sign=client.sign, credential=client.credential)
        headers = Headers(sender=request.sender, reply_to=f"choria.reply.abc.{number}")
        return self._codec.encode_transport(sealed, headers)

    def _answer(self, request: Request, transport: Transport) -> bytes:
        """All that a node writes, from the results of an action on."""
        results = RpcReply(
            action="get_fact", statuscode=0, statusmsg="OK", data=pack_fields(RESULTS)
        )
        reply = Reply(
            request_id=request.request_id,
            sender=NODE,
            agent=request.agent,
            time_ns=NOW_NS,
            payload=encode_rpc_reply(results),
        )
        node = self._node
        sealed = seal_reply(self._codec, reply, sign=node.sign, credential=node.credential)
        return self._codec.encode_transport(sealed, reply_headers(transport, sender=NODE))

    def _read(self, body: bytes) -> None:
        """All that a client reads, to the results of an action."""
        transport = decode_transport(body)
        secure = self._codec.decode_secure_reply(transport.document())
        reply = self._codec.decode_reply(secure.signed)
        if self._reply_trust is not None:
            self._reply_trust.verify_node(
                identity=reply.sender,
                signed=secure.signed,
                signature=secure.signature,
                credential=secure.credential,
                now=NOW,
            )
        unpack_fields(decode_rpc_reply(reply.payload).data)


def plain_network() -> Network:
    """Version 1, nobody signs."""
    client = Signing("choria=alice.mcollective")
    return Network("v1_plain", Version.V1, client=client, node=Signing(NODE))


def signed_network() -> Network:
    """Version 1, requests are signed with 2048 bits of RSA."""
    authority = Authority.root("bench")
    leaf = authority.issue("alice.mcollective")
    assert isinstance(leaf.key, RSAPrivateKey)
    client = Signing("choria=alice.mcollective", RsaSigner(leaf.key).sign, leaf.pem)
    trust = X509Trust(Authorities(authority.pem), CallerRules())
    node = Signing(NODE)
    return Network("v1_signed", Version.V1, client=client, node=node, request_trust=trust)


def token_network() -> Network:
    """Version 2, requests and replies are signed."""
    issuer, alice, node = new_key(), new_key(), new_key()
    trust = TokenTrust(signers=[issuer.public_key().public_bytes_raw()])
    return Network(
        "v2",
        Version.V2,
        client=Signing(
            "alice",
            Ed25519Signer(alice.private_bytes_raw()).sign,
            make_token(issuer, client_claims("alice", alice)),
        ),
        node=Signing(
            NODE,
            Ed25519Signer(node.private_bytes_raw()).sign,
            make_token(issuer, server_claims(NODE, node)),
        ),
        request_trust=trust,
        reply_trust=trust,
    )
