"""Nodes behind TLS, credentials, signatures and policies."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from choria_core.broker.server import Broker
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_core.protocol.rpc_body import StatusCode, unpack_fields
from choria_emulator.fleet.recipes import TemplateFacts
from choria_emulator.worker.messages import TlsSpec
from choria_testing.authorities import NOW, Authority
from choria_testing.callers import Caller
from choria_testing.certificates import Certificates
from choria_testing.choria_tokens import (
    client_claims,
    make_token,
    new_key,
    public_hex,
    server_claims,
)
from choria_testing.secured_brokers import SecuredBroker

from .conftest import Fleet, MakeFleet, group, lonely_process, until

NAMES = {"node-1", "node-2", "node-3"}
ALICE = "choria=alice.mcollective"
POLICY = """policy default deny
allow\tchoria=alice.mcollective\tping get_fact\t*\t*
allow\tchoria=alice.mcollective\tinventory\tnumber=2\t*
"""


def at_that_time() -> int:
    """When the kit's certificates are valid."""
    return int(NOW) * NANOSECONDS


@pytest.mark.parametrize("verify", [False, True], ids=["unverified", "verified"])
async def test_tls_is_spoken_where_it_is_wanted(
    tls_broker: Broker, make_fleet: MakeFleet, certificates: Certificates, *, verify: bool
) -> None:
    fleet = await make_fleet(
        tls_broker,
        tls=TlsSpec(ca_file=str(certificates.ca_file), verify=verify),
        tls_of_wire=certificates.client_tls(),
    )
    assert await fleet.ping(3) == NAMES
    replies = await fleet.call(3, "choria_util", "info")
    assert all(b'"connector_tls":true' in bytes(reply.data) for reply in replies.values())


async def test_a_broker_that_nobody_vouches_for_is_refused_and_leaves_nothing_open(
    tls_broker: Broker, certificates: Certificates
) -> None:
    tls = TlsSpec(ca_file=str(certificates.other_ca_file), verify=True)
    async with lonely_process(tls_broker, tls=tls) as process:
        await until(lambda: process.counts.failed_connects >= 4)
        assert "certificate is refused" in process.connector.last_failure
        assert process.connector.ready == 0
        await until(lambda: process.connector.connected == 0)
        assert all(node.transport is None for node in process.nodes())


async def test_a_broker_without_tls_is_refused_where_tls_is_wanted(broker: Broker) -> None:
    async with lonely_process(broker, tls=TlsSpec()) as process:
        await until(lambda: process.counts.failed_connects >= 2)
        assert "offers no TLS" in process.connector.last_failure


async def test_a_broker_that_wants_tls_says_so(tls_broker: Broker) -> None:
    async with lonely_process(tls_broker) as process:
        await until(lambda: process.counts.failed_connects >= 2)
        assert "--tls" in process.connector.last_failure
        await until(lambda: process.connector.connected == 0)


async def test_a_storm_of_tls_connections_is_survived(
    tls_broker: Broker, make_fleet: MakeFleet, certificates: Certificates
) -> None:
    fleet = await make_fleet(
        tls_broker,
        group(20),
        tls=TlsSpec(),
        tls_of_wire=certificates.client_tls(),
    )
    fleet.process.storm()
    await fleet.until_inside(lambda: fleet.process.counts.connects == 40)
    assert len(await fleet.ping(20)) == 20
    assert fleet.process.connector.connected == 20


