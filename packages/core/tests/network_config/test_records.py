"""Records and the table of keys fit each other."""

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest

from choria_core.network_config import kinds
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.keys import CLIENT, SERVER, Side, Support
from choria_core.network_config.records import key_of
from choria_core.network_config.server_config import ServerConfig
from choria_core.network_config.table import BY_NAME, keys_of

RECORDS = {SERVER: ServerConfig, CLIENT: ClientConfig}

# Keys that tell how to read the others, and so are in no record.
BESIDE = {"plugin.security.issuer.names"}

TEXTS = {
    kinds.BOOLEAN.name: "y",
    kinds.INTEGER.name: "40",
    kinds.SECONDS.name: "40",
    kinds.BYTES.name: "40",
    kinds.DURATION.name: "40",
    kinds.MODE.name: "0600",
    kinds.ADDRESSES.name: "a:1",
    kinds.PUBLIC_KEYS.name: "ab" * 32,
}


@pytest.mark.parametrize("side", [SERVER, CLIENT], ids=["server", "client"])
def test_every_supported_key_fills_a_field(side: Side) -> None:
    supported = {key.name for key in keys_of(side) if key.support is Support.NOW}

    assert set(_hints(RECORDS[side])) == supported - BESIDE


@pytest.mark.parametrize("side", [SERVER, CLIENT], ids=["server", "client"])
def test_every_field_has_the_type_of_its_key(side: Side) -> None:
    for name, hint in _hints(RECORDS[side]).items():
        key = BY_NAME[name]
        text = TEXTS.get(key.kind.name, key.default or "/a")
        for value in (key.default_value(), key.kind.read(text, "/srv/ada")):
            assert _fits(value, hint), f"{name}: {value!r} is no {hint}"


def _hints(record: Any) -> dict[str, Any]:
    """Each key that fills a field of ``record`` or of a record in it, and the field's type."""
    return dict(_walk(record))


def _walk(record: Any) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(record, include_extras=True)
    for item in fields(record):
        hint = hints[item.name]
        if key_of(hint):
            assert get_origin(hint) is Annotated
            yield key_of(hint), get_args(hint)[0]
        elif isinstance(hint, type) and is_dataclass(hint):
            yield from _walk(hint)


def _fits(value: object, hint: Any) -> bool:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, parts[0]) for item in value)
    return isinstance(value, hint) and isinstance(value, bool) == (hint is bool)
