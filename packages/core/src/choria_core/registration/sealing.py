"""Registration requests, made ready to be published."""

import secrets
import uuid
from dataclasses import dataclass, field, replace
from typing import Final

from choria_core.errors import ConfigError
from choria_core.network.party import CALLER_KIND, token_files, version_of, x509_files
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol import subjects, v1
from choria_core.protocol.codec import Sign, codec_of, seal_request
from choria_core.protocol.messages import NANOSECONDS, Headers, Request, SecureRequest, Version
from choria_core.registration.registration import RegistrationItem
from choria_core.security.key_files import (
    X509Identity,
    load_token_identity,
    load_x509_identity,
)
from choria_core.security.ksuid import RANDOM_BYTES, make_ksuid
from choria_core.telemetry.logs import get_logger

AGENT: Final = "registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Closes what nodes register; many of them can share it.

    Attributes:
        version: of the protocol.
        ttl_seconds: how long readers accept a request.
        sign: None where nobody signs.
        credential: PEM certificate or token that goes with signatures.
        unsigned: what stands in place of both, where the network signs and the node cannot.
        certname: the name that certificates know the node by; empty for its identity.
    """

    version: Version
    ttl_seconds: int = 60
    sign: Sign | None = field(default=None, repr=False)
    credential: bytes = field(default=b"", repr=False)
    unsigned: SecureRequest | None = None
    certname: str = ""

    def seal(
        self, item: RegistrationItem, *, identity: str, collective: str, server: str, now_ns: int
    ) -> bytes:
        """The message that carries ``item``.

        Args:
            item: what the node tells.
            identity: its name.
            collective: that it registers in.
            server: URL of the broker, of which the message's way tells.
            now_ns: unix time.

        Raises:
            LocalProtocolError: a name or the body cannot be part of a request.
        """
        codec = codec_of(self.version)
        request = Request(
            request_id=self._new_id(now_ns),
            sender=identity,
            caller=self._caller(identity),
            collective=collective,
            agent=AGENT,
            ttl_seconds=self.ttl_seconds,
            time_ns=now_ns if self.version is Version.V2 else now_ns // NANOSECONDS * NANOSECONDS,
            payload=item.body,
            filter=item.filter,
        )
        if self.sign is None and self.unsigned is not None:
            lacking = self.unsigned
            document = codec.encode_secure_request(
                SecureRequest(codec.encode_request(request), lacking.signature, lacking.credential)
            )
        else:
            document = seal_request(codec, request, sign=self.sign, credential=self.credential)
        headers = Headers(
            sender=identity,
            reply_to=subjects.NO_REPLY,
            seen_by=((server, identity, server),),
        )
        return codec.encode_transport(document, headers)

    def _caller(self, identity: str) -> str:
        if self.version is Version.V2:
            return identity
        return f"{CALLER_KIND}={self.certname or identity}"

    def _new_id(self, now_ns: int) -> str:
        if self.version is Version.V1:
            return uuid.uuid4().hex
        entropy = secrets.token_bytes(RANDOM_BYTES)
        return make_ksuid(now=now_ns // NANOSECONDS, entropy=entropy)


def subject_of(item: RegistrationItem, collective: str) -> str:
    """Where ``item`` is published.

    Raises:
        LocalProtocolError: its target is no subject.
    """
    return subjects.raw_target(item.target) if item.target else subjects.registration(collective)


def server_sealer(config: ServerConfig) -> Sealer:
    """How the node of a server's configuration signs.

    Raises:
        ConfigError: its token or seed is missing or unusable.
    """
    version = version_of(config.security)
    plain = Sealer(
        version=version, ttl_seconds=config.request_ttl_seconds, certname=config.certname
    )
    if not config.security.protection.signed:
        return plain
    if version is Version.V2:
        token = load_token_identity(token_files(config.security))
        return replace(plain, sign=token.signer.sign, credential=token.token.encode())
    own = _certificate(config)
    if own is None:
        return replace(plain, unsigned=v1.UNSIGNED_REGISTRATION)
    return replace(plain, sign=own.signer.sign, credential=own.certificate)


def _certificate(config: ServerConfig) -> X509Identity | None:
    """What the node signs by; None where there is nothing to use, as it may still register."""
    if config.security.anonymous_tls:
        return None
    try:
        return load_x509_identity(x509_files(config.security, config.certname))
    except ConfigError as error:
        get_logger("choria.registration").warning(
            "registrations are not signed, as there is no certificate to sign them by",
            cause=str(error),
        )
        return None
