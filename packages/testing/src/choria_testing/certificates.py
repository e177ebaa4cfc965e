"""Certificates for TLS between tests and their brokers, made on the spot."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from choria_core.broker.options import BrokerTls
from choria_core.nats.endpoint import TlsSettings

if TYPE_CHECKING:
    import trustme

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class KeyedCertificate:
    """A certificate and its key, both in PEM files."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """One authority with a server and a client, and a stranger with another.

    Attributes:
        ca_file: the authority that signed ``server`` and ``client``.
        server: good for ``localhost`` and the loopback addresses.
        client: what a broker with ``verify`` accepts.
        other_ca_file: an authority that signed neither.
        stranger: a client signed by that one.
    """

    ca_file: Path
    server: KeyedCertificate
    client: KeyedCertificate
    other_ca_file: Path
    stranger: KeyedCertificate

    def broker_tls(self, *, verify: bool = False, handshake_first: bool = False) -> BrokerTls:
        """TLS settings for a broker."""
        return BrokerTls(
            self.server.cert_file,
            self.server.key_file,
            ca_file=self.ca_file,
            verify=verify,
            handshake_first=handshake_first,
        )

    def client_tls(
        self, *, certificate: KeyedCertificate | None = None, handshake_first: bool = False
    ) -> TlsSettings:
        """TLS settings for a client that trusts the broker and may show a certificate."""
        return TlsSettings(
            ca_file=str(self.ca_file),
            cert_file=str(certificate.cert_file) if certificate else "",
            key_file=str(certificate.key_file) if certificate else "",
            handshake_first=handshake_first,
        )


def make_certificates(folder: Path) -> Certificates:
    """Make fresh certificates in ``folder``."""
    import trustme  # brings cryptography along: not for runs without TLS

    authority, other = trustme.CA(), trustme.CA()
    ca_file, other_ca_file = folder / "ca.pem", folder / "other-ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    other.cert_pem.write_to_path(other_ca_file)
    return Certificates(
        ca_file,
        _write(authority.issue_cert(*SERVER_NAMES), folder, "server"),
        _write(authority.issue_cert("client@example.net"), folder, "client"),
        other_ca_file,
        _write(other.issue_cert("stranger@example.net"), folder, "stranger"),
    )


def _write(certificate: "trustme.LeafCert", folder: Path, name: str) -> KeyedCertificate:
    written = KeyedCertificate(folder / f"{name}.pem", folder / f"{name}-key.pem")
    for number, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(written.cert_file, append=number > 0)
    certificate.private_key_pem.write_to_path(written.key_file)
    return written
