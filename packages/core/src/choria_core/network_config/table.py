"""The table of every key.  Pure."""

from collections.abc import Mapping
from typing import Final

from choria_core.network_config.keys import Key, Side
from choria_core.network_config.keys_absent import ABSENT
from choria_core.network_config.keys_adapter import ADAPTERS
from choria_core.network_config.keys_general import GENERAL
from choria_core.network_config.keys_network import NETWORK
from choria_core.network_config.keys_security import SECURITY

KEYS: Final = (*GENERAL, *SECURITY, *ADAPTERS, *NETWORK, *ABSENT)
"""Every key that the original knows, and what became of it here."""

BY_NAME: Final[Mapping[str, Key]] = {key.name: key for key in KEYS}

_PATTERNS: Final = tuple((key.pattern, key) for key in KEYS if key.is_pattern)


def find(name: str) -> Key | None:
    """The key that ``name`` is, or is an instance of."""
    known = BY_NAME.get(name)
    if known is not None:
        return known
    return next((key for pattern, key in _PATTERNS if pattern.fullmatch(name)), None)


def keys_of(side: Side) -> tuple[Key, ...]:
    """The keys that ``side`` reads, patterns left out."""
    return tuple(key for key in KEYS if side & key.sides and not key.is_pattern)
