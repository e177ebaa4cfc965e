"""All kinds of proving who we are."""

import asyncio
import contextlib
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from choria_core.errors import AuthenticationError, ConfigError
from choria_core.nats.endpoint import Credentials
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState
from choria_testing.connectors import Connect
from choria_testing.secured_brokers import (
    SecuredBroker,
    jwt_broker,
    nkey_broker,
    password_broker,
    token_broker,
)
from choria_testing.transport_logs import MessageLog, StateLog

Secured = Callable[[], contextlib.AbstractAsyncContextManager[SecuredBroker]]
KINDS = pytest.mark.parametrize(
    "secured_broker", [password_broker, token_broker, nkey_broker, jwt_broker]
)


@KINDS
async def test_the_right_credentials_open(
    connect: Connect, messages: MessageLog, secured_broker: Secured
) -> None:
    async with secured_broker() as secured:
        endpoint = parse_endpoint(secured.broker.url, credentials=secured.credentials)
        async with await connect(endpoint) as transport:
            await transport.subscribe("news", messages)

            await transport.publish("news", b"x")

            await messages.until(1)


@KINDS
@pytest.mark.parametrize("kind", ["wrong", "none"])
async def test_other_credentials_are_refused_at_once(
    connect: Connect, states: StateLog, secured_broker: Secured, kind: str
) -> None:
    async with secured_broker() as secured:
        wrong = secured.wrong if kind == "wrong" else Credentials()
        endpoint = parse_endpoint(secured.broker.url, credentials=wrong)

        with pytest.raises(AuthenticationError) as caught:
            await connect(endpoint, on_state=states, timeout_seconds=None)

        told = str(caught.value) + str(states.changes)
        assert secured.broker.url in str(caught.value)
        assert [change.state for change in states.changes] == [ConnectionState.DISCONNECTED]
        for secret in (wrong.password, wrong.token, wrong.nkey_seed):
            assert not secret or secret not in told.replace("nats://", "")


@KINDS
async def test_credentials_hold_for_reconnects(
    connect: Connect, states: StateLog, messages: MessageLog, secured_broker: Secured
) -> None:
    async with secured_broker() as secured:
        endpoint = parse_endpoint(secured.broker.url, credentials=secured.credentials)
        async with await connect(endpoint, on_state=states) as transport:
            await transport.subscribe("news", messages)

            await secured.broker.restart()
            await states.until(ConnectionState.CONNECTED, count=2)
            await transport.publish("news", b"x")

            await messages.until(1)


def taken_apart(creds: Credentials, folder: Path) -> Credentials:
    """The JWT and the seed of a creds file, each in a file of its own."""
    lines = Path(creds.file).read_text().splitlines()
    jwt_file, seed_file = folder / "user.jwt", folder / "user.nk"
    jwt_file.write_text(next(line for line in lines if line.startswith("eyJ")) + "\n")
    seed_file.write_text(next(line for line in lines if line.startswith("SU")) + "\n")
    return Credentials(jwt=str(jwt_file), nkey_seed=str(seed_file))


async def test_a_jwt_and_its_seed_in_two_files(connect: Connect, tmp_path: Path) -> None:
    async with jwt_broker() as secured:
        apart = taken_apart(secured.credentials, tmp_path)
        async with await connect(parse_endpoint(secured.broker.url, credentials=apart)) as one:
            await one.flush()

        url = f"{secured.broker.url}?jwt={apart.jwt}&nkey={apart.nkey_seed}"
        async with await connect(parse_endpoint(url)) as other:
            await other.flush()


async def test_credentials_in_the_url(connect: Connect) -> None:
    async with password_broker() as secured:
        user, password = secured.credentials.user, secured.credentials.password.replace(" ", "%20")
        url = secured.broker.url.replace("://", f"://{user}:{password}@")

        async with await connect(parse_endpoint(url)) as transport:
            await transport.flush()

    async with jwt_broker() as secured:
        url = f"{secured.broker.url}?credentials={secured.credentials.file}"

        async with await connect(parse_endpoint(url)) as transport:
            await transport.flush()


async def test_renewed_credentials_are_noticed(connect: Connect, states: StateLog) -> None:
    async with jwt_broker() as old, jwt_broker() as new:
        endpoint = parse_endpoint(old.broker.url, credentials=old.credentials)
        async with await connect(endpoint, on_state=states):
            options = dataclasses.replace(old.broker.options, auth=new.broker.options.auth)
            await old.broker.restart(options)
            await states.until(ConnectionState.DISCONNECTED, count=3)

            await asyncio.to_thread(shutil.copy, new.credentials.file, old.credentials.file)

            await states.until(ConnectionState.CONNECTED, count=2)


@pytest.mark.parametrize(
    "credentials",
    [Credentials(file="/nonexisting/u.creds"), Credentials(nkey_seed="/nonexisting/u.nk")],
)
async def test_a_missing_file_is_a_matter_of_settings(
    connect: Connect, credentials: Credentials
) -> None:
    async with password_broker() as secured:
        endpoint = parse_endpoint(secured.broker.url, credentials=credentials)

        with pytest.raises(ConfigError, match="/nonexisting/u"):
            await connect(endpoint, timeout_seconds=None)
