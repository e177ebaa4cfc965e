"""The configuration of a client that talks to a fleet."""

import dataclasses
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from choria_core.errors import ConfigError
from choria_core.nats.endpoint import TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.network_config.protection import Tls
from choria_emulator.embedded.brokers import BrokerTlsFiles, EmbeddedBrokers
from choria_emulator.embedded.certificates import FleetCertificates, fleet_certificates
from choria_emulator.embedded.client_files import (
    ClientFile,
    caller_name,
    how_to_talk,
    tls_lines,
    write_client_file,
)
from choria_testing.programs import run_choria
from choria_testing.scripted_nodes import scripted_nodes

NAMES = HostNames(host_name=lambda: "machine.example.net")
PLAIN = ClientFile(
    urls=("nats://127.0.0.1:4222", "nats://[::1]:4223"),
    collectives=("mcollective", "collective1"),
    caller="emulator.mcollective",
)


def alice(folder: Path) -> Host:
    return Host(NAMES, {"HOME": str(folder), "USER": "alice"})


def issued(folder: Path, caller: str) -> FleetCertificates:
    with fleet_certificates(folder, caller=caller, now=datetime.now(UTC)) as certificates:
        return certificates


def test_a_plain_client_is_configured_without_a_warning(tmp_path: Path) -> None:
    file = write_client_file(tmp_path / "made", PLAIN)

    config = load_client(file, host=alice(tmp_path))

    assert config.warnings == ()
    assert [str(host) for host in config.brokers.hosts] == list(PLAIN.urls)
    assert config.main_collective == "mcollective"
    assert config.collectives == ("mcollective", "collective1")
    assert not config.brokers.use_srv


def test_a_protected_client_is_configured_without_a_warning(tmp_path: Path) -> None:
    host = alice(tmp_path)
    certificates = issued(tmp_path, caller_name(host))
    given = ClientFile(
        urls=PLAIN.urls,
        collectives=PLAIN.collectives,
        caller=caller_name(host),
        security=tls_lines(certificates),
    )

    config = load_client(write_client_file(tmp_path, given), host=host)

    assert config.warnings == ()
    assert config.security.protection.tls is Tls.MUTUAL
    assert config.security.file.certificate == certificates.caller_file
    assert config.certname == "alice.mcollective"


def test_a_client_of_many_nodes_waits_longer(tmp_path: Path) -> None:
    given = [dataclasses.replace(PLAIN, nodes=nodes) for nodes in (19_999, 50_000)]

    few, many = (
        load_client(write_client_file(tmp_path, one), host=alice(tmp_path)) for one in given
    )

    assert (few.discovery.timeout_seconds, many.discovery.timeout_seconds) == (2, 4)


@pytest.mark.parametrize(
    ("user", "is_root", "name"),
    [
        ("alice", False, "alice.mcollective"),
        ("", False, "emulator.mcollective"),
        ("root", True, "emulator.mcollective"),
    ],
)
def test_the_caller_is_who_a_client_here_would_be(
    tmp_path: Path, user: str, name: str, *, is_root: bool
) -> None:
    environment = {"HOME": str(tmp_path)} | ({"USER": user} if user else {})
    host = Host(NAMES, environment, is_root=is_root)
    given = ClientFile(urls=PLAIN.urls, collectives=PLAIN.collectives, caller=caller_name(host))

    config = load_client(write_client_file(tmp_path, given), host=host)

    assert caller_name(host) == config.certname == name


def test_its_own_file_is_written_anew(tmp_path: Path) -> None:
    write_client_file(tmp_path, PLAIN)
    other = ClientFile(urls=("nats://127.0.0.1:9",), collectives=("uk",), caller="a.mcollective")

    file = write_client_file(tmp_path, other)

    assert "middleware_hosts = 127.0.0.1:9\n" in file.read_text()
    assert list(tmp_path.iterdir()) == [file]


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "client.conf"
    mine.write_text("identity = mine\n")

    with pytest.raises(ConfigError, match=r"client\.conf is there already.*--write-config"):
        write_client_file(tmp_path, PLAIN)

    assert mine.read_text() == "identity = mine\n"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_is_no_folder_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be"):
        write_client_file(tmp_path / place, PLAIN)


def test_certificates_without_a_folder_go_away_again() -> None:
    with fleet_certificates(None, caller="a.mcollective", now=datetime.now(UTC)) as made:
        assert made.ca_file.exists()

    assert not made.ca_file.parent.exists()


def test_certificates_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="certificates cannot be written to"):
        issued(tmp_path / "file", "a.mcollective")


def test_a_key_that_was_open_to_others_is_replaced(tmp_path: Path) -> None:
    key = issued(tmp_path, "a.mcollective").caller_key_file
    key.chmod(0o644)

    again = issued(tmp_path, "a.mcollective")

    assert again.caller_key_file == key
    assert key.stat().st_mode & 0o077 == 0


def test_people_are_told_what_to_type() -> None:
    plain = how_to_talk(Path("/a b/client.conf"), is_protected=False)
    protected = how_to_talk(Path("c.conf"), is_protected=True, agent="")

    assert "INSECURE_YES_REALLY=true choria ping --config '/a b/client.conf'" in plain
    assert "choria rpc emulated0 generate size=100" in plain
    signed = how_to_talk(Path("c.conf"), is_protected=False, is_signed=True)
    assert "INSECURE_DISABLE_TLS=true choria find --config c.conf" in signed
    assert "INSECURE" not in protected
    assert "rpc" not in protected


async def test_a_plain_fleet_answers_a_client_of_that_file(tmp_path: Path) -> None:
    async with EmbeddedBrokers(count=2) as brokers:
        given = ClientFile(urls=brokers.urls, collectives=("mcollective",), caller="a.mcollective")
        file = write_client_file(tmp_path, given)
        endpoint = parse_endpoint(brokers.urls[1])
        async with (
            scripted_nodes(endpoint, "n1.example"),
            run_choria(
                "ping",
                "--config",
                str(file),
                environment=os.environ | {"INSECURE_YES_REALLY": "true"},
            ) as ping,
        ):
            assert await ping.ended() == 0

    assert any(line.startswith("n1.example") for line in ping.lines)


async def test_a_protected_fleet_answers_a_client_of_that_file(tmp_path: Path) -> None:
    caller = "alice.mcollective"
    files = issued(tmp_path, caller)
    tls = BrokerTlsFiles(files.broker_file, files.broker_key_file)
    async with EmbeddedBrokers(tls=tls) as brokers:
        given = ClientFile(
            urls=brokers.urls,
            collectives=("mcollective",),
            caller=caller,
            security=tls_lines(files),
        )
        file = write_client_file(tmp_path, given)
        trusting = TlsSettings(ca_file=str(files.ca_file))
        endpoint = parse_endpoint(brokers.urls[0], tls=trusting)
        async with (
            scripted_nodes(endpoint, "n1.example"),
            run_choria(
                "ping",
                "--config",
                str(file),
                environment=os.environ | {"MCOLLECTIVE_CERTNAME": caller},
            ) as ping,
        ):
            assert await ping.ended() == 0

    assert any(line.startswith("n1.example") for line in ping.lines)
