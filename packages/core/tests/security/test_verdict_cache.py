"""What is remembered of credentials, and for how long."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from choria_core.errors import Refusal, RefusedError
from choria_core.security.caller_rules import CallerRules
from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.token_trust import TokenTrust
from choria_core.security.verdict_cache import MAX_AGE_SECONDS, MAX_ENTRIES, VerdictCache
from choria_core.security.x509_chain import Authorities, KnownCertificate
from choria_core.security.x509_trust import X509Trust
from choria_testing.authorities import NOW, Authority, Leaf
from choria_testing.choria_tokens import chained, client_claims, make_token, new_key, public_hex

REQUEST = b"request"


def test_a_verdict_is_kept_until_it_expires() -> None:
    cache: VerdictCache[str] = VerdictCache()
    cache.keep(b"a", "good", now=100, expires=160)

    assert cache.find(b"a", now=100) == "good"
    assert cache.find(b"a", now=159.9) == "good"
    assert cache.find(b"b", now=100) is None
    assert cache.find(b"a", now=160) is None
    assert len(cache) == 0


def test_a_verdict_is_kept_for_an_hour_at_most() -> None:
    cache: VerdictCache[str] = VerdictCache()
    cache.keep(b"a", "good", now=100, expires=1e9)

    assert cache.find(b"a", now=100 + MAX_AGE_SECONDS - 1) == "good"
    assert cache.find(b"a", now=100 + MAX_AGE_SECONDS) is None


def test_using_a_verdict_does_not_make_it_younger() -> None:
    cache: VerdictCache[str] = VerdictCache()
    cache.keep(b"a", "good", now=0, expires=1e9)

    for minute in range(60):
        assert cache.find(b"a", now=60 * minute) == "good"
    assert cache.find(b"a", now=3600) is None


def test_a_clock_that_went_back_makes_verdicts_void() -> None:
    cache: VerdictCache[str] = VerdictCache()
    cache.keep(b"a", "good", now=100, expires=160)

    assert cache.find(b"a", now=99) is None


def test_the_exact_bytes_count() -> None:
    cache: VerdictCache[str] = VerdictCache()
    cache.keep(b"a", "good", now=0, expires=9)

    assert cache.find(b"a\n", now=0) is None
    assert cache.find(b"A", now=0) is None


def test_the_oldest_make_room() -> None:
    cache: VerdictCache[int] = VerdictCache(max_entries=3)
    for number in (1, 2, 3, 4):
        cache.keep(b"%d" % number, number, now=0, expires=9)

    assert [cache.find(b"%d" % number, now=0) for number in (1, 2, 3, 4)] == [None, 2, 3, 4]
    assert len(cache) == 3


def test_the_usual_size() -> None:
    cache: VerdictCache[int] = VerdictCache()
    for number in range(MAX_ENTRIES + 10):
        cache.keep(b"%d" % number, number, now=0, expires=9)

    assert len(cache) == MAX_ENTRIES == 4096


def test_bad_credentials_are_not_kept() -> None:
    counted = CountedAuthorities(Authority.root("other").pem)
    trust = X509Trust(counted, CallerRules())
    mallory = Authority.root("root").issue("alice.mcollective")

    for _ in range(2):
        assert refusal(trust, mallory) is Refusal.UNTRUSTED
    assert counted.judgements == 2


def test_certificates_are_judged_once_an_hour() -> None:
    root = Authority.root("root", valid=(NOW - 1, NOW + 1e6))
    counted = CountedAuthorities(root.pem)
    trust = X509Trust(counted, CallerRules())
    alice = root.issue("alice.mcollective", valid=(NOW - 1, NOW + 1e6))

    for seconds in (0, 1, 3599):
        verify(trust, alice, now=NOW + seconds)
    assert counted.judgements == 1
    verify(trust, alice, now=NOW + 3600)
    assert counted.judgements == 2


@pytest.mark.parametrize("first_to_end", ["leaf", "middle", "root"])
def test_no_certificate_outlives_its_chain(first_to_end: str) -> None:
    """Also where it was judged a moment before."""
    ends = dict.fromkeys(("leaf", "middle", "root"), NOW + 1000.0) | {first_to_end: NOW + 10.0}
    root = Authority.root("root", valid=(NOW - 1, ends["root"]))
    middle = root.intermediate("middle", valid=(NOW - 1, ends["middle"]))
    alice = middle.issue("alice.mcollective", valid=(NOW - 1, ends["leaf"]))
    trust = X509Trust(Authorities(root.pem), CallerRules())

    verify(trust, alice, now=NOW)
    verify(trust, alice, now=NOW + 9)
    assert refusal(trust, alice, now=NOW + 11) in (Refusal.EXPIRED, Refusal.UNTRUSTED)


def test_who_is_trusted_changes_with_the_trust() -> None:
    """A new trust knows nothing of what the old one found good."""
    alice = Authority.root("root").issue("alice.mcollective")
    old = X509Trust(Authorities(Authority.root("root").pem), CallerRules())
    new = X509Trust(Authorities(Authority.root("other").pem), CallerRules())
    strict = X509Trust(Authorities(Authority.root("root").pem), CallerRules(["^bob"]))

    verify(old, alice)
    assert refusal(new, alice) is Refusal.UNTRUSTED
    assert refusal(strict, alice) is Refusal.NOT_ALLOWED


def test_a_known_certificate_allows_nothing_more() -> None:
    """What is remembered is who it is; caller and signature are checked each time."""
    root = Authority.root("root")
    alice = root.issue("alice.mcollective")
    trust = X509Trust(Authorities(root.pem), CallerRules())

    verify(trust, alice)
    assert refusal(trust, alice, caller="choria=bob.mcollective") is Refusal.WRONG_NAME
    assert refusal(trust, alice, signature=b"x" * 256) is Refusal.BAD_SIGNATURE
    assert refusal(trust, alice, signed=b"other") is Refusal.BAD_SIGNATURE


def test_tokens_end_while_they_are_known() -> None:
    issuer, maker, owner = new_key(), new_key(), new_key()
    trust = TokenTrust(signers=[bytes.fromhex(public_hex(issuer))])
    claims = client_claims("alice", owner)
    short = make_token(issuer, {**claims, "exp": NOW + 10})
    made = make_token(maker, chained(claims, issuer, maker, issexp=NOW + 10))

    for token in (short, made):
        first = trust.verify_token(token, now=NOW)
        assert trust.verify_token(token, now=NOW + 9) is first
        with pytest.raises(RefusedError) as refused:
            trust.verify_token(token, now=NOW + 10)
        assert refused.value.reason is Refusal.EXPIRED


def test_known_tokens_are_unknown_to_another_trust() -> None:
    issuer, other, owner = new_key(), new_key(), new_key()
    token = make_token(issuer, client_claims("alice", owner))

    TokenTrust(signers=[bytes.fromhex(public_hex(issuer))]).verify_token(token, now=NOW)
    with pytest.raises(RefusedError) as refused:
        TokenTrust(signers=[bytes.fromhex(public_hex(other))]).verify_token(token, now=NOW)
    assert refused.value.reason is Refusal.UNTRUSTED


def test_a_known_token_allows_nothing_more() -> None:
    issuer, owner = new_key(), new_key()
    trust = TokenTrust(signers=[bytes.fromhex(public_hex(issuer))])
    token = make_token(issuer, client_claims("alice", owner, permissions={}))

    trust.verify_token(token, now=NOW)
    with pytest.raises(RefusedError) as refused:
        trust.verify_request(
            caller="alice",
            signed=REQUEST,
            signature=owner.sign(REQUEST),
            credential=token,
            now=NOW,
        )
    assert refused.value.reason is Refusal.NOT_ALLOWED


class CountedAuthorities(Authorities):
    """Real authorities that count how often they are asked."""

    judgements = 0

    def verify(self, pem: bytes, *, now: float) -> KnownCertificate:
        self.judgements += 1
        return super().verify(pem, now=now)


def verify(trust: X509Trust, leaf: Leaf, **changed: Any) -> None:
    assert isinstance(leaf.key, RSAPrivateKey)
    usual = {
        "caller": "choria=alice.mcollective",
        "signed": REQUEST,
        "signature": RsaSigner(leaf.key).sign(REQUEST),
        "now": NOW,
    }
    trust.verify_request(credential=leaf.chained_pem, **{**usual, **changed})


def refusal(trust: X509Trust, leaf: Leaf, **changed: Any) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        verify(trust, leaf, **changed)
    return refused.value.reason
