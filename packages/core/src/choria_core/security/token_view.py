"""Tokens for people to read, as ``choria jwt view`` shows them.  Pure.

Tokens come from strangers: what could move a terminal's cursor is escaped.

Source: go-choria, cmd/jwt_view.go.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from choria_core.errors import RefusedError
from choria_core.security.ed25519_signing import PublicKey, is_public_hex, verify_ed25519
from choria_core.security.token_chain import root_chain_data
from choria_core.security.token_claims import (
    ROOT_ISSUER_PREFIX,
    Claims,
    ClientClaims,
    ServerClaims,
    StandardClaims,
    unique_id,
)

_CLIENT_WIDTH: Final = 19
_SERVER_WIDTH: Final = 21

_CLIENT_PERMISSIONS: Final = {
    "election_user": "Can use Leader Elections",
    "events_viewer": "Can view Lifecycle and Autonomous Agent events",
    "streams_user": "Can use Choria Streams",
    "streams_admin": "Can administer Choria Streams",
    "governor": "Can access Choria Governors",
    "org_admin": "Can observe all traffic on all subjects and access the system account",
    "system_user": "Can access the Broker system account",
    "authentication_delegator": "Can sign requests on behalf of other users",
    "service": "Can have an extended token lifetime",
    "provisioner": "Can provision Choria Servers",
}
_SERVER_PERMISSIONS: Final = {
    "service_host": "Can host services",
    "submission": "Can publish Choria Submission messages",
    "streams": "Can access Choria Streams",
    "governor": "Can access Choria Governor",
}


def describe(claims: Claims, *, file: str, is_validated: bool, now: float) -> str:
    """Several lines about the token in ``file``; ``now`` is in unix seconds."""
    lines = _client(claims, now) if isinstance(claims, ClientClaims) else _server(claims, now)
    kind = "Client Identification" if isinstance(claims, ClientClaims) else "Server"
    title = f"{'Validated' if is_validated else 'Unvalidated'} {kind} Token {file}"
    return "\n".join(_printable(line) for line in (title, "", *lines)) + "\n"


def as_json(document: bytes) -> str:
    """Claims of any purpose as indented JSON with sorted keys.

    Raises:
        ValueError, RecursionError: ``document`` is no JSON, or too deep.
    """
    return json.dumps(json.loads(document), indent=2, sort_keys=True)


def _client(claims: ClientClaims, now: float) -> Iterator[str]:
    facts = {
        "Caller ID": claims.callerid,
        "Organization Unit": claims.ou,
        "Allowed Agents": ", ".join(claims.agents),
        "Public Key": claims.public_key,
        "Private Network ID": unique_id(claims.callerid),
        "Expires At": _expiry(claims, now),
        "Subscriptions Subjects": ", ".join(claims.sub_subjects),
        "Publish Subjects": ", ".join(claims.pub_subjects),
        "Trust Chain": _trust_chain(claims),
    }
    yield from _aligned(facts, _CLIENT_WIDTH)
    if claims.permissions is not None:
        granted = [*_fleet(claims), *_granted(claims.permissions, _CLIENT_PERMISSIONS)]
        yield from _permissions(" Client Permissions:", granted, "user specific", indent=6)
    if claims.user_properties:
        properties = json.dumps(claims.user_properties, indent=2, sort_keys=True)
        yield from _block("User Properties", properties)
    if claims.opa_policy:
        yield from _block("OPA Policy", claims.opa_policy)


def _server(claims: ServerClaims, now: float) -> Iterator[str]:
    facts = {
        "Identity": claims.identity,
        "Expires At": _expiry(claims, now),
        "Collectives": ", ".join(claims.collectives),
        "Public Key": claims.public_key,
        "Organization Unit": claims.ou,
        "Additional Subjects": ", ".join(claims.pub_subjects),
        "Private Network ID": unique_id(claims.identity),
        "Trust Chain": _trust_chain(claims),
    }
    yield from _aligned(facts, _SERVER_WIDTH)
    if claims.permissions is not None:
        granted = _granted(claims.permissions, _SERVER_PERMISSIONS)
        yield from _permissions("   Broker Permissions:", granted, "server specific", indent=10)


def _aligned(facts: dict[str, str], width: int) -> Iterator[str]:
    for name, value in facts.items():
        if value:
            yield f"{name:>{width}}: {value}"


def _block(name: str, text: str) -> Iterator[str]:
    first, *rest = text.split("\n")
    yield f"{name:>{_CLIENT_WIDTH}}: {first}"
    yield from (" " * (_CLIENT_WIDTH + 2) + line for line in rest)


def _fleet(claims: ClientClaims) -> list[str]:
    permissions = claims.permissions
    if permissions is None:
        return []
    if permissions.signed_fleet_management:
        return ["Can manage Choria fleet nodes subject to authorizing signature"]
    return ["Can manage Choria fleet nodes"] if permissions.fleet_management else []


def _granted(permissions: object, texts: dict[str, str]) -> list[str]:
    return [text for name, text in texts.items() if getattr(permissions, name)]


def _permissions(title: str, granted: list[str], whose: str, *, indent: int) -> Iterator[str]:
    yield from ("", title, "")
    for line in granted or [f"No {whose} permissions granted"]:
        yield " " * indent + line
    yield ""


def _expiry(claims: StandardClaims, now: float) -> str:
    expires = claims.expires
    if expires is None:
        return ""
    left = expires - now
    far = f"expired {_duration(-left)} ago" if left < 0 else _duration(left)
    return f"{_time(expires)} ({far})"


def _time(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S +0000 UTC}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"


def _duration(seconds: float) -> str:
    """As the Go tool writes it, from ``1y2d3h4m5s`` to ``5.00s``."""
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    years, days = divmod(days, 365)
    units = {"y": years, "d": days, "h": hours, "m": minutes, "s": rest}
    largest = next(index for index, count in enumerate(units.values()) if count)
    return "".join(f"{count}{unit}" for unit, count in list(units.items())[largest:])


def _trust_chain(claims: StandardClaims) -> str:
    if not claims.tcs:
        return ""
    if claims.is_chained:
        return f"Issued by {claims.iss[2:].partition('.')[0]}"
    if not claims.iss.startswith(ROOT_ISSUER_PREFIX):
        return ""
    if not _is_issuer(claims):
        return "Invalid signing data, issued users will be invalid"
    return f"Can Issue Clients as part of a trust chain with Issuer {claims.iss[2:]}"


def _is_issuer(claims: StandardClaims) -> bool:
    root = claims.iss.removeprefix(ROOT_ISSUER_PREFIX)
    if not is_public_hex(root):
        return False
    try:
        data, signature = root_chain_data(claims.jti, claims.public_key), bytes.fromhex(claims.tcs)
        verify_ed25519(PublicKey(bytes.fromhex(root)), data, signature)
    except (ValueError, RefusedError):
        return False
    return True


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
