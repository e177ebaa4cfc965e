"""The locks that a book asks for, as the keeper takes them."""

from dataclasses import fields, is_dataclass
from typing import Final, cast

from choria_core.errors import ConfigError
from choria_core.playbook.lock import LockingStore
from choria_playbooks.book.model import LockSpec
from choria_playbooks.engine.lock_keeper import LockWish
from choria_playbooks.engine.scope import BookScope
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_playbooks.templates.filling import fill_text
from choria_playbooks.templates.value_text import value_text

_MANNER: Final = frozenset(("create", "lock_delay", "timeout", "ttl"))
"""Options of stores that say how they keep locks; the others say where."""


async def lock_wish(spec: LockSpec, scope: BookScope) -> LockWish:
    """A lock of a step, its key filled in.

    Raises:
        ConfigError: its store keeps no locks, or its key is empty.
        InvalidConfigError: a marker of its key has no value.
        ChoriaError: a store failed that its key needs.
    """
    key = value_text(await fill_text(spec.key, scope, spec.location))
    if not key:
        raise ConfigError(f"{spec.location}: lock {spec.path} has an empty key")
    return book_lock(spec, scope.stores, key)


def book_lock(spec: LockSpec, stores: BookStores, key: str = "") -> LockWish:
    """A lock of a book, whose key is as it is written where ``key`` is empty.

    Raises:
        ConfigError: its store keeps no locks.
    """
    found = stores.find(spec.store)
    if not found.has_locks:
        raise ConfigError(f"{spec.location}: data store {found.name} ({found.type}) keeps no locks")
    key = key or spec.key
    return LockWish(
        path=f"{spec.store}/{key}",
        store=cast("LockingStore", found.store),
        key=key,
        identity=(_identity(found), key),
        timeout_seconds=spec.timeout_seconds,
    )


def _identity(found: OpenStore) -> object:
    """Equal for two stores where the same lock is the same."""
    if getattr(found.store, "ends_with_run", False):
        return id(found.store)
    options = found.options
    if not is_dataclass(options):
        return (found.type, options)
    names = [one.name for one in fields(options) if one.name not in _MANNER]
    return (found.type, [(name, getattr(options, name)) for name in names])
