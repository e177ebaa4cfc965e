"""All kinds of proving who we are."""

import asyncio
import base64
import contextlib
import dataclasses
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from choria_core.broker.options import BrokerAuth
from choria_core.errors import AuthenticationError, ConfigError
from choria_core.nats.endpoint import Credentials, ServerAddress
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.transport import ConnectionState
from choria_testing.choria_tokens import client_claims, make_token, new_key
from choria_testing.connectors import Connect
from choria_testing.fixtures import MakeBroker
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


async def test_a_choria_token_is_a_bearer_token_with_a_key(
    connect: Connect, make_broker: MakeBroker, tmp_path: Path
) -> None:
    """A stock broker looks at the token alone."""
    owner = new_key()
    credentials = choria_files(tmp_path, owner)
    token = token_of(credentials)
    broker = await make_broker(auth=BrokerAuth(token=token))

    async with await connect(parse_endpoint(broker.url, credentials=credentials)) as transport:
        await transport.flush()


async def test_the_key_of_a_choria_token_signs_the_nonce(connect: Connect, tmp_path: Path) -> None:
    """As Choria's own brokers want it; the greeting here is one of theirs."""
    owner = new_key()
    credentials = choria_files(tmp_path, owner)
    token = token_of(credentials)

    async with demanding() as (address, shown):
        endpoint = parse_endpoint(str(address), credentials=credentials)
        with pytest.raises(AuthenticationError):
            await connect(endpoint, timeout_seconds=None)
        options = await shown

    assert (options["auth_token"], options["jwt"]) == (token, token)
    owner.public_key().verify(base64.urlsafe_b64decode(options["sig"] + "=="), NONCE.encode())


NONCE = "fQYTSKIg6NtJ2Xc"


@contextlib.asynccontextmanager
async def demanding() -> AsyncIterator[tuple[ServerAddress, asyncio.Future[dict[str, Any]]]]:
    """A server that wants a nonce signed, tells what it was shown, and refuses."""
    shown: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    info = {"server_id": "x", "version": "2.14.0", "max_payload": 1 << 20, "headers": True}
    greeting = json.dumps({**info, "auth_required": True, "nonce": NONCE}).encode()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + greeting + b"\r\n")
        connect = await reader.readuntil(b"\r\n")
        if not shown.done():
            shown.set_result(json.loads(connect.removeprefix(b"CONNECT ")))
        writer.write(b"-ERR 'Authorization Violation'\r\n")
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield ServerAddress(*server.sockets[0].getsockname()), shown


def choria_files(folder: Path, owner: Ed25519PrivateKey) -> Credentials:
    token, seed = folder / "alice.jwt", folder / "alice.seed"
    claims = client_claims("alice", owner, exp=time.time() + 600, nbf=0)
    token.write_bytes(make_token(new_key(), claims))
    seed.touch(mode=0o600)
    seed.write_text(owner.private_bytes_raw().hex())
    return Credentials(choria_token_file=str(token), choria_seed_file=str(seed))


def token_of(credentials: Credentials) -> str:
    return Path(credentials.choria_token_file).read_text()
