"""Who a program is, by its configuration."""

from collections.abc import Callable
from pathlib import Path

import pytest

from choria_core.errors import ConfigError
from choria_core.network.party import client_party, server_party, x509_files
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.messages import Version
from packages.core.tests.network.conftest import MakeConfig, MakeTokenSettings, Settings

MakeServer = Callable[..., ServerConfig]


def test_a_client_with_a_certificate_signs_version_1(
    make_client: MakeConfig, x509_settings: Settings
) -> None:
    party = client_party(make_client({**x509_settings, "identity": "client.example"}))

    assert party.version is Version.V1
    assert party.caller == "choria=alice.mcollective"
    assert party.identity == "client.example"
    assert party.sign is not None
    assert len(party.sign(b"a request")) == 256
    assert party.credential.startswith(b"-----BEGIN CERTIFICATE-----")


def test_a_client_with_a_token_signs_version_2_in_the_token_s_name(
    make_client: MakeConfig, token_settings: MakeTokenSettings
) -> None:
    party = client_party(make_client(token_settings(caller="up=ada")))

    assert party.version is Version.V2
    assert party.caller == "up=ada"
    assert party.sign is not None
    assert len(party.sign(b"a request")) == 64
    assert party.credential.count(b".") == 2
    assert len(party.unique_id) == 32
    assert party.reply_trust is not None


def test_who_switched_protection_off_signs_nothing_and_needs_no_keys(
    make_client: MakeConfig,
) -> None:
    config = make_client({"plugin.security.provider": "file"}, INSECURE_YES_REALLY="true")

    party = client_party(config)

    assert (party.sign, party.credential) == (None, b"")
    assert party.caller == "choria=alice.mcollective"


def test_keys_that_nobody_named_are_asked_for_by_their_setting(make_client: MakeConfig) -> None:
    config = make_client({"plugin.security.provider": "file"})

    with pytest.raises(ConfigError, match=r"plugin\.security\.file\.certificate"):
        client_party(config)


def test_a_server_with_a_certificate_believes_its_authority(
    make_server: MakeServer, x509_settings: Settings
) -> None:
    party = server_party(make_server({**x509_settings, "identity": "node1.example"}))

    assert party.version is Version.V1
    assert party.request_trust is not None
    assert party.sign is None


def test_a_server_without_protection_believes_everyone(make_server: MakeServer) -> None:
    settings = {"plugin.security.provider": "file", "identity": "node1.example"}

    party = server_party(make_server(settings, INSECURE_YES_REALLY="true"))

    assert party.request_trust is None


def test_a_server_with_a_token_signs_its_replies_unless_told_not_to(
    make_server: MakeServer, token_settings: MakeTokenSettings
) -> None:
    settings = {**token_settings(identity="node1.example"), "identity": "node1.example"}

    assert server_party(make_server(settings)).sign is not None
    silent = {**settings, "plugin.security.choria.sign_replies": "false"}
    assert server_party(make_server(silent)).sign is None


@pytest.mark.parametrize("owner", [{"identity": "node2.example"}, {"caller": "up=ada"}])
def test_a_token_of_somebody_else_does_not_make_a_server(
    make_server: MakeServer, token_settings: MakeTokenSettings, owner: dict[str, str]
) -> None:
    config = make_server({**token_settings(**owner), "identity": "node1.example"})

    with pytest.raises(ConfigError, match=r"not the token of the server node1\.example"):
        server_party(config)


def test_a_token_of_a_server_does_not_make_a_client(
    make_client: MakeConfig, token_settings: MakeTokenSettings
) -> None:
    config = make_client(token_settings(identity="node1.example"))

    with pytest.raises(ConfigError, match="use a client's"):
        client_party(config)


def test_puppet_s_files_are_those_of_the_caller(make_client: MakeConfig, tmp_path: Path) -> None:
    config = make_client({"plugin.choria.ssldir": tmp_path})

    files = x509_files(config.security, config.certname)

    assert files.certificate == tmp_path / "certs/alice.mcollective.pem"
    assert files.key == tmp_path / "private_keys/alice.mcollective.pem"
    assert files.authorities == tmp_path / "certs/ca.pem"
