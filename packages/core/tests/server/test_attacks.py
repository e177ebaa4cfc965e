"""What must not be answered is not, and is counted; honest requests go on being answered."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from choria_core.broker.server import Broker
from choria_core.protocol.codec import codec_of
from choria_core.protocol.messages import (
    NANOSECONDS,
    FactFilter,
    Filter,
    Headers,
    SecureRequest,
    Version,
)
from choria_testing.authorities import FOR_SERVERS, NOW, Authority
from choria_testing.callers import SENDER, Caller
from choria_testing.choria_tokens import client_claims, make_token, new_key, server_claims
from choria_testing.serving import REPLIES, ServedNode, serving
from packages.core.tests.server.conftest import (
    ALICE,
    NOW_NS,
    CertifiedNetwork,
    TokenNetwork,
    WriteConfig,
    at_that_time,
)

REPLY_TO = f"{REPLIES}.attack"

Certified = Callable[[CertifiedNetwork], bytes]
Tokened = Callable[[TokenNetwork], bytes]


def ask(caller: Caller, **other: object) -> bytes:
    request = {"reply_to": REPLY_TO, "now_ns": NOW_NS} | other
    return caller.request(**request)  # type: ignore[arg-type]  # fields of a request


def resigned(caller: Caller, old: bytes, new: bytes, *, sign_again: bool = True) -> bytes:
    """A request that was changed, and may be signed as if it always had been so."""
    codec = codec_of(caller.version)
    document = codec.encode_request(caller.document(now_ns=NOW_NS))
    changed = document.replace(old, new)
    assert changed != document
    assert caller.sign is not None
    signature = caller.sign(changed if sign_again else document)
    secure = codec.encode_secure_request(SecureRequest(changed, signature, caller.credential))
    return codec.encode_transport(secure, Headers(sender=SENDER, reply_to=REPLY_TO))


def of_another_authority(_: CertifiedNetwork) -> bytes:
    leaf = Authority.root("another").issue("alice.mcollective")
    return ask(Caller.certified(leaf, ALICE.name))


def with_a_foreign_certificate(network: CertifiedNetwork) -> bytes:
    return ask(Caller.certified(network.authority.issue("bob.mcollective"), ALICE.name))


def with_two_names(network: CertifiedNetwork) -> bytes:
    bob = Caller.certified(network.authority.issue("bob.mcollective"), "choria=bob.mcollective")
    return resigned(bob, b"choria=bob.mcollective", b"choria=bob.mcollective alice.mcollective")


def with_an_expired_certificate(network: CertifiedNetwork) -> bytes:
    leaf = network.authority.issue("alice.mcollective", valid=(NOW - 200, NOW - 100))
    return ask(Caller.certified(leaf, ALICE.name))


def with_a_certificate_for_servers(network: CertifiedNetwork) -> bytes:
    leaf = network.authority.issue("alice.mcollective", purposes=(FOR_SERVERS,))
    return ask(Caller.certified(leaf, ALICE.name))


def by_a_caller_who_may_not(network: CertifiedNetwork) -> bytes:
    return ask(Caller.certified(network.authority.issue("node2.example"), "choria=node2.example"))


def unsigned(_: CertifiedNetwork) -> bytes:
    return ask(ALICE)


def tampered(network: CertifiedNetwork) -> bytes:
    return resigned(network.alice, b'"ttl":60', b'"ttl":90', sign_again=False)


def in_version_two(_: CertifiedNetwork) -> bytes:
    return ask(Caller(Version.V2, "alice", "mcollective"))


def with_lines_in_the_reply_subject(network: CertifiedNetwork) -> bytes:
    injected = json.dumps(f"{REPLY_TO} 0\r\n\r\nPUB {REPLY_TO} 2\r\nhi\r\n").encode()
    return ask(network.alice).replace(json.dumps(REPLY_TO).encode(), injected)


def with_the_servers_subject_for_replies(network: CertifiedNetwork) -> bytes:
    return ask(network.alice).replace(REPLY_TO.encode(), b"$JS.API.STREAM.PURGE.REG")


def without_a_reply_subject(network: CertifiedNetwork) -> bytes:
    return ask(network.alice).replace(f'"reply-to":"{REPLY_TO}",'.encode(), b"")


def with_wildcards_in_the_sender(network: CertifiedNetwork) -> bytes:
    return ask(network.alice).replace(b'"mc_sender":"client.example"', b'"mc_sender":"x.>"')


REFUSED: dict[Certified, str] = {
    of_another_authority: "untrusted",
    with_a_foreign_certificate: "wrong_name",
    with_two_names: "malformed",
    with_an_expired_certificate: "expired",
    with_a_certificate_for_servers: "wrong_purpose",
    by_a_caller_who_may_not: "not_allowed",
    unsigned: "unsigned",
    tampered: "bad_signature",
    in_version_two: "malformed",
    with_lines_in_the_reply_subject: "malformed",
    with_the_servers_subject_for_replies: "malformed",
    without_a_reply_subject: "malformed",
    with_wildcards_in_the_sender: "malformed",
}


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
async def test_it_is_refused_and_counted(
    attack: Certified, certified: CertifiedNetwork, plain_broker: Broker
) -> None:
    async with serving(certified.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(attack(certified))

        await only_alice_is_answered(node, certified.alice)
        assert node.server.figures.refusals == {REFUSED[attack]: 1}
        assert node.server.node.counts.invalid == 1


def by_a_stranger(network: TokenNetwork) -> bytes:
    token = make_token(new_key(), client_claims("alice", network.owner))
    return ask(Caller.with_token(token, network.owner, "alice"))


def as_somebody_else(network: TokenNetwork) -> bytes:
    token = make_token(network.issuer, client_claims("bob", network.owner))
    return ask(Caller.with_token(token, network.owner, "alice"))


def with_a_stolen_token(network: TokenNetwork) -> bytes:
    return ask(Caller.with_token(network.alice.credential, new_key(), "alice"))


def with_an_expired_token(network: TokenNetwork) -> bytes:
    claims = client_claims("alice", network.owner, exp=int(NOW) - 1)
    token = make_token(network.issuer, claims)
    return ask(Caller.with_token(token, network.owner, "alice"))


def with_the_token_of_a_node(network: TokenNetwork) -> bytes:
    token = make_token(network.issuer, server_claims("alice", network.owner))
    return ask(Caller.with_token(token, network.owner, "alice"))


def without_the_permission(network: TokenNetwork) -> bytes:
    token = make_token(network.issuer, client_claims("alice", network.owner, permissions={}))
    return ask(Caller.with_token(token, network.owner, "alice"))


def signed_by_a_delegate(network: TokenNetwork) -> bytes:
    alice = network.alice
    codec = codec_of(Version.V2)
    document = codec.encode_request(alice.document(now_ns=NOW_NS))
    assert alice.sign is not None
    secure = SecureRequest(document, alice.sign(document), alice.credential, alice.credential)
    headers = Headers(sender=SENDER, reply_to=REPLY_TO)
    return codec.encode_transport(codec.encode_secure_request(secure), headers)


def unsigned_in_version_two(network: TokenNetwork) -> bytes:
    return ask(replace(network.alice, sign=None, credential=b""))


def downgraded(_: TokenNetwork) -> bytes:
    return ask(Caller(Version.V1, ALICE.name, "choria"))


REFUSED_TOKENS: dict[Tokened, str] = {
    by_a_stranger: "untrusted",
    as_somebody_else: "wrong_name",
    with_a_stolen_token: "bad_signature",
    with_an_expired_token: "expired",
    with_the_token_of_a_node: "wrong_purpose",
    without_the_permission: "not_allowed",
    signed_by_a_delegate: "delegated",
    unsigned_in_version_two: "unsigned",
    downgraded: "malformed",
}


@pytest.mark.parametrize("attack", REFUSED_TOKENS, ids=lambda attack: attack.__name__)
async def test_it_is_refused_and_counted_where_there_are_tokens(
    attack: Tokened, tokens: TokenNetwork, plain_broker: Broker
) -> None:
    async with serving(tokens.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(attack(tokens), "choria.node.node1.example")

        await only_alice_is_answered(node, tokens.alice)
        assert node.server.figures.refusals == {REFUSED_TOKENS[attack]: 1}
        assert node.server.node.counts.invalid == 1


@pytest.mark.parametrize("seconds", [-61, 61, -1_000_000, 20_000])
async def test_what_is_not_of_this_time_is_not_answered(
    seconds: int, certified: CertifiedNetwork, plain_broker: Broker
) -> None:
    async with serving(certified.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(ask(certified.alice, now_ns=NOW_NS + seconds * NANOSECONDS))

        await only_alice_is_answered(node, certified.alice)
        assert node.server.node.counts.ttl_expired == 1


async def test_a_replayed_request_is_answered_once(
    certified: CertifiedNetwork, plain_broker: Broker
) -> None:
    body = ask(certified.alice)
    async with serving(certified.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(body)
        await node.send(body, "uk.node.node1.example")
        await node.send(body.replace(REPLY_TO.encode(), f"{REPLIES}.thief".encode()))
        await node.ask(certified.alice)

        assert [one.subject for one in node.replies] == [REPLY_TO, f"{REPLIES}.0"]
        assert node.server.node.counts.repeated == 2


async def test_a_request_of_before_the_start_is_not_acted_on_again(
    certified: CertifiedNetwork, plain_broker: Broker
) -> None:
    body = ask(certified.alice, now_ns=NOW_NS - NANOSECONDS)
    async with serving(certified.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(body)

        await only_alice_is_answered(node, certified.alice)
        assert node.server.node.counts.ttl_expired == 1


async def test_another_collective_is_not_ours(
    certified: CertifiedNetwork, plain_broker: Broker
) -> None:
    async with serving(certified.config, plain_broker, clock_ns=at_that_time) as node:
        await node.send(ask(certified.alice, collective="other"))

        await only_alice_is_answered(node, certified.alice)
        assert node.server.node.counts.invalid == 1


async def test_patterns_that_would_keep_us_busy_match_nothing(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    hostile = (r"/\pL{1,300}7/",) * 900
    filters = (
        Filter(identity=hostile),
        Filter(cf_class=hostile),
        Filter(fact=tuple(FactFilter("country", "=~", one) for one in hostile)),
        Filter(compound=("(" * 2_000 + "true" + ")" * 2_000,)),
        Filter(compound=("all(1..9999999, true)",)),
    )
    async with serving(configure(), plain_broker, clock_ns=at_that_time) as node:
        for wanted in filters:
            await node.send(ask(ALICE, filter=wanted))

        await only_alice_is_answered(node, ALICE)
        assert node.server.node.counts.filtered == len(filters)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[" * 100_000, b"\xff\xfe", b"{}"])
async def test_noise_is_counted(body: bytes, configure: WriteConfig, plain_broker: Broker) -> None:
    async with serving(configure(), plain_broker) as node:
        await node.send(body)

        await only_alice_is_answered(node, ALICE)
        assert node.server.node.counts.invalid == 1
        assert node.server.figures.failures == 0


async def only_alice_is_answered(node: ServedNode, alice: Caller) -> None:
    """What she asks behind the attack is answered, and nothing else was before."""
    await node.ask(alice)
    assert [one.subject for one in node.replies] == [f"{REPLIES}.0"]
