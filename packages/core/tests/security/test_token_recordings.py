"""Signed requests and replies of version 2 as the Go programs made them."""

import json

import msgspec
import pytest

from choria_core.errors import Refusal, RefusedError
from choria_core.security.token_claims import ClientClaims, ServerClaims, read_claims, unique_id
from choria_core.security.token_text import TokenParts, split_token
from choria_core.security.token_trust import TokenTrust
from choria_core.security.verified import VerifiedSender
from choria_testing import vectors
from choria_testing.recorded_signatures import SignedDocument, recorded_v2

ISSUER = bytes.fromhex(vectors.path("issuer.public").read_text())
TOKENS = ("alice.jwt", "s1.jwt", "s2.jwt")

DOCUMENTS = recorded_v2()


def is_of_node(document: SignedDocument) -> bool:
    """Replies are of nodes, and so are registrations."""
    return document.is_reply or document.agent == "registration"


def verify(judge: TokenTrust, document: SignedDocument, **changed: bytes) -> VerifiedSender:
    parts = {
        "signed": document.signed,
        "signature": document.signature,
        "credential": document.credential,
        **changed,
    }
    if is_of_node(document):
        return judge.verify_node(identity=document.name, now=document.time, **parts)
    return judge.verify_request(caller=document.name, now=document.time, **parts)


@pytest.fixture(scope="module")
def judge() -> TokenTrust:
    return TokenTrust(signers=[ISSUER])


def test_every_recorded_message_verifies(judge: TokenTrust) -> None:
    senders = {verify(judge, document).name for document in DOCUMENTS}

    assert senders == {"alice", "node1.example", "node2.example"}
    assert sum(not is_of_node(document) for document in DOCUMENTS) > 8
    assert sum(document.is_reply for document in DOCUMENTS) > 12


def test_the_organisation_may_be_trusted_instead() -> None:
    judge = TokenTrust(issuers={"choria": ISSUER, "other": bytes(32)})

    for document in DOCUMENTS:
        verify(judge, document)


@pytest.mark.parametrize("field", ["signed", "signature"])
def test_no_byte_of_text_or_signature_can_be_changed(judge: TokenTrust, field: str) -> None:
    for document in DOCUMENTS:
        original = getattr(document, field)
        for at in range(0, len(original), max(1, len(original) // 16)):
            with pytest.raises(RefusedError) as refused:
                verify(judge, document, **{field: changed(original, at)})
            assert refused.value.reason is Refusal.BAD_SIGNATURE


def test_no_byte_of_a_token_can_be_changed(judge: TokenTrust) -> None:
    """Every byte, in two ways; letters also turn from large to small."""
    tokens = {document.credential: document for document in DOCUMENTS}
    assert len(tokens) == 3

    for token, document in tokens.items():
        for at in range(len(token)):
            for bit in (1, 32):
                with pytest.raises(RefusedError):
                    verify(judge, document, credential=changed(token, at, bit))


def test_nothing_but_line_breaks_can_be_added_to_a_token(judge: TokenTrust) -> None:
    for document in DOCUMENTS[:3]:
        token = document.credential
        for other in (token + b"=", token + b" ", b"\n" + token, token + b".", token[:-1]):
            with pytest.raises(RefusedError):
                verify(judge, document, credential=other)
        verify(judge, document, credential=token + b"\r\n")


def test_others_than_the_issuer_are_not_trusted() -> None:
    other = bytes.fromhex("3dc5821b3dfd4e72d3aa4b0511808ce242700937ece3b2c0f669981d1d5eff8d")
    judges = [
        TokenTrust(signers=[other]),
        TokenTrust(issuers={"choria": other}),
        TokenTrust(issuers={"another": ISSUER}),
    ]

    for judge in judges:
        for document in DOCUMENTS:
            with pytest.raises(RefusedError) as refused:
                verify(judge, document)
            assert refused.value.reason is Refusal.UNTRUSTED


def test_the_recorded_token_files_are_read() -> None:
    alice, node, _ = (read_claims(parts_of(name).claims) for name in TOKENS)

    assert isinstance(alice, ClientClaims)
    assert alice.callerid == "alice"
    assert alice.permissions is not None
    assert alice.permissions.fleet_management
    assert alice.expires == 1953105908
    assert isinstance(node, ServerClaims)
    assert (node.identity, node.collectives) == ("node1.example", ("choria",))
    assert node.permissions is not None
    assert node.permissions.service_host


def test_claims_are_written_as_they_were_read() -> None:
    for name in TOKENS:
        document = parts_of(name).claims

        assert json.loads(msgspec.json.encode(read_claims(document))) == json.loads(document)


def test_reply_subjects_have_the_unique_id_of_the_caller() -> None:
    subjects = [message["subject"] for message in vectors.messages("v2.jsonl")]

    assert any(subject.startswith(f"choria.reply.{unique_id('alice')}.") for subject in subjects)


def parts_of(name: str) -> TokenParts:
    return split_token(vectors.path(name).read_bytes())


def changed(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
