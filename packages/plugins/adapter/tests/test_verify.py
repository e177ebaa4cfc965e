"""What an adapter believes that verifies, and what it refuses."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from choria_core.errors import Refusal, RefusedError
from choria_core.protocol import v1
from choria_core.protocol.adapter_output import decode_adapter_output
from choria_core.protocol.codec import codec_of
from choria_core.protocol.messages import NANOSECONDS, Headers, Version
from choria_core.security.ed25519_signing import Ed25519Signer
from choria_plugin_adapter.verifying import NodeVerifier
from choria_testing.authorities import Authority
from choria_testing.callers import Caller
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)
from packages.plugins.adapter.tests.conftest import (
    NODE,
    REPLIES,
    Lab,
    reply,
    request,
    until,
)

MINUTE = 60 * NANOSECONDS
OTHER = "node2.example"


@dataclass
class Trusted:
    """Those whom the adapter trusts, and lines that say so."""

    authority: Authority
    issuer: Ed25519PrivateKey
    folder: Path

    @property
    def lines(self) -> tuple[str, ...]:
        ca = self.folder / "ca.pem"
        ca.write_bytes(self.authority.pem)
        return (
            "plugin.choria.adapter.reg.verify = true",
            *(f"plugin.security.file.{key} = {ca}" for key in ("ca", "certificate", "key")),
        )

    @property
    def tokens(self) -> str:
        return f"plugin.security.choria.trusted_signers = {public_hex(self.issuer)}"

    def certified(self, name: str = NODE) -> Caller:
        return Caller.certified(self.authority.issue(name, valid=_today()), f"choria={name}")

    def token(self, name: str = NODE, *, seconds: int = 3600) -> tuple[Ed25519PrivateKey, bytes]:
        owner, now = new_key(), int(time.time())
        times = {"exp": now + seconds, "nbf": now - 60, "iat": now - 60}
        return owner, make_token(self.issuer, server_claims(name, owner, **times))

    def with_token(self, name: str = NODE) -> Caller:
        owner, token = self.token(name)
        return Caller.with_token(token, owner, name)


def _today() -> tuple[float, float]:
    return time.time() - 60, time.time() + 3600


@pytest.fixture
def trusted(tmp_path: Path) -> Trusted:
    return Trusted(Authority.root("ours", valid=_today()), new_key(), tmp_path)


async def refusals_of(
    lab: Lab, lines: tuple[str, ...], make: Callable[[], Sequence[bytes]]
) -> dict[str, int]:
    """Why an adapter refuses all messages but one; they are made when it runs."""
    async with lab.adapting(*lines, insecure=False) as adapter:
        await lab.register(*make())
        await until(lambda: adapter.figures.published == 1)
    held = await lab.streams.read("REG")
    assert len(held) == 1
    return dict(adapter.figures.refusals)


async def test_what_nodes_signed_is_taken_in_both_versions(lab: Lab, trusted: Trusted) -> None:
    async with lab.adapting(*trusted.lines, trusted.tokens, insecure=False) as adapter:
        other = request(trusted.with_token(OTHER), sender=OTHER)
        await lab.register(request(trusted.certified()), other)
        await until(lambda: adapter.figures.published == 2)

    outputs = [decode_adapter_output(one.body) for one in await lab.streams.read("REG")]
    assert [output.sender for output in outputs] == [NODE, OTHER]
    assert adapter.figures.refused == 0


def _refused(trusted: Trusted) -> Iterator[tuple[str, bytes]]:
    now, honest = time.time_ns(), trusted.certified()
    stranger = Authority.root("stranger", valid=_today()).issue(NODE, valid=_today())
    expired = trusted.authority.issue(NODE, valid=(time.time() - 60, time.time() - 30))
    yield "unsigned", request(now_ns=now)
    yield "unsigned", _unsigned_registration()
    yield "untrusted", request(Caller.certified(stranger, f"choria={NODE}"))
    yield "expired", request(Caller.certified(expired, f"choria={NODE}"))
    yield "wrong_name", request(honest, sender=OTHER)
    yield "bad_signature", request(replace_sign(honest, b"x" * 256))
    yield "expired", request(honest, now_ns=now - MINUTE)
    yield "expired", request(honest, now_ns=now - 30 * NANOSECONDS)  # before the start
    yield "not_yet_valid", request(honest, now_ns=now + 2 * MINUTE)
    yield "untrusted", request(trusted.with_token())  # a version that nobody vouches for


def replace_sign(caller: Caller, signature: bytes) -> Caller:
    return Caller(
        caller.version, caller.name, sign=lambda _: signature, credential=caller.credential
    )


def _unsigned_registration() -> bytes:
    """As nodes without a certificate send it."""
    caller = Caller(Version.V1, f"choria={NODE}")
    document = caller.document(now_ns=time.time_ns(), sender=NODE, agent="registration")
    secure = replace(v1.UNSIGNED_REGISTRATION, signed=v1.encode_request(document))
    headers = Headers(sender=NODE, reply_to="dev.null")
    return v1.encode_transport(v1.encode_secure_request(secure), headers)


@pytest.mark.parametrize("number", range(10))
async def test_what_is_not_the_senders_is_refused(number: int, lab: Lab, trusted: Trusted) -> None:
    reason = list(_refused(trusted))[number][0]

    def make() -> list[bytes]:
        return [list(_refused(trusted))[number][1], request(trusted.certified())]

    assert await refusals_of(lab, trusted.lines, make) == {reason: 1}


async def test_a_message_is_taken_once(lab: Lab, trusted: Trusted) -> None:
    refusals = await refusals_of(lab, trusted.lines, lambda: [request(trusted.certified())] * 3)

    assert refusals == {"replayed": 2}


async def test_callers_allow_lists_play_no_part(lab: Lab, trusted: Trusted) -> None:
    lists = (
        r"plugin.choria.security.certname_whitelist = \.nobody$",
        r"plugin.choria.security.privileged_users = \.example$",
    )

    def make() -> list[bytes]:
        privileged = trusted.certified("root.example")  # may not speak for others here
        return [request(privileged), request(trusted.certified())]

    refusals = await refusals_of(lab, (*trusted.lines, *lists), make)

    assert refusals == {"wrong_name": 1}


async def test_tokens_of_clients_and_of_others_are_refused(lab: Lab, trusted: Trusted) -> None:
    owner = new_key()
    now = int(time.time())
    times = {"exp": now + 3600, "nbf": now - 60, "iat": now - 60}
    client = make_token(trusted.issuer, client_claims(NODE, owner, **times))
    forged = make_token(new_key(), server_claims(NODE, owner, **times))

    def make() -> list[bytes]:
        return [
            request(Caller.with_token(client, owner, NODE)),
            request(Caller.with_token(forged, owner, NODE)),
            request(trusted.with_token(OTHER)),
            request(Caller(Version.V2, NODE, "choria")),
            request(trusted.with_token()),
        ]

    refusals = await refusals_of(lab, (*trusted.lines, trusted.tokens), make)

    assert refusals == {"wrong_purpose": 1, "untrusted": 1, "wrong_name": 1, "unsigned": 1}


async def test_replies_of_version_2_are_verified(lab: Lab, trusted: Trusted) -> None:
    owner, token = trusted.token()
    sign = Ed25519Signer(owner.private_bytes_raw()).sign
    lines = (
        "plugin.choria.adapter.reg.ingest.protocol = reply",
        f"plugin.choria.adapter.reg.ingest.topic = {REPLIES}",
    )
    async with lab.adapting(*trusted.lines, trusted.tokens, *lines, insecure=False) as adapter:
        good = reply(Version.V2, sign=sign, credential=token)
        old = time.time_ns() - 2 * MINUTE
        bodies = [
            reply(),  # of version 1
            reply(Version.V2),
            reply(Version.V2, sign=sign, credential=token, sender=OTHER),
            reply(Version.V2, sign=sign, credential=token, time_ns=old),
        ]
        await lab.register(*bodies, good, good, subject=REPLIES)
        await until(lambda: adapter.figures.published + adapter.figures.refused == 6)

    assert dict(adapter.figures.refusals) == {
        "unsigned": 2,
        "wrong_name": 1,
        "expired": 1,
        "replayed": 1,
    }
    assert len(await lab.streams.read("REG")) == 1


async def test_without_verify_all_of_it_is_taken_as_by_the_original(
    lab: Lab, trusted: Trusted
) -> None:
    bodies = [body for _, body in _refused(trusted)]

    async with lab.adapting() as adapter:
        await lab.register(*bodies)
        await until(lambda: adapter.figures.published == len(bodies))

    assert adapter.figures.refused == 0


def test_a_delegate_may_not_sign_for_a_node(trusted: Trusted) -> None:
    caller = trusted.with_token()
    codec = codec_of(Version.V2)
    document = caller.document(now_ns=time.time_ns(), sender=NODE)
    secure = codec.decode_secure_request(caller.sealed(document))
    verifier = NodeVerifier(x509=None, tokens=None, started_ns=0)
    delegated = replace(secure, signer=b"a.delegates.token")

    with pytest.raises(RefusedError) as refused:
        verifier.check_request(Version.V2, delegated, document, now_ns=time.time_ns())

    assert refused.value.reason is Refusal.DELEGATED
