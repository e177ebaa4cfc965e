"""Connections on which no certificate is shown and the broker's is not checked."""

from collections.abc import Callable
from pathlib import Path

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Credentials, TlsSettings
from choria_core.network.connection import connect_network, credentials, tls_settings
from choria_core.network.party import server_party
from choria_core.network_config.server_config import ServerConfig
from packages.core.tests.network.conftest import MakeConfig, MakeTokenSettings, Settings

MakeServer = Callable[..., ServerConfig]
UNCHECKED = TlsSettings(verify=False)
FAR_AWAY = 4_000_000_000
ANONYMOUS = {"identity": "web1.example", "plugin.security.server_anon_tls": "y"}


def test_a_server_shows_its_token_in_place_of_a_certificate(
    make_server: MakeServer, x509_settings: Settings, tmp_path: Path
) -> None:
    config = make_server({**x509_settings, **ANONYMOUS})

    assert tls_settings(config) == UNCHECKED
    assert credentials(config) == Credentials(
        choria_token_file=str(tmp_path / "server.jwt"),
        choria_seed_file=str(tmp_path / "server.seed"),
    )
    assert server_party(config).request_trust is not None


def test_the_environment_asks_for_it_too(make_client: MakeConfig, x509_settings: Settings) -> None:
    assert tls_settings(make_client(x509_settings, INSECURE_ANON_TLS="true")) == UNCHECKED


def test_a_network_of_tokens_checks_brokers_where_it_has_an_authority(
    make_client: MakeConfig, token_settings: MakeTokenSettings, x509_settings: Settings
) -> None:
    settings = token_settings(caller="up=ada")
    authority = x509_settings["plugin.security.file.ca"]

    unchecked = tls_settings(make_client(settings))
    checked = tls_settings(make_client({**settings, "plugin.security.choria.ca": authority}))

    assert unchecked == UNCHECKED
    assert checked == TlsSettings(ca_file=str(authority))


async def test_it_reaches_a_broker_of_an_unknown_authority(
    make_server: MakeServer, token_settings: MakeTokenSettings, tls_broker: Broker
) -> None:
    config = make_server(
        {
            **token_settings(identity="web1.example", nbf=0, exp=FAR_AWAY),
            "identity": "web1.example",
            "plugin.choria.middleware_hosts": tls_broker.url.removeprefix("tls://"),
        }
    )

    async with await connect_network(
        config, server_party(config), name="web1", timeout_seconds=10
    ) as transport:
        assert transport.is_connected
