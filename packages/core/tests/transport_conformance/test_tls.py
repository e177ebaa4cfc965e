"""Encrypted connections."""

from dataclasses import replace

import pytest

from choria_core.broker.options import BrokerAuth, BrokerTls, BrokerUser
from choria_core.broker.server import Broker
from choria_core.errors import AuthenticationError, ConfigError, TransportError
from choria_core.nats.endpoint import Credentials, Endpoint, TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState
from choria_testing.certificates import Certificates
from choria_testing.connectors import Connect
from choria_testing.fixtures import MakeBroker
from choria_testing.transport_logs import MessageLog, StateLog

FIRST = pytest.mark.parametrize("handshake_first", [False, True])


def endpoint_of(broker: Broker, tls: TlsSettings | None) -> Endpoint:
    (server,) = parse_endpoint(broker.url).servers
    return Endpoint((replace(server, scheme="nats"),), tls=tls, connect_timeout_seconds=3)


@FIRST
async def test_a_trusted_server(
    connect: Connect,
    make_broker: MakeBroker,
    certificates: Certificates,
    messages: MessageLog,
    *,
    handshake_first: bool,
) -> None:
    broker = await make_broker(tls=certificates.broker_tls(handshake_first=handshake_first))
    tls = certificates.client_tls(handshake_first=handshake_first)
    transport = await connect(endpoint_of(broker, tls))
    await transport.subscribe("news", messages)

    body = bytes(range(256)) * 4000
    for _ in range(3):
        await transport.publish("news", body)

    await messages.until(3)
    assert messages.bodies == [body] * 3


@FIRST
async def test_an_encrypted_connection_is_made_anew(
    connect: Connect,
    make_broker: MakeBroker,
    certificates: Certificates,
    messages: MessageLog,
    states: StateLog,
    *,
    handshake_first: bool,
) -> None:
    broker = await make_broker(tls=certificates.broker_tls(handshake_first=handshake_first))
    tls = certificates.client_tls(handshake_first=handshake_first)
    transport = await connect(endpoint_of(broker, tls), on_state=states)
    await transport.subscribe("news", messages)

    await broker.restart()
    await states.until(ConnectionState.CONNECTED, count=2)
    await transport.publish("news", b"x")

    await messages.until(1)


@FIRST
async def test_a_server_of_another_authority_is_refused(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates, *, handshake_first: bool
) -> None:
    broker = await make_broker(tls=certificates.broker_tls(handshake_first=handshake_first))
    tls = TlsSettings(ca_file=str(certificates.other_ca_file), handshake_first=handshake_first)

    with pytest.raises(AuthenticationError, match="certificate"):
        await connect(endpoint_of(broker, tls), timeout_seconds=None)


async def test_a_server_with_another_name_is_refused(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    impostor = certificates.client
    broker = await make_broker(tls=BrokerTls(impostor.cert_file, impostor.key_file))

    with pytest.raises(AuthenticationError, match=r"127\.0\.0\.1"):
        await connect(endpoint_of(broker, certificates.client_tls()), timeout_seconds=None)


async def test_a_server_that_demands_tls_gets_it_and_is_checked(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    """Without settings the system's authorities count, and ours is not among them."""
    broker = await make_broker(tls=certificates.broker_tls())

    with pytest.raises(AuthenticationError, match="certificate"):
        await connect(endpoint_of(broker, None), timeout_seconds=None)


async def test_an_unverified_server_if_we_insist(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    broker = await make_broker(tls=certificates.broker_tls())
    endpoint = parse_endpoint(f"{broker.url}?insecure=true")

    transport = await connect(endpoint)

    await transport.flush()


@FIRST
async def test_a_client_certificate_opens(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates, *, handshake_first: bool
) -> None:
    broker = await make_broker(
        tls=certificates.broker_tls(verify=True, handshake_first=handshake_first)
    )
    tls = certificates.client_tls(certificate=certificates.client, handshake_first=handshake_first)

    transport = await connect(endpoint_of(broker, tls))

    await transport.flush()


@FIRST
@pytest.mark.parametrize("shown", ["none", "stranger"])
async def test_a_server_that_demands_another_certificate_refuses(
    connect: Connect,
    make_broker: MakeBroker,
    certificates: Certificates,
    shown: str,
    *,
    handshake_first: bool,
) -> None:
    broker = await make_broker(
        tls=certificates.broker_tls(verify=True, handshake_first=handshake_first)
    )
    stranger = certificates.stranger if shown == "stranger" else None
    tls = certificates.client_tls(certificate=stranger, handshake_first=handshake_first)

    with pytest.raises(AuthenticationError, match="certificate"):
        await connect(endpoint_of(broker, tls), timeout_seconds=None)


async def test_no_password_goes_to_a_server_without_tls(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    user = BrokerUser("ann", "secret")
    broker = await make_broker(auth=BrokerAuth(users=(user,)))
    plain = Endpoint(
        endpoint_of(broker, None).servers, Credentials(user=user.user, password=user.password)
    )
    await (await connect(plain)).close()

    with pytest.raises(AuthenticationError, match="TLS"):
        await connect(replace(plain, tls=certificates.client_tls()), timeout_seconds=None)


async def test_tls_is_used_where_a_server_only_offers_it(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    offering = "allow_non_tls: true"
    broker = await make_broker(tls=certificates.broker_tls(), extra_config=offering)
    await (await connect(endpoint_of(broker, None))).flush()

    wrong = TlsSettings(ca_file=str(certificates.other_ca_file))
    with pytest.raises(AuthenticationError, match="certificate"):
        await connect(endpoint_of(broker, wrong), timeout_seconds=None)
    await (await connect(endpoint_of(broker, certificates.client_tls()))).flush()


async def test_a_wrong_password_over_tls(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    auth = BrokerAuth(users=(BrokerUser("ann", "right"),))
    broker = await make_broker(tls=certificates.broker_tls(), auth=auth)
    endpoint = replace(
        endpoint_of(broker, certificates.client_tls()),
        credentials=Credentials(user="ann", password="not so"),
    )

    with pytest.raises(AuthenticationError) as caught:
        await connect(endpoint, timeout_seconds=None)

    assert "certificate" not in str(caught.value)
    assert "not so" not in str(caught.value)


async def test_the_order_of_greeting_and_handshake_must_agree(
    connect: Connect, make_broker: MakeBroker, certificates: Certificates
) -> None:
    greets = await make_broker(tls=certificates.broker_tls())
    waits = await make_broker(tls=certificates.broker_tls(handshake_first=True))
    first = replace(
        endpoint_of(greets, certificates.client_tls(handshake_first=True)),
        connect_timeout_seconds=0.5,
    )
    second = replace(endpoint_of(waits, certificates.client_tls()), connect_timeout_seconds=0.5)

    for endpoint in (first, second):
        with pytest.raises(TransportError):
            await connect(endpoint, timeout_seconds=1)


async def test_an_absent_ca_file_is_a_matter_of_settings(
    connect: Connect, make_broker: MakeBroker
) -> None:
    broker = await make_broker()

    with pytest.raises(ConfigError, match="/nonexisting/ca"):
        await connect(
            endpoint_of(broker, TlsSettings(ca_file="/nonexisting/ca.pem")), timeout_seconds=None
        )
