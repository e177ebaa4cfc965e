"""Who we are in a Choria network, how we sign, and whom we believe.

The provider of the configuration decides: ``puppet`` and ``file`` have certificates and
speak protocol version 1, ``choria`` has tokens and speaks version 2.  Where protection is
switched off nobody signs and everyone is believed.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from choria_core.errors import ConfigError
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.records import Security
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.codec import Sign
from choria_core.protocol.messages import Version
from choria_core.security.caller_rules import CallerRules
from choria_core.security.ed25519_signing import public_key_of
from choria_core.security.key_files import (
    TokenFiles,
    TokenIdentity,
    X509Files,
    load_authorities,
    load_token_identity,
    load_x509_identity,
    puppet_files,
)
from choria_core.security.token_claims import ClientClaims, ServerClaims, unique_id
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_trust import X509Trust

if TYPE_CHECKING:  # a client needs none of what opens requests
    from choria_core.node.opening import RequestTrust

CALLER_KIND: Final = "choria"
"""What callers of version 1 begin with: ``choria=name``."""

_PUPPET_FOLDERS: Final = (
    Path("/etc/puppetlabs/puppet/ssl"),
    Path("~/.puppetlabs/etc/puppet/ssl"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One program of a network.

    Attributes:
        version: of the protocol, for requests and replies.
        identity: the sender of what it publishes.
        caller: whom requests are made as; the identity for a server.
        sign: None where nobody signs.
        credential: PEM certificate or token that goes with signatures.
        unique_id: the part of inboxes that belongs to the owner of a token; else empty.
        request_trust: of servers: who may make requests; None where everyone may.
        reply_trust: of clients: who may speak for nodes; None where only hashes are checked.
    """

    version: Version
    identity: str
    caller: str
    sign: Sign | None = field(default=None, repr=False)
    credential: bytes = field(default=b"", repr=False)
    unique_id: str = ""
    request_trust: "RequestTrust | None" = None
    reply_trust: TokenTrust | None = None


def client_party(config: ClientConfig) -> Party:
    """The caller that a client's configuration describes.

    Raises:
        ConfigError: a key, certificate or token is missing or unusable.
    """
    security = config.security
    version = version_of(security)
    caller = f"{CALLER_KIND}={config.certname}"
    if not security.protection.signed:
        return Party(version=version, identity=config.identity, caller=caller)
    if version is Version.V1:
        own = load_x509_identity(x509_files(security, config.certname))
        return Party(
            version=version,
            identity=config.identity,
            caller=caller,
            sign=own.signer.sign,
            credential=own.certificate,
        )
    token = _token(security)
    if not isinstance(token.claims, ClientClaims):
        raise ConfigError("plugin.security.choria.token_file is a server's token; use a client's")
    return Party(
        version=version,
        identity=config.identity,
        caller=token.claims.callerid,
        sign=token.signer.sign,
        credential=token.token.encode(),
        unique_id=unique_id(token.claims.callerid),
        reply_trust=token_trust(security) if trusts_tokens(security) else None,
    )


def server_party(config: ServerConfig) -> Party:
    """The node that a server's configuration describes.

    Raises:
        ConfigError: a key, certificate or token is missing or unusable, or the token is not
            for this node.
    """
    security, identity = config.security, config.identity
    version = version_of(security)
    if not security.protection.signed:
        return Party(version=version, identity=identity, caller=identity)
    if version is Version.V1:
        files = x509_files(security, config.certname)
        rules = CallerRules(security.allowed_callers, security.privileged_callers)
        trust = X509Trust(load_authorities(files.authorities), rules)
        return Party(version=version, identity=identity, caller=identity, request_trust=trust)
    token = _token(security)
    claims = token.claims
    if not isinstance(claims, ServerClaims) or claims.identity != identity:
        raise ConfigError(
            f"plugin.security.choria.token_file is not the token of the server {identity}; "
            "have one issued for it, or set identity to the token's"
        )
    return Party(
        version=version,
        identity=identity,
        caller=identity,
        sign=token.signer.sign if security.sign_replies else None,
        credential=token.token.encode() if security.sign_replies else b"",
        unique_id=unique_id(identity),
        request_trust=token_trust(security),
    )


def version_of(security: Security) -> Version:
    """The protocol version of a provider."""
    return Version.V2 if security.provider == "choria" else Version.V1


def x509_files(security: Security, certname: str) -> X509Files:
    """Where certificate, key and authorities are.

    Raises:
        ConfigError: the configuration does not say.
    """
    if security.provider == "puppet":
        return puppet_files(security.ssl_folder or _puppet_folder(), certname)
    found = security.file
    for key, path in (("certificate", found.certificate), ("key", found.key), ("ca", found.ca)):
        if path is None:
            raise ConfigError(
                f"the security provider file needs plugin.security.file.{key}: "
                "set it to the path of a PEM file"
            )
    assert found.certificate is not None
    assert found.key is not None
    assert found.ca is not None
    return X509Files(found.certificate, found.key, found.ca)


def trusts_tokens(security: Security) -> bool:
    """Whether the configuration says whose tokens to believe."""
    return bool(security.choria.trusted_signers or security.issuers)


def token_trust(security: Security) -> TokenTrust:
    """Whose tokens to believe.

    Raises:
        ConfigError: nobody's, or a key is malformed.
    """
    signers = [
        public_key_of(text, source="plugin.security.choria.trusted_signers")
        for text in security.choria.trusted_signers
    ]
    issuers = {
        name: public_key_of(text, source=f"plugin.security.issuer.{name}.public")
        for name, text in security.issuers.items()
    }
    return TokenTrust(signers=signers, issuers=issuers)


def token_files(security: Security) -> TokenFiles:
    """Where the token and its seed are.

    Raises:
        ConfigError: the configuration does not say.
    """
    token, seed = security.choria.token_file, security.choria.seed_file
    for key, path in (("token_file", token), ("seed_file", seed)):
        if path is None:
            raise ConfigError(
                f"the security provider choria needs plugin.security.choria.{key}: set it; "
                "choria jwt makes both"
            )
    assert token is not None
    assert seed is not None
    return TokenFiles(token, seed)


def _token(security: Security) -> TokenIdentity:
    return load_token_identity(token_files(security))


def _puppet_folder() -> Path:
    """Where Puppet keeps its files when nobody says otherwise."""
    system, own = _PUPPET_FOLDERS
    own = own.expanduser()
    return own if own.is_dir() and not system.is_dir() else system