async def test_credentials_are_shown_to_the_broker(
    jwt_broker: SecuredBroker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(
        jwt_broker.broker,
        credentials_file=jwt_broker.credentials.file,
        credentials_of_wire=jwt_broker.credentials,
    )
    assert await fleet.ping(3) == NAMES


class Signed:
    """A network in which alice has a certificate, and mallory one of another authority."""

    def __init__(self, folder: Path) -> None:
        authority, other = Authority.root("nodes and callers"), Authority.root("others")
        (folder / "ca.pem").write_bytes(authority.pem)
        self.file = folder / "server.cfg"
        self.file.write_text(
            "plugin.security.provider = file\n"
            f"plugin.security.file.ca = {folder / 'ca.pem'}\n"
            "plugin.security.file.certificate = /not/read\n"
            "plugin.security.file.key = /not/read\n"
            "rpcauthorization = true\nrpcauthprovider = action_policy\n"
            "plugin.actionpolicy.allow_unconfigured = true\n"
        )
        (folder / "policies").mkdir()
        (folder / "policies" / "rpcutil.policy").write_text(POLICY)
        self.alice = Caller.certified(authority.issue("alice.mcollective"), ALICE)
        self.mallory = Caller.certified(other.issue("alice.mcollective"), ALICE)


async def secured(broker: Broker, make_fleet: MakeFleet, folder: Path) -> tuple[Fleet, Signed]:
    signed = Signed(folder)
    fleet = await make_fleet(
        broker,
        group(facts=TemplateFacts({"number": "${number}"})),
        config_file=str(signed.file),
        is_secure=True,
        caller=signed.alice,
        clock_ns=at_that_time,
    )
    return fleet, signed


async def test_signed_requests_are_answered(
    broker: Broker, make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet, _ = await secured(broker, make_fleet, tmp_path)
    assert await fleet.ping(3) == NAMES


async def test_requests_that_nobody_trusted_signed_are_refused(
    broker: Broker, make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet, signed = await secured(broker, make_fleet, tmp_path)
    for stranger in (signed.mallory, Caller(Version.V1, ALICE)):
        fleet.caller = stranger
        await fleet.ask("mcollective.broadcast.agent.discovery")
    fleet.caller = signed.alice
    await fleet.settled()
    assert fleet.process.counts.refused == 6
    assert fleet.replies == []


async def test_policies_are_obeyed(broker: Broker, make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet, _ = await secured(broker, make_fleet, tmp_path)
    allowed = await fleet.call(3, "rpcutil", "ping")
    denied = await fleet.call(3, "rpcutil", "daemon_stats")
    assert {reply.statuscode for reply in allowed.values()} == {StatusCode.OK}
    assert {reply.statuscode for reply in denied.values()} == {StatusCode.ABORTED}
    assert fleet.process.counts.denied == 3


async def test_a_rule_about_facts_holds_for_those_nodes_alone(
    broker: Broker, make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet, _ = await secured(broker, make_fleet, tmp_path)
    replies = await fleet.call(3, "rpcutil", "inventory")
    allowed = {name for name, reply in replies.items() if reply.statuscode == StatusCode.OK}
    assert allowed == {"node-2"}


async def test_requests_of_version_two_are_answered_where_tokens_vouch_for_them(
    broker: Broker, make_fleet: MakeFleet, tmp_path: Path
) -> None:
    issuer, stranger, owner, node = new_key(), new_key(), new_key(), new_key()
    token, seed, file = (tmp_path / name for name in ("node.jwt", "node.seed", "server.cfg"))
    token.write_bytes(make_token(issuer, server_claims("node-1", node, nbf=0)))
    seed.write_text(node.private_bytes_raw().hex())
    seed.chmod(0o600)
    file.write_text(
        "plugin.security.provider = choria\nrpcauthorization = false\n"
        f"plugin.security.choria.token_file = {token}\n"
        f"plugin.security.choria.seed_file = {seed}\n"
        f"plugin.security.choria.trusted_signers = {public_hex(issuer)}\n"
    )
    fleet = await make_fleet(
        broker,
        group(collectives=("choria",)),
        config_file=str(file),
        is_secure=True,
        caller=token_caller(issuer, owner),
        clock_ns=at_that_time,
    )
    where = "choria.broadcast.agent.emulated0"
    replies = await fleet.call(3, "emulated0", "generate", {"size": 5}, subject=where)
    assert set(replies) == NAMES
    assert [unpack_fields(reply.data) for reply in replies.values()] == [{"message": "01234"}] * 3
    assert {transport.version for _, transport, _ in fleet.replies} == {Version.V2}

    fleet.caller = token_caller(stranger, owner)
    await fleet.ask("choria.broadcast.agent.discovery")
    fleet.caller = Caller(Version.V1, ALICE, collective="choria")
    await fleet.ask("choria.broadcast.agent.discovery")
    fleet.caller = token_caller(issuer, owner)
    assert await fleet.answers(1, "choria.node.node-2")
    await fleet.until_inside(lambda: fleet.process.counts.refused == 6)
    assert len(fleet.replies) == 4


def token_caller(issuer: Ed25519PrivateKey, owner: Ed25519PrivateKey) -> Caller:
    """Alice, for whom ``issuer`` vouches."""
    return Caller.with_token(make_token(issuer, client_claims("alice", owner)), owner, "alice")
