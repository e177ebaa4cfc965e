"""Recorded messages as a network with keys of our own would have sent them.

    network = ThrowawayNetwork()
    onion = network.onion_of(recorded)      # what is changed in it is signed again
    network.x509.verify_request(…)          # and believed

The callers and nodes of the recordings become one caller and nodes of the same names,
whose keys were made on the spot.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from choria_core.security.caller_rules import CallerRules
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_chain import Authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing.authorities import NOW, Authority
from choria_testing.choria_tokens import client_claims, make_token, new_key, server_claims
from choria_testing.onion import Onion, onion_of

CLIENT: Final = "alice.mcollective"

Document = dict[str, Any]


class ThrowawayNetwork:
    """One authority, one issuer of tokens, one caller and any nodes.

    Args:
        name: of the authority; one of another name has other keys.

    Attributes:
        now: when its certificates and tokens are valid, unix seconds.
        x509, tokens: who believes what it signs, in version 1 and 2.
    """

    now: Final = NOW

    def __init__(self, name: str = "throwaway") -> None:
        authority = Authority.root(name)
        leaf = authority.issue(CLIENT)
        assert isinstance(leaf.key, RSAPrivateKey)
        self._certificate = leaf.pem.decode()
        self._rsa = RsaSigner(leaf.key)
        self._issuer, self._owner = new_key(), new_key()
        self._ed25519 = Ed25519Signer(self._owner.private_bytes_raw())
        self._token = make_token(self._issuer, client_claims(CLIENT, self._owner)).decode()
        self.x509 = X509Trust(Authorities(authority.pem), CallerRules())
        self.tokens = TokenTrust(signers=[self._issuer.public_key().public_bytes_raw()])

    def onions(self, bodies: Iterable[bytes]) -> list[Onion]:
        """Recorded transports of either version, now of this network."""
        return [self.onion_of(body) for body in bodies]

    def onion_of(self, body: bytes) -> Onion:
        """One of them."""
        transport = json.loads(body)
        is_first = transport["protocol"] == "choria:transport:1"
        secure = json.loads(base64.b64decode(transport["data"]))
        (self._own_first if is_first else self._own_second)(secure)
        transport["data"] = base64.b64encode(_text(secure)).decode()
        sign = self._rsa.sign if is_first else self._ed25519.sign
        stale = onion_of(_text(transport), sign)
        innermost = len(stale.texts) - 1
        return onion_of(stale.closed(innermost, stale.texts[innermost]), sign)

    def _own_first(self, secure: Document) -> None:
        if "pubcert" in secure:
            request = json.loads(secure["message"])
            request["envelope"]["callerid"] = f"choria={CLIENT}"
            secure["message"] = _text(request).decode()
            secure["pubcert"] = self._certificate

    def _own_second(self, secure: Document) -> None:
        if "request" in secure:
            request = json.loads(base64.b64decode(secure["request"]))
            request["caller"] = CLIENT
            secure["request"] = base64.b64encode(_text(request)).decode()
            secure["caller"] = self._token
        else:
            name = json.loads(base64.b64decode(secure["reply"]))["sender"]
            secure["sender"] = make_token(self._issuer, server_claims(name, self._owner)).decode()


def _text(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
