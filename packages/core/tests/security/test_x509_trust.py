"""Certificates of callers, good and bad ones."""

import contextlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.caller_rules import CallerRules
from choria_core.security.rsa_signing import RsaSigner
from choria_core.security.verified import VerifiedSender
from choria_core.security.x509_chain import Authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing.authorities import (
    FOR_CLIENTS,
    FOR_SERVERS,
    NOW,
    Authority,
    Leaf,
    ec_key,
    ed25519_key,
    rsa_key,
)

REQUEST = b'{"protocol":"choria:request:1"}'

ROOT = Authority.root("root")
OTHER = Authority.root("other")
ALICE = ROOT.issue("alice.mcollective")
CALLER = "choria=alice.mcollective"


def verify(
    leaf: Leaf,
    *,
    caller: str = CALLER,
    root: Authority = ROOT,
    credential: bytes | None = None,
    now: float = NOW,
) -> VerifiedSender:
    """What a node that trusts ``root`` makes of a request signed with the key of ``leaf``."""
    trust = X509Trust(Authorities(root.pem), CallerRules())
    key = leaf.key if isinstance(leaf.key, RSAPrivateKey) else rsa_key("stand-in")
    return trust.verify_request(
        caller=caller,
        signed=REQUEST,
        signature=RsaSigner(key).sign(REQUEST),
        credential=leaf.chained_pem if credential is None else credential,
        now=now,
    )


def refusal(leaf: Leaf, **how: Any) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        verify(leaf, **how)
    return refused.value.reason


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    no = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs_certificates, **no)


