"""Certificates, tokens and configuration files of one whole network, valid today.

files = NetworkFiles(tmp_path)
write_config(file, "identity = client.example", *files.certified("alice.mcollective"))
"""

import time
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.broker.options import BrokerTls
from choria_testing.authorities import FOR_CLIENTS, FOR_SERVERS, Authority
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)


class NetworkFiles:
    """The files of a network, in a folder.

    Attributes:
        folder: where they are.
        ca: of the one authority.
    """

    def __init__(self, folder: Path, *, authority: str = "an authority") -> None:
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._valid = (time.time() - 60, time.time() + 3600)
        self._authority = Authority.root(authority, valid=self._valid)
        self.ca.write_bytes(self._authority.pem)

    @cached_property
    def issuer(self) -> Ed25519PrivateKey:
        """Who vouches for tokens."""
        return new_key()

    def broker_tls(self) -> BrokerTls:
        """For a broker ``localhost`` that wants a certificate of everybody."""
        certificate, key = self.certificate("localhost")
        return BrokerTls(certificate, key, ca_file=self.ca, verify=True)

    def certificate(self, name: str) -> tuple[Path, Path]:
        """A certificate for either end of a connection, and its key."""
        purposes = (FOR_CLIENTS, FOR_SERVERS)
        leaf = self._authority.issue(name, purposes=purposes, valid=self._valid)
        key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        certificate_file = self.folder / f"{name}.pem"
        certificate_file.write_bytes(leaf.pem)
        return certificate_file, self._secret(f"{name}.key", key)

    def certified(self, name: str) -> tuple[str, ...]:
        """Lines for somebody with a certificate."""
        certificate, key = self.certificate(name)
        return (
            "plugin.security.provider = file",
            f"plugin.security.file.certificate = {certificate}",
            f"plugin.security.file.key = {key}",
            f"plugin.security.file.ca = {self.ca}",
        )

    def client_with_token(self, caller: str) -> tuple[str, ...]:
        """Lines for a caller with a token."""
        owner = new_key()
        return self._with_token(caller, owner, client_claims(caller, owner, **_today()))

    def server_with_token(self, identity: str) -> tuple[str, ...]:
        """Lines for a node with a token."""
        owner = new_key()
        return self._with_token(identity, owner, server_claims(identity, owner, **_today()))

    def _with_token(
        self, name: str, owner: Ed25519PrivateKey, claims: dict[str, object]
    ) -> tuple[str, ...]:
        token = self.folder / f"{name}.jwt"
        token.write_bytes(make_token(self.issuer, claims))
        seed = self._secret(f"{name}.seed", owner.private_bytes_raw().hex().encode())
        certificate, key = self.certificate(name)
        return (
            "plugin.security.provider = choria",
            f"plugin.security.choria.token_file = {token}",
            f"plugin.security.choria.seed_file = {seed}",
            f"plugin.security.choria.trusted_signers = {public_hex(self.issuer)}",
            f"plugin.security.choria.certificate = {certificate}",
            f"plugin.security.choria.key = {key}",
            f"plugin.security.choria.ca = {self.ca}",
        )

    def _secret(self, name: str, secret: bytes) -> Path:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_bytes(secret)
        return file


def _today() -> dict[str, int]:
    now = int(time.time())
    return {"exp": now + 3600, "nbf": now - 60, "iat": now - 60}


def write_config(file: Path, *lines: str) -> Path:
    """A configuration file of these lines."""
    file.write_text("".join(f"{line}\n" for line in lines))
    return file
