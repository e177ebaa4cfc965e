"""The files that the recorded programs ran with."""

from pathlib import Path

import pytest

from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.lines import read_lines
from choria_core.network_config.load import load_client, load_server
from choria_core.network_config.protection import Protection, Tls
from choria_core.network_config.table import find
from choria_testing.vectors import path
from packages.core.tests.network_config.conftest import MakeHost

CERTIFICATES = Path("/etc/choria/ca")


def test_the_client_without_security(make_host: MakeHost) -> None:
    host = make_host(INSECURE_YES_REALLY="true")

    config = load_client(path("client-plain.cfg"), host=host)

    assert config.identity == "client.example"
    assert config.collectives == ("mcollective",)
    assert config.main_collective == "mcollective"
    assert config.brokers.hosts == (ServerAddress("127.0.0.1", 4222),)
    assert not config.brokers.use_srv
    assert config.security.provider == "file"
    assert config.security.file.certificate is None
    assert config.security.protection == Protection(signed=False, tls=Tls.OFF)
    assert config.discovery.timeout_seconds == 2
    assert config.discovery.method == "mc"
    assert config.log.level == "warn"
    assert not config.color
    assert config.ttl_seconds == 60


def test_the_client_with_certificates(make_host: MakeHost) -> None:
    host = make_host(MCOLLECTIVE_CERTNAME="alice.mcollective")

    config = load_client(path("client-tls.cfg"), host=host)

    assert config.certname == "alice.mcollective"
    assert config.security.file.certificate == CERTIFICATES / "alice.mcollective.pem"
    assert config.security.file.key == CERTIFICATES / "alice.mcollective.key"
    assert config.security.file.ca == CERTIFICATES / "ca.pem"
    assert config.security.protection == Protection()
    assert config.warnings == ()


def test_the_client_with_a_token(make_host: MakeHost) -> None:
    config = load_client(path("client-v2.cfg"), host=make_host(USER="alice"))

    assert config.certname == "alice"
    assert config.collectives == ("choria",)
    assert config.security.provider == "choria"
    assert config.security.choria.token_file == Path("/etc/choria/v2/alice.jwt")
    assert config.security.choria.seed_file == Path("/etc/choria/v2/alice.seed")
    assert config.security.choria.trusted_signers == ()


def test_the_server_without_security(make_host: MakeHost) -> None:
    config = load_server(path("server-plain.cfg"), host=make_host())

    assert config.identity == config.certname == "node1.example"
    assert config.collectives == ("mcollective", "uk")
    assert config.main_collective == config.registration.collective == "mcollective"
    assert not config.authorization.enabled
    assert config.fact_files == (Path("/etc/choria/facts1.yaml"),)
    assert config.class_file == Path("/etc/choria/classes1.txt")
    assert config.audit.enabled
    assert config.audit.file == Path("/etc/choria/plain/audit1.log")
    assert config.audit.mode == 0o600
    assert config.registration.plugins == ("file_content",)
    assert config.registration.interval_seconds == 5
    assert not config.registration.splay
    assert config.registration.file_content.file == Path("/etc/choria/facts1.yaml")
    assert config.registration.file_content.target == "mcollective.broadcast.agent.registration"
    assert config.registration.file_content.compressed
    assert config.status.path == Path("/etc/choria/plain/status1.json")
    assert config.status.interval_seconds == 2
    assert config.statistics.port == 0
    assert config.option("rpcauditprovider") == "choria"
    assert config.warnings == ()


def test_the_server_with_certificates(make_host: MakeHost) -> None:
    config = load_server(path("server-tls.cfg"), host=make_host())

    assert config.authorization.enabled
    assert config.authorization.provider == "action_policy"
    assert config.security.file.certificate == CERTIFICATES / "node1.example.pem"
    assert config.security.allowed_callers == (r"\.mcollective$", r"\.choria$")
    assert config.security.privileged_callers == (
        r"\.privileged.mcollective$",
        r"\.privileged.choria$",
    )


def test_the_server_with_a_token(make_host: MakeHost) -> None:
    config = load_server(path("server-v2.cfg"), host=make_host())

    assert config.collectives == ("choria",)
    assert config.security.choria.token_file == Path("/etc/choria/v2/s1.jwt")
    assert config.security.choria.trusted_signers == (
        "1e7c1f0cc83c5e4a9db516c9e3227377e9948a0dd9cb04cc077ec72dcd9ba69d",
    )
    assert config.security.sign_replies
    assert config.registration.file_content.target == "choria.broadcast.agent.registration"


def test_a_brokers_file_is_no_trouble_to_a_server(make_host: MakeHost) -> None:
    config = load_server(path("broker-adapter.cfg"), host=make_host())

    assert config.identity == "broker.example"
    assert config.option("plugin.choria.adapter.reg.stream.topic") == "REG.%s"
    assert config.warnings == ()


@pytest.mark.parametrize(
    "name",
    [
        "broker-adapter.cfg",
        "client-plain.cfg",
        "client-tls.cfg",
        "client-v2.cfg",
        "server-plain.cfg",
        "server-tls.cfg",
        "server-v2.cfg",
    ],
)
def test_every_recorded_key_is_known(name: str) -> None:
    lines = read_lines(path(name).read_text(), file=name)

    assert [line.key for line in lines.settings if find(line.key) is None] == []
    assert lines.errors == lines.warnings == ()