def common_names(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def test_a_caller_with_its_certificate() -> None:
    assert verify(ALICE) == VerifiedSender(CALLER, ("alice.mcollective",))


@pytest.mark.parametrize(
    "purposes",
    [
        (),
        (FOR_CLIENTS,),
        (FOR_SERVERS, FOR_CLIENTS),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
    ],
)
def test_purposes_that_allow_clients(purposes: tuple[ObjectIdentifier, ...]) -> None:
    verify(ROOT.issue("alice.mcollective", purposes=purposes))


def test_a_certificate_for_servers_alone_is_refused() -> None:
    """The library's relaxed rules let it pass."""
    server = ROOT.issue("alice.mcollective", purposes=(FOR_SERVERS,))

    assert refusal(server) is Refusal.WRONG_PURPOSE


def test_a_certificate_with_a_common_name_alone() -> None:
    """The library's own rules for clients refuse it; Puppet made them for long."""
    verify(ROOT.issue("alice.mcollective", alternatives=()))


def test_a_caller_may_be_an_alternative_name() -> None:
    leaf = ROOT.issue("laptop.example", alternatives=("laptop.example", "alice.mcollective"))

    assert verify(leaf).credential_names == ("laptop.example", "alice.mcollective")


def test_authorities_need_not_say_what_their_key_is_for() -> None:
    for extensions in ((), (key_usage(signs_certificates=True),)):
        root = Authority.root("root", extensions=extensions)

        verify(root.issue("alice.mcollective"), root=root)


def test_a_foreign_authority_is_refused() -> None:
    """Also where it calls itself the same and sends its own certificate along."""
    namesake = Authority.root("root", key=rsa_key("namesake"))

    for foreign in (OTHER, namesake):
        mallory = foreign.issue("alice.mcollective")
        assert refusal(mallory) is Refusal.UNTRUSTED
        assert refusal(mallory, credential=mallory.pem + foreign.pem) is Refusal.UNTRUSTED


def test_a_stranger_cannot_show_the_certificate_of_another() -> None:
    mallory = OTHER.issue("mallory.mcollective")

    assert refusal(mallory, credential=ALICE.pem) is Refusal.BAD_SIGNATURE


def test_the_first_certificate_is_the_leaf() -> None:
    """For the chain, the names and the signature alike."""
    bob = ROOT.issue("bob.mcollective")
    mallory = OTHER.issue("mallory.mcollective")

    both = bob.pem + ALICE.pem
    assert refusal(ALICE, credential=both) is Refusal.WRONG_NAME
    assert refusal(bob, credential=ALICE.pem + bob.pem) is Refusal.BAD_SIGNATURE
    assert refusal(mallory, credential=mallory.pem + ALICE.pem) is Refusal.UNTRUSTED
    verify(ALICE, credential=ALICE.pem + bob.pem)


@pytest.mark.parametrize(
    ("valid", "reason"),
    [
        ((NOW - 100, NOW - 1), Refusal.EXPIRED),
        ((NOW + 1, NOW + 100), Refusal.NOT_YET_VALID),
    ],
)
def test_certificates_have_their_time(valid: tuple[float, float], reason: Refusal) -> None:
    leaf = ROOT.issue("alice.mcollective", valid=valid)

    assert refusal(leaf) is reason


def test_authorities_have_their_time() -> None:
    for valid in ((NOW - 100, NOW - 1), (NOW + 1, NOW + 100)):
        root = Authority.root("root", valid=valid)
        assert refusal(root.issue("alice.mcollective"), root=root) is Refusal.UNTRUSTED


def test_only_rsa_keys_of_a_usual_size() -> None:
    for key in (ec_key(), ed25519_key(), rsa_key("weak", 1024)):
        leaf = ROOT.issue("alice.mcollective", key=key)
        assert refusal(leaf) is Refusal.WRONG_KEY


@pytest.mark.parametrize(
    "numbers",
    [RSAPublicNumbers(65537, (1 << 8192) + 1), RSAPublicNumbers((1 << 31) + 1, (1 << 2048) + 1)],
    ids=["large", "large exponent"],
)
def test_keys_that_would_keep_us_busy(numbers: RSAPublicNumbers) -> None:
    """Wherever they are: a stranger's authorities are tried before they are found to be none."""
    slow = OTHER.issue("alice.mcollective", public=numbers.public_key())

    assert refusal(ALICE, credential=slow.pem) is Refusal.WRONG_KEY
    assert refusal(ALICE, credential=ALICE.pem + slow.pem) is Refusal.WRONG_KEY


@pytest.mark.parametrize(
    ("subject", "alternatives"),
    [
        (x509.Name([]), ()),
        (common_names("alice.mcollective", "bob.mcollective"), ()),
        (common_names("Alice in Wonderland"), ()),
        (common_names("Alice in Wonderland"), ("*.mcollective",)),
        (common_names("alice.mcollective\n"), ()),
    ],
    ids=["none", "two common names", "not a name", "a wildcard", "a line break"],
)
def test_a_certificate_without_a_usable_name_is_refused(
    subject: x509.Name, alternatives: tuple[str, ...]
) -> None:
    leaf = ROOT.issue(subject, alternatives=alternatives)

    assert refusal(leaf) is Refusal.WRONG_NAME


def test_intermediate_authorities_come_with_the_leaf() -> None:
    middle = ROOT.intermediate("middle")
    lower = middle.intermediate("lower")

    for authority in (middle, lower):
        alice = authority.issue("alice.mcollective")
        verify(alice)
        assert refusal(alice, credential=alice.pem) is Refusal.UNTRUSTED


@pytest.mark.parametrize(
    "how",
    [
        {"constraints": None},
        {"constraints": x509.BasicConstraints(ca=False, path_length=None)},
        {"extensions": (key_usage(signs_certificates=False),)},
        {"extensions": (x509.ExtendedKeyUsage([FOR_SERVERS]),)},
        {"valid": (NOW - 100, NOW - 1)},
    ],
    ids=["says nothing", "is none", "may not sign", "for servers", "expired"],
)
def test_who_is_no_authority_vouches_for_nobody(how: dict[str, Any]) -> None:
    """A caller's certificate cannot make others; neither can what is not meant to."""
    pretender = ROOT.intermediate("pretender", **how)

    assert refusal(pretender.issue("alice.mcollective")) is Refusal.UNTRUSTED


def test_a_root_must_say_that_it_is_one() -> None:
    for constraints in (None, x509.BasicConstraints(ca=False, path_length=None)):
        root = Authority.root("root", constraints=constraints)
        assert refusal(root.issue("alice.mcollective"), root=root) is Refusal.UNTRUSTED


def test_an_authority_that_may_make_no_further_ones() -> None:
    root = Authority.root("root", constraints=x509.BasicConstraints(ca=True, path_length=0))

    verify(root.issue("alice.mcollective"), root=root)
    below = root.intermediate("middle").issue("alice.mcollective")
    assert refusal(below, root=root) is Refusal.UNTRUSTED


def test_constraints_of_names_are_not_slipped_past() -> None:
    """They bind alternative names only, so a common name beside them counts for nothing."""
    middle = ROOT.intermediate(
        "middle", extensions=[x509.NameConstraints([x509.DNSName("lab.mcollective")], None)]
    )

    inside = middle.issue("alice.lab.mcollective")
    verify(inside, caller="choria=alice.lab.mcollective")
    beside = middle.issue("root.privileged.mcollective", alternatives=("x.lab.mcollective",))
    assert refusal(beside) is Refusal.WRONG_NAME
    alone = middle.issue("alice.mcollective", alternatives=())
    assert refusal(alone) is Refusal.WRONG_NAME
    outside = middle.issue("alice.mcollective")
    assert refusal(outside) is Refusal.UNTRUSTED


def test_critical_extensions_that_nobody_knows_are_refused() -> None:
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    leaf = ROOT.issue("alice.mcollective", extensions=[unknown])

    assert refusal(leaf) is Refusal.UNTRUSTED


def test_chains_that_lead_nowhere_are_given_up() -> None:
    """Authorities that all vouch for each other make very many ways to try."""
    ring = [OTHER.intermediate("x"), OTHER.intermediate("x"), Authority.root("x")]
    leaf = ring[-1].issue("alice.mcollective")
    pem = leaf.pem + b"".join(authority.pem for authority in ring)

    assert refusal(leaf, credential=pem) is Refusal.UNTRUSTED
    assert refusal(leaf, credential=pem + ROOT.pem + OTHER.pem) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "credential",
    [
        b"x",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ALICE.pem.replace(b"CERTIFICATE", b"PUBLIC KEY"),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + ALICE.pem,
        b"-----BEGIN CERTIFICATE-----\nx" + ALICE.pem,
        ALICE.pem + b"-----BEGIN CERTIFICATE-----\n",
        ALICE.pem + b" " * 65_536,
        b"\xff\xfe",
    ],
)
def test_what_is_no_certificate(credential: bytes) -> None:
    assert refusal(ALICE, credential=credential) is Refusal.MALFORMED


