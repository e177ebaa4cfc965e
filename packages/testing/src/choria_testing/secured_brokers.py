"""Brokers that let in only whom they know, with credentials that pass and that do not."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from choria_core.broker.options import BrokerAuth, BrokerUser
from choria_core.broker.server import Broker
from choria_core.nats.endpoint import Credentials
from choria_testing.broker_settings import BrokerSettings
from choria_testing.brokers import jetstream_broker
from choria_testing.jwt_accounts import Operator, new_user_key

USER = "replicator"
PASSWORD = "correct horse"  # noqa: S105 - the blank shows whether it is passed on unharmed
TOKEN = "s3cr3t-t0k3n"  # noqa: S105 - of a broker that lives for one test
WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    """A broker with ``credentials`` that it accepts and ``wrong`` ones of the same kind."""

    broker: Broker
    credentials: Credentials
    wrong: Credentials


@contextlib.asynccontextmanager
async def password_broker(**settings: Unpack[BrokerSettings]) -> AsyncIterator[SecuredBroker]:
    """A broker with a user and a password."""
    auth = BrokerAuth(users=(BrokerUser(USER, PASSWORD),))
    accepted = Credentials(user=USER, password=PASSWORD)
    wrong = Credentials(user=USER, password=WRONG)
    async with _secured(auth, accepted, wrong, settings) as secured:
        yield secured


@contextlib.asynccontextmanager
async def token_broker(**settings: Unpack[BrokerSettings]) -> AsyncIterator[SecuredBroker]:
    """A broker with one token for everybody."""
    auth = BrokerAuth(token=TOKEN)
    accepted, wrong = Credentials(token=TOKEN), Credentials(token=WRONG)
    async with _secured(auth, accepted, wrong, settings) as secured:
        yield secured


@contextlib.asynccontextmanager
async def nkey_broker(**settings: Unpack[BrokerSettings]) -> AsyncIterator[SecuredBroker]:
    """A broker that knows one user by its public nkey."""
    key, stranger = new_user_key(), new_user_key()
    auth = BrokerAuth(nkeys=(key.public,))
    accepted, wrong = Credentials(nkey_seed=key.seed), Credentials(nkey_seed=stranger.seed)
    async with _secured(auth, accepted, wrong, settings) as secured:
        yield secured


@contextlib.asynccontextmanager
async def jwt_broker(**settings: Unpack[BrokerSettings]) -> AsyncIterator[SecuredBroker]:
    """A broker in operator mode; the credentials are ``.creds`` files.

    The wrong ones come from an account that the operator never signed.
    """
    operator = Operator.new()
    account, foreign = operator.new_account("APP"), Operator.new().new_account("APP")
    with _folder() as folder:
        accepted = _creds(folder / "user.creds", account.new_credentials(USER))
        wrong = _creds(folder / "foreign.creds", foreign.new_credentials(USER))
        async with _secured(operator.broker_auth(account), accepted, wrong, settings) as secured:
            yield secured


@contextlib.asynccontextmanager
async def _secured(
    auth: BrokerAuth, accepted: Credentials, wrong: Credentials, settings: BrokerSettings
) -> AsyncIterator[SecuredBroker]:
    settings["auth"] = auth
    async with jetstream_broker(**settings) as broker:
        yield SecuredBroker(broker, accepted, wrong)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="choria-testing-") as name:
        yield Path(name)


def _creds(path: Path, text: str) -> Credentials:
    path.touch(mode=0o600)
    path.write_text(text)
    return Credentials(file=str(path))
