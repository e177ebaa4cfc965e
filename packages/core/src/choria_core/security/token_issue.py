"""Making tokens, as ``choria jwt client`` and ``choria jwt server`` do.  Pure.

Source: go-choria, cmd/jwt_client.go and cmd/jwt_server.go.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from choria_core.errors import UsageError
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_core.security.ksuid import make_ksuid
from choria_core.security.token_chain import root_chain_data
from choria_core.security.token_claims import (
    CLIENT_PURPOSE,
    DEFAULT_ISSUER,
    ROOT_ISSUER_PREFIX,
    SERVER_PURPOSE,
    Claims,
    ClientClaims,
    ClientPermissions,
    ServerClaims,
    ServerPermissions,
)
from choria_core.security.token_text import sign_token

DEFAULT_ORGANISATION: Final = "choria"
CLIENT_VALIDITY_SECONDS: Final = 3600.0
SERVER_VALIDITY_SECONDS: Final = 365 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What a token takes from outside: the time (unix seconds) and sixteen random bytes."""

    now: float
    entropy: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """What to write into a client's token.

    Attributes:
        caller: who it is.
        public_key: of its owner, in hex; empty for none.
        is_issuer: the owner may make tokens for others instead of calling.
        publish, subscribe: subjects at the broker beyond the usual.
    """

    caller: str
    public_key: str = ""
    permissions: ClientPermissions = ClientPermissions(fleet_management=True)  # noqa: RUF009 - frozen
    is_issuer: bool = False
    organisation: str = DEFAULT_ORGANISATION
    agents: tuple[str, ...] = ()
    opa_policy: str = ""
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    validity_seconds: float = CLIENT_VALIDITY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerToken:
    """What to write into a node's token.

    Attributes:
        public_key: of its owner, in hex.
        publish: subjects at the broker beyond the usual.
    """

    identity: str
    public_key: str
    collectives: tuple[str, ...]
    permissions: ServerPermissions = ServerPermissions()  # noqa: RUF009 - frozen
    organisation: str = DEFAULT_ORGANISATION
    publish: tuple[str, ...] = ()
    validity_seconds: float = SERVER_VALIDITY_SECONDS


def client_claims(token: ClientToken, issuer: Ed25519Signer, moment: Moment) -> ClientClaims:
    """The claims of a client's token.

    Raises:
        UsageError: a caller or, for an issuer, the public key is missing.
    """
    if not token.caller:
        raise UsageError("a caller id is needed")
    claims = ClientClaims(
        callerid=token.caller,
        agents=token.agents,
        opa_policy=token.opa_policy,
        permissions=_effective(token.permissions, is_issuer=token.is_issuer),
        pub_subjects=token.publish,
        sub_subjects=token.subscribe,
        purpose=CLIENT_PURPOSE,
        public_key=token.public_key,
        ou=token.organisation or DEFAULT_ORGANISATION,
        **_standard(moment, token.validity_seconds),
    )
    if not token.is_issuer:
        return claims
    if not token.public_key:
        raise UsageError("an issuer needs a public key: give --public-key")
    signature = issuer.sign(root_chain_data(claims.jti, claims.public_key))
    return msgspec.structs.replace(
        claims, iss=ROOT_ISSUER_PREFIX + issuer.public_hex, tcs=signature.hex()
    )


def server_claims(token: ServerToken, moment: Moment) -> ServerClaims:
    """The claims of a node's token.

    Raises:
        UsageError: something needed is missing, or governor comes without streams.
    """
    if not token.identity or not token.collectives or not token.public_key:
        raise UsageError("a server needs an identity, a public key and a collective")
    if token.permissions.governor and not token.permissions.streams:
        raise UsageError("--governor needs --stream-user as well")
    return ServerClaims(
        identity=token.identity,
        collectives=token.collectives,
        permissions=token.permissions,
        pub_subjects=token.publish,
        purpose=SERVER_PURPOSE,
        public_key=token.public_key,
        ou=token.organisation or DEFAULT_ORGANISATION,
        **_standard(moment, token.validity_seconds),
    )


def issue(claims: Claims, issuer: Ed25519Signer) -> str:
    """The token with these claims, signed by ``issuer``."""
    return sign_token(msgspec.json.encode(claims), issuer.sign)


def _effective(permissions: ClientPermissions, *, is_issuer: bool) -> ClientPermissions:
    """Permissions with what follows from them; issuers do not call."""
    if is_issuer:
        permissions = msgspec.structs.replace(
            permissions,
            fleet_management=False,
            signed_fleet_management=False,
            authentication_delegator=False,
        )
    if permissions.signed_fleet_management or permissions.provisioner:
        return msgspec.structs.replace(permissions, fleet_management=True)
    return permissions


def _standard(moment: Moment, validity_seconds: float) -> dict[str, Any]:
    if validity_seconds <= 0:
        raise UsageError("the validity must be longer than no time")
    now = int(moment.now)
    return {
        "iss": DEFAULT_ISSUER,
        "exp": now + int(validity_seconds),
        "nbf": now,
        "iat": now,
        "jti": make_ksuid(now=now, entropy=moment.entropy),
    }