@pytest.mark.parametrize("credential", [b"", b"insecure", b"insecure registration"])
def test_unsigned_requests_are_refused(credential: bytes) -> None:
    assert refusal(ALICE, credential=credential) is Refusal.UNSIGNED


@pytest.mark.parametrize("ends", [b"\r\n", b" \n"])
def test_line_ends_do_not_matter(ends: bytes) -> None:
    verify(ALICE, credential=b"Bag Attributes\n" + ALICE.pem.replace(b"\n", ends))


@given(damage=st.binary(min_size=1, max_size=8), at=st.integers(0, 2000))
def test_damaged_certificates_raise_nothing_but_refusals(damage: bytes, at: int) -> None:
    pem = ALICE.pem[:at] + damage + ALICE.pem[at + len(damage) :]

    with contextlib.suppress(RefusedError):
        verify(ALICE, credential=pem)


def test_authorities_must_be_certificates() -> None:
    for pem in (b"", b"x"):
        with pytest.raises(ConfigError, match=r"ca\.pem: no PEM certificates"):
            Authorities(pem, source="ca.pem")


def node_refusal(leaf: Leaf, identity: str, **other: Any) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        verify_node(leaf, identity, **other)
    return refused.value.reason


def verify_node(
    leaf: Leaf, identity: str, *, signature: bytes | None = None, credential: bytes | None = None
) -> VerifiedSender:
    """What one who trusts ROOT makes of a registration; nobody may call there."""
    trust = X509Trust(Authorities(ROOT.pem), CallerRules(allowed=(), privileged=(r".",)))
    key = leaf.key if isinstance(leaf.key, RSAPrivateKey) else rsa_key("stand-in")
    return trust.verify_node(
        identity=identity,
        signed=REQUEST,
        signature=RsaSigner(key).sign(REQUEST) if signature is None else signature,
        credential=leaf.chained_pem if credential is None else credential,
        now=NOW,
    )


def test_a_node_speaks_for_itself_whoever_may_call() -> None:
    node = ROOT.issue("node1.example")

    assert verify_node(node, "node1.example") == VerifiedSender("node1.example", ("node1.example",))


def test_a_node_speaks_for_no_other_even_where_its_name_is_privileged() -> None:
    node = ROOT.issue("node1.example")

    assert node_refusal(node, "node2.example") is Refusal.WRONG_NAME
    assert node_refusal(node, "node1.example", signature=b"x" * 256) is Refusal.BAD_SIGNATURE
    stranger = OTHER.issue("node1.example")
    assert node_refusal(stranger, "node1.example") is Refusal.UNTRUSTED
    for word in (b"insecure", b"insecure registration", b""):
        assert node_refusal(node, "node1.example", credential=word) is Refusal.UNSIGNED
