"""An authority for one run."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.throwaway_authority import ThrowawayAuthority

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_its_certificates_pass_a_strict_check() -> None:
    authority = ThrowawayAuthority("a fleet", now=NOW)
    broker = x509.load_pem_x509_certificate(authority.issue_broker(["localhost"]).certificate)
    caller = x509.load_pem_x509_certificate(authority.issue_caller("a.mcollective").certificate)
    store = Store([x509.load_pem_x509_certificate(authority.pem)])
    policy = PolicyBuilder().store(store).time(NOW)

    policy.build_server_verifier(x509.DNSName("localhost")).verify(broker, [])
    verified = policy.build_client_verifier().verify(caller, [])

    assert verified.subjects == [x509.DNSName("a.mcollective")]


def test_the_key_of_a_caller_signs_requests() -> None:
    issued = ThrowawayAuthority("a fleet", now=NOW).issue_caller("a.mcollective")
    signer = RsaSigner.from_pem(issued.key, source="the key")

    certificate = x509.load_pem_x509_certificate(issued.certificate)
    assert signer.public_key == certificate.public_key()


def test_no_key_is_shown() -> None:
    issued = ThrowawayAuthority("a fleet", now=NOW).issue_broker(["127.0.0.1"])

    assert "PRIVATE" not in repr(issued)
