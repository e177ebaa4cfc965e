"""An operator, its accounts and their users, as nats-server's JWT mode wants them.

    operator = Operator.new()
    account = operator.new_account("APP")
    auth = operator.broker_auth(account)       # for BrokerOptions
    text = account.new_credentials("user")     # the content of a .creds file

Source: the JWT of NATS are plain JSON web tokens with the algorithm
``ed25519-nkey``; the claims are those of version 2 of nats-io/jwt.
"""

import base64
import hashlib
import json
import os
import time
from dataclasses import dataclass

import nkeys  # type: ignore[import-untyped]  # the package ships no types

from choria_core.broker.options import BrokerAuth

NO_LIMIT = -1
HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}

USER_LIMITS = {"subs": NO_LIMIT, "data": NO_LIMIT, "payload": NO_LIMIT}
ACCOUNT_LIMITS = {
    **USER_LIMITS,
    "imports": NO_LIMIT,
    "exports": NO_LIMIT,
    "wildcards": True,
    "conn": NO_LIMIT,
    "leaf": NO_LIMIT,
}
JETSTREAM_LIMITS = {
    "mem_storage": NO_LIMIT,
    "disk_storage": NO_LIMIT,
    "streams": NO_LIMIT,
    "consumer": NO_LIMIT,
}


@dataclass(frozen=True, slots=True)
class Key:
    """An nkey: its public half and the seed of the other."""

    public: str
    seed: str

    def __repr__(self) -> str:
        return f"Key({self.public})"

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``."""
        signature: bytes = nkeys.from_seed(self.seed.encode()).sign(data)
        return signature


def new_user_key() -> Key:
    """A fresh user key (``U…``)."""
    return _new_key(nkeys.PREFIX_BYTE_USER)


@dataclass(frozen=True, slots=True)
class Account:
    """An account, signed by its operator."""

    name: str
    key: Key
    jwt: str

    def new_credentials(self, user: str) -> str:
        """The content of a ``.creds`` file of a new user of this account."""
        key = new_user_key()
        claims = {"pub": {}, "sub": {}, **USER_LIMITS, "type": "user", "version": 2}
        return credentials_text(_token(user, key.public, claims, issuer=self.key), key)


@dataclass(frozen=True, slots=True)
class Operator:
    """The root of trust of a set of brokers; its system account comes with it."""

    key: Key
    jwt: str
    system: Account

    @classmethod
    def new(cls) -> "Operator":
        """A fresh operator."""
        key = _new_key(nkeys.PREFIX_BYTE_OPERATOR)
        system = _account("SYS", key, jetstream=False)
        claims = {"type": "operator", "version": 2, "system_account": system.key.public}
        return cls(key, _token("operator", key.public, claims, issuer=key), system)

    def new_account(self, name: str) -> Account:
        """A fresh account without limits, JetStream included."""
        return _account(name, self.key, jetstream=True)

    def broker_auth(self, *accounts: Account) -> BrokerAuth:
        """Settings of a broker that serves ``accounts``."""
        known = {account.key.public: account.jwt for account in (self.system, *accounts)}
        return BrokerAuth(
            operator_jwt=self.jwt, account_jwts=known, system_account=self.system.key.public
        )


def credentials_text(jwt: str, key: Key) -> str:
    """A user's JWT and seed in the form of a ``.creds`` file."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{key.seed}\n------END USER NKEY SEED------\n"
    )


def _account(name: str, operator: Key, *, jetstream: bool) -> Account:
    key = _new_key(nkeys.PREFIX_BYTE_ACCOUNT)
    limits = {**ACCOUNT_LIMITS, **(JETSTREAM_LIMITS if jetstream else {})}
    permissions: dict[str, object] = {"pub": {}, "sub": {}}
    claims = {
        "limits": limits,
        "default_permissions": permissions,
        "type": "account",
        "version": 2,
    }
    return Account(name, key, _token(name, key.public, claims, issuer=operator))


def _new_key(prefix: int) -> Key:
    seed: bytes = nkeys.encode_seed(os.urandom(32), prefix)
    return Key(nkeys.from_seed(seed).public_key.decode(), seed.decode())


def _token(name: str, subject: str, nats: dict[str, object], *, issuer: Key) -> str:
    claims = {
        "iat": int(time.time()),
        "iss": issuer.public,
        "name": name,
        "sub": subject,
        "nats": nats,
    }
    digest = hashlib.sha256(json.dumps(claims).encode()).digest()
    claims["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    body = f"{_encode(json.dumps(HEADER).encode())}.{_encode(json.dumps(claims).encode())}"
    return f"{body}.{_encode(issuer.sign(body.encode()))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
