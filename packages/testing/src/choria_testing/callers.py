"""Requests made by a caller of a Choria network, honest ones unless a test changes them.

caller = Caller(Version.V1, "choria=alice.mcollective")
body = caller.request(reply_to="mcollective.reply.x.1", now_ns=time.time_ns())
"""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec.structs import replace

from choria_core.protocol.codec import Sign, codec_of, seal_request
from choria_core.protocol.messages import Headers, Request, Version
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_core.security.rsa_signing import RsaSigner
from choria_testing.authorities import Leaf

PING: Final = b"cGluZw=="
"""What clients send to the agent discovery."""

SENDER: Final = "client.example"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks nodes; unsigned where ``sign`` is None."""

    version: Version
    name: str
    collective: str = "mcollective"
    sign: Sign | None = field(default=None, repr=False)
    credential: bytes = field(default=b"", repr=False)

    @classmethod
    def certified(cls, leaf: Leaf, name: str) -> Self:
        """A caller of version 1 with a certificate."""
        assert isinstance(leaf.key, RSAPrivateKey)
        signer = RsaSigner(leaf.key)
        return cls(Version.V1, name, sign=signer.sign, credential=leaf.pem)

    @classmethod
    def with_token(cls, token: bytes, owner: Ed25519PrivateKey, name: str) -> Self:
        """A caller of version 2."""
        signer = Ed25519Signer(owner.private_bytes_raw())
        return cls(Version.V2, name, "choria", sign=signer.sign, credential=token)

    def document(self, *, now_ns: int, **other: Any) -> Request:
        """What is signed: a ping, in which ``other`` fields of the request are replaced."""
        request = Request(
            request_id=uuid.uuid4().hex,
            sender=SENDER,
            caller=self.name,
            collective=self.collective,
            agent="discovery",
            ttl_seconds=60,
            time_ns=now_ns,
            payload=PING,
        )
        return replace(request, **other)

    def sealed(self, request: Request) -> bytes:
        """The secure request."""
        codec = codec_of(self.version)
        return seal_request(codec, request, sign=self.sign, credential=self.credential)

    def request(self, *, reply_to: str, now_ns: int, **other: Any) -> bytes:
        """A whole message, see :meth:`document`."""
        secure = self.sealed(self.document(now_ns=now_ns, **other))
        headers = Headers(sender=SENDER, reply_to=reply_to)
        return codec_of(self.version).encode_transport(secure, headers)
