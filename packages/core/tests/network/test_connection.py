"""Brokers, TLS and credentials of a connection, and the connection itself."""

from collections.abc import Sequence

import pytest

from choria_core.errors import ConnectError
from choria_core.nats.endpoint import Credentials, ServerAddress
from choria_core.network.connection import connect_network, endpoint, tls_settings
from choria_core.network.party import client_party
from choria_core.network_config.brokers import SrvRecord
from choria_testing.fixtures import MakeBroker
from packages.core.tests.network.conftest import MakeConfig, MakeTokenSettings, Settings

OPEN = {"plugin.security.provider": "file"}


async def test_certificates_of_the_provider_protect_the_connection(
    make_client: MakeConfig, x509_settings: Settings
) -> None:
    tls = tls_settings(make_client(x509_settings))

    assert tls is not None
    assert tls.ca_file == str(x509_settings["plugin.security.file.ca"])
    assert tls.cert_file == str(x509_settings["plugin.security.file.certificate"])
    assert tls.verify


def test_nothing_is_encrypted_where_that_is_switched_off(
    make_client: MakeConfig, x509_settings: Settings
) -> None:
    assert tls_settings(make_client(x509_settings, INSECURE_DISABLE_TLS="true")) is None
    assert tls_settings(make_client(OPEN, INSECURE_YES_REALLY="true")) is None


async def test_a_token_is_shown_to_the_broker(
    make_client: MakeConfig, token_settings: MakeTokenSettings
) -> None:
    settings = {**token_settings(caller="up=ada"), "plugin.choria.middleware_hosts": "one:4222"}

    found = await endpoint(make_client(settings))

    assert found.servers == (ServerAddress("one", 4222),)
    assert found.credentials.choria_token_file == str(settings["plugin.security.choria.token_file"])


async def test_a_password_is_shown_as_well_as_a_certificate(
    make_client: MakeConfig, x509_settings: Settings
) -> None:
    settings = {
        **x509_settings,
        "plugin.choria.middleware_hosts": "one:4222",
        "plugin.nats.user": "ada",
        "plugin.nats.pass": "secret",
    }

    found = await endpoint(make_client(settings))

    assert found.credentials == Credentials(user="ada", password="secret")
    assert found.tls is not None
    assert found.tls.cert_file


async def test_brokers_that_nobody_named_are_asked_of_dns(make_client: MakeConfig) -> None:
    async def resolve(name: str, /) -> Sequence[SrvRecord]:
        assert name == "_mcollective-server._tcp.example.net"
        return [SrvRecord("broker.example.net", 4333)]

    config = make_client(
        {**OPEN, "plugin.choria.srv_domain": "example.net"}, INSECURE_YES_REALLY="true"
    )

    found = await endpoint(config, resolve=resolve)

    assert found.servers == (ServerAddress("broker.example.net", 4333),)


async def test_a_client_reaches_its_broker_with_inboxes_of_its_collective(
    make_broker: MakeBroker, make_client: MakeConfig
) -> None:
    broker = await make_broker()
    hosts = {"plugin.choria.middleware_hosts": f"127.0.0.1:{broker.port}"}
    config = make_client({**OPEN, **hosts}, INSECURE_YES_REALLY="true")

    async with await connect_network(
        config, client_party(config), name="test", timeout_seconds=10.0
    ) as transport:
        assert transport.is_connected
        assert transport.new_inbox().startswith("mcollective.reply.")


async def test_a_broker_that_is_not_there_is_given_up_in_time(make_client: MakeConfig) -> None:
    hosts = {"plugin.choria.middleware_hosts": "127.0.0.1:1"}
    config = make_client({**OPEN, **hosts}, INSECURE_YES_REALLY="true")

    with pytest.raises(ConnectError, match="Connection refused"):
        await connect_network(config, client_party(config), name="test", timeout_seconds=0.5)
