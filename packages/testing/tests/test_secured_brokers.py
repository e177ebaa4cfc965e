"""The accepted credentials pass and the wrong ones do not."""

import asyncio
import contextlib
import json
import ssl

import pytest

from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Credentials
from choria_core.nats.signing import load_credentials
from choria_testing.certificates import Certificates, KeyedCertificate
from choria_testing.secured_brokers import SecuredBroker

NOBODY = Credentials()
REFUSED = "-ERR 'Authorization Violation'"
KINDS = ["password_broker", "token_broker", "nkey_broker", "jwt_broker"]


@pytest.fixture(params=KINDS)
def secured(request: pytest.FixtureRequest) -> SecuredBroker:
    broker: SecuredBroker = request.getfixturevalue(request.param)
    return broker


async def greet(
    broker: Broker,
    credentials: Credentials = NOBODY,
    *,
    tls: ssl.SSLContext | None = None,
    handshake_first: bool = False,
) -> str:
    """Connect and send PING: the broker's first answer."""
    early, late = (tls, None) if handshake_first else (None, tls)
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port, ssl=early)
    try:
        info = json.loads((await reader.readline()).removeprefix(b"INFO "))
        if late:
            await writer.start_tls(late, server_hostname="127.0.0.1")
        nonce = info.get("nonce", "").encode()
        options = load_credentials(credentials).connect_options(nonce)
        connect = {"verbose": False, "protocol": 1, "lang": "test", "version": "1", **options}
        writer.write(f"CONNECT {json.dumps(connect)}\r\nPING\r\n".encode())
        answer = await reader.readline()
        if not answer:
            raise ConnectionResetError("the broker hung up")
        return answer.decode().strip()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_accepted_credentials_pass(secured: SecuredBroker) -> None:
    assert await greet(secured.broker, secured.credentials) == "PONG"


async def test_wrong_credentials_are_refused(secured: SecuredBroker) -> None:
    assert await greet(secured.broker, secured.wrong) == REFUSED


async def test_nobody_is_let_in_without_credentials(secured: SecuredBroker) -> None:
    assert await greet(secured.broker) == REFUSED


def client_context(
    certificates: Certificates, shown: KeyedCertificate | None = None
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    if shown:
        context.load_cert_chain(shown.cert_file, shown.key_file)
    return context


async def test_tls_is_trusted_through_the_authority(
    tls_broker: Broker, certificates: Certificates
) -> None:
    assert await greet(tls_broker, tls=client_context(certificates)) == "PONG"


async def test_the_broker_is_not_signed_by_the_other_authority(
    tls_broker: Broker, certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=certificates.other_ca_file)

    with pytest.raises(ssl.SSLCertVerificationError):
        await greet(tls_broker, tls=context)


async def test_mutual_tls_takes_the_known_client(
    mutual_tls_broker: Broker, certificates: Certificates
) -> None:
    context = client_context(certificates, certificates.client)

    assert await greet(mutual_tls_broker, tls=context) == "PONG"


@pytest.mark.parametrize("who", ["stranger", None])
async def test_mutual_tls_refuses_everybody_else(
    mutual_tls_broker: Broker, certificates: Certificates, who: str | None
) -> None:
    context = client_context(certificates, getattr(certificates, who) if who else None)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        await greet(mutual_tls_broker, tls=context)


async def test_tls_first_wants_the_handshake_before_the_greeting(
    tls_first_broker: Broker, certificates: Certificates
) -> None:
    context = client_context(certificates)

    assert await greet(tls_first_broker, tls=context, handshake_first=True) == "PONG"
