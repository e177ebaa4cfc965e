"""What tokens of clients and servers say.  Pure.

Names and defaults are those of the Go tools; what is at its default is left
out when written, as they do.

Source: choria-io/tokens, standard.go, client_id.go, server.go.
"""

from hashlib import md5
from typing import Final, TypeVar

import msgspec

from choria_core.errors import Refusal, RefusedError

CLIENT_PURPOSE: Final = "choria_client_id"
SERVER_PURPOSE: Final = "choria_server"

DEFAULT_ISSUER: Final = "Choria Tokens Package"
ROOT_ISSUER_PREFIX: Final = "I-"
CHAIN_ISSUER_PREFIX: Final = "C-"


class ClientPermissions(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a client may do.

    Attributes:
        signed_fleet_management: requests count only when a delegate signed them.
        service: the token may live longer than usual.
    """

    streams_admin: bool = False
    streams_user: bool = False
    events_viewer: bool = False
    election_user: bool = False
    system_user: bool = False
    governor: bool = False
    org_admin: bool = False
    fleet_management: bool = False
    signed_fleet_management: bool = False
    service: bool = False
    authentication_delegator: bool = False
    provisioner: bool = False


class ServerPermissions(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a node may do beside answering requests."""

    submission: bool = False
    streams: bool = False
    governor: bool = False
    service_host: bool = False


class StandardClaims(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What every token says.

    Attributes:
        purpose: what it is for.
        public_key: of its owner, in hex.
        ou: organisation; chooses the issuer that must have made it.
        iss: who made it: a text, or ``C-<token id>.<public key>`` where the maker
            is itself vouched for, or ``I-<public key>`` in the token of such a maker.
        tcs: signatures that link token, maker and organisation.
        issexp: when the maker's own token expires.
        exp, nbf, iat: end, begin and making, unix seconds.
        jti: id of this token.
    """

    purpose: str = ""
    public_key: str = ""
    ou: str = ""
    iss: str = ""
    tcs: str = ""
    issexp: float | None = None
    exp: float | None = None
    nbf: float | None = None
    iat: float | None = None
    jti: str = ""

    @property
    def expires(self) -> float | None:
        """When token or maker expires, whichever is first; unix seconds."""
        ends = [end for end in (self.exp, self.issexp) if end is not None]
        return min(ends, default=None)

    @property
    def is_chained(self) -> bool:
        """Whether the maker is one that the organisation's key vouches for."""
        return self.iss.startswith(CHAIN_ISSUER_PREFIX)


class ClientClaims(StandardClaims, frozen=True, omit_defaults=True, kw_only=True):
    """What a client's token says.

    Attributes:
        callerid: who it is; requests have it as their caller.
        agents: the agents, or ``agent.action``, that a remote signer lets it use.
        user_properties, opa_policy: for remote signers.
        pub_subjects, sub_subjects: what it may use at the broker beyond the usual.
    """

    callerid: str
    agents: tuple[str, ...] = ()
    user_properties: dict[str, str] = {}
    opa_policy: str = ""
    permissions: ClientPermissions | None = None
    pub_subjects: tuple[str, ...] = ()
    sub_subjects: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Whom the token names."""
        return self.callerid


class ServerClaims(StandardClaims, frozen=True, omit_defaults=True, kw_only=True):
    """What a node's token says.

    Attributes:
        identity: of the node.
        collectives: those that it may be in.
        pub_subjects: where it may publish beyond the usual.
    """

    identity: str
    collectives: tuple[str, ...]
    permissions: ServerPermissions | None = None
    pub_subjects: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Whom the token names."""
        return self.identity


Claims = ClientClaims | ServerClaims

_Claims = TypeVar("_Claims", bound=StandardClaims)
_TYPES: Final[dict[str, type[ClientClaims | ServerClaims]]] = {
    CLIENT_PURPOSE: ClientClaims,
    SERVER_PURPOSE: ServerClaims,
}


def read_claims(document: bytes) -> Claims:
    """Read the claims of a client or a server; its purpose says which.

    Raises:
        RefusedError: they are damaged, or of a token for something else.
    """
    purpose = _decode(document, StandardClaims).purpose
    kind = _TYPES.get(purpose)
    if kind is None:
        problem = f"the token's purpose is {purpose[:40]!a}, neither a client's nor a server's"
        raise RefusedError(Refusal.WRONG_PURPOSE, problem)
    return _decode(document, kind)


def unique_id(name: str) -> str:
    """The part of reply subjects that belongs to a caller or a node.

    Source: choria-io/tokens, ``UniqueID``.
    """
    return md5(name.encode(), usedforsecurity=False).hexdigest()


def _decode(document: bytes, kind: type[_Claims]) -> _Claims:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Refusal.MALFORMED, "the token's claims cannot be read") from error
