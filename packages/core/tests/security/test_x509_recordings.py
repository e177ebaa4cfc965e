"""Signed requests as the Go programs made them."""

import re
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from choria_core.errors import Refusal, RefusedError
from choria_core.security.caller_rules import CallerRules
from choria_core.security.verified import VerifiedSender
from choria_core.security.x509_chain import Authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing import vectors
from choria_testing.recorded_signatures import SignedDocument, recorded_v1

NODES = (r"^node\d\.example$",)

DOCUMENTS = recorded_v1()
REQUESTS = [document for document in DOCUMENTS if document.agent != "registration"]


def trust(*, ca: str = "ca.pem", allowed: tuple[str, ...] | None = None) -> X509Trust:
    rules = CallerRules() if allowed is None else CallerRules(allowed)
    return X509Trust(Authorities(vectors.path(ca).read_bytes()), rules)


def verify(judge: X509Trust, document: SignedDocument, **changed: bytes) -> VerifiedSender:
    parts = {
        "signed": document.signed,
        "signature": document.signature,
        "credential": document.credential,
        **changed,
    }
    return judge.verify_request(caller=document.name, now=document.time, **parts)


def test_the_recordings_hold_what_they_should() -> None:
    callers = {document.name.removeprefix("choria=") for document in REQUESTS}

    assert callers == {"alice.mcollective", "bob.mcollective", "root.privileged.mcollective"}
    assert len(DOCUMENTS) > len(REQUESTS) > 20


def test_every_recorded_request_verifies() -> None:
    judge = trust()

    for document in REQUESTS:
        sender = verify(judge, document)

        assert sender.name == document.name
        assert sender.credential_names == (document.name.removeprefix("choria="),)
        assert sender.is_privileged == ("privileged" in document.name)


def test_registrations_verify_where_nodes_may_call() -> None:
    judge, nodes = trust(), trust(allowed=NODES)

    for document in set(DOCUMENTS) - set(REQUESTS):
        assert verify(nodes, document).name == document.name
        with pytest.raises(RefusedError) as refused:
            verify(judge, document)
        assert refused.value.reason is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("field", ["signed", "signature"])
def test_no_byte_of_text_or_signature_can_be_changed(field: str) -> None:
    judge = trust(allowed=(".",))

    for document in DOCUMENTS:
        original = getattr(document, field)
        for at in range(0, len(original), max(1, len(original) // 16)):
            with pytest.raises(RefusedError) as refused:
                verify(judge, document, **{field: changed(original, at)})
            assert refused.value.reason is Refusal.BAD_SIGNATURE


def test_no_byte_of_a_certificate_can_be_changed() -> None:
    """Every single byte of one certificate; of the others some."""
    judge = trust(allowed=(".",))
    first = REQUESTS[0]
    by_credential = {document.credential: document for document in DOCUMENTS}

    for document in by_credential.values():
        der = x509.load_pem_x509_certificate(document.credential).public_bytes(Encoding.DER)
        for at in range(0, len(der), 1 if document.credential == first.credential else 37):
            with pytest.raises(RefusedError):
                verify(judge, document, credential=pem(changed(der, at)))


def test_a_certificate_whose_text_is_changed_is_refused_or_the_same() -> None:
    """Line ends and the like may be read as before; then everything else still holds."""
    judge, document = trust(), REQUESTS[0]

    for at in range(0, len(document.credential), 7):
        try:
            sender = verify(judge, document, credential=changed(document.credential, at))
        except RefusedError:
            continue
        assert sender == verify(judge, document)


def test_requests_are_not_of_another_authority() -> None:
    judge = trust(ca="otherca.pem")

    for document in REQUESTS:
        with pytest.raises(RefusedError) as refused:
            verify(judge, document)
        assert refused.value.reason is Refusal.UNTRUSTED


def test_recorded_certificates_have_their_time() -> None:
    judge, document = trust(), REQUESTS[0]
    own = x509.load_pem_x509_certificate(document.credential)
    moments = {
        Refusal.NOT_YET_VALID: own.not_valid_before_utc.timestamp() - 1,
        Refusal.EXPIRED: own.not_valid_after_utc.timestamp() + 1,
    }

    for reason, now in moments.items():
        with pytest.raises(RefusedError) as refused:
            judge.verify_request(
                caller=document.name,
                signed=document.signed,
                signature=document.signature,
                credential=document.credential,
                now=now,
            )
        assert refused.value.reason is reason


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def pem(der: bytes) -> bytes:
    lines = re.findall(b".{1,64}", b64encode(der))
    framed = [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]
    return b"\n".join(framed)
