"""Locks of a book.  Pure.

``pb_data/deploy`` is the key ``deploy`` of the store ``pb_data``; a store alone stands for the
lock of the book in it, ``choria/locks/playbook/`` and the book's name.
"""

from collections.abc import Mapping
from typing import Final

from choria_core.config.problems import Location
from choria_core.config.schema import Setting
from choria_core.config.value import nearest, shown
from choria_core.config.yaml_nodes import Entry, MapNode, Node, ScalarNode
from choria_playbooks.book.findings import NEEDS_SCHEMA, SCHEMA_FIX, Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import is_marked
from choria_playbooks.book.model import LockSpec, StoreSpec
from choria_playbooks.book.names import split_path
from choria_playbooks.book.words import LockWords

_BOOK_KEY: Final = "choria/locks/playbook/"


class LockReader:
    """Reads the locks of one book.

    Args:
        findings: is told what is wrong.
        stores: of the book, by name.
        kinds: tell which stores have no locks.
        book: name of the book.
    """

    def __init__(
        self, findings: Findings, stores: Mapping[str, StoreSpec], kinds: Kinds, book: str
    ) -> None:
        self._findings = findings
        self._stores = stores
        self._kinds = kinds
        self._book = book

    def locks(self, entry: Entry, key: str) -> tuple[LockSpec, ...]:
        """The list ``locks``."""
        found: list[LockSpec] = []
        for index, node in enumerate(self._findings.items(entry, key)):
            lock = self.lock(node, f"{key}[{index}]", takes_templates=False)
            if lock is None:
                continue
            if lock.path in {other.path for other in found}:
                text = f"{lock.path} is in the list already"
                self._findings.tolerate(
                    node.location, f"{key}[{index}]", text, "remove one of them"
                )
            found.append(lock)
        return tuple(found)

    def lock(self, node: Node, key: str, *, takes_templates: bool) -> LockSpec | None:
        """One lock; None where it is none.

        Args:
            node: a path, or a block with ``path`` and ``timeout``.
            key: where it stands in the book.
            takes_templates: the key of the lock may hold markers.
        """
        match node:
            case ScalarNode(kind="broken"):
                return None
            case ScalarNode(kind="null"):
                self._findings.refuse(node.location, key, "names no lock", "write store/key")
                return None
            case ScalarNode():
                return self._at_path(node, key, None, takes_templates=takes_templates)
            case MapNode() if self._findings.is_strict:
                return self._in_words(node, key, takes_templates=takes_templates)
            case MapNode():
                self._findings.refuse(node.location, key, NEEDS_SCHEMA, SCHEMA_FIX)
                return None
        text = f"must be a path as store/key, not {shown(node, Setting())}"
        self._findings.refuse(node.location, key, text)
        return None

    def _in_words(self, node: MapNode, key: str, *, takes_templates: bool) -> LockSpec | None:
        words = self._findings.record(LockWords, node, key, node.location)
        path = node.get("path")
        if words is None or not isinstance(path, ScalarNode):
            return None
        return self._at_path(path, key, words.timeout, takes_templates=takes_templates)

    def _at_path(
        self, node: ScalarNode, key: str, timeout: float | None, *, takes_templates: bool
    ) -> LockSpec | None:
        where = node.location
        if not takes_templates and is_marked(node, self._findings.dialect):
            text = "takes no template: locks are taken before there are values"
            self._findings.refuse(where, key, text, "write the path itself")
            return None
        store, lock_key = split_path(node.text) or (node.text, _BOOK_KEY + self._book)
        if not self._has_locks(store, where, key):
            return None
        return LockSpec(store=store, key=lock_key, timeout_seconds=timeout, location=where)

    def _has_locks(self, store: str, where: Location, key: str) -> bool:
        spec = self._stores.get(store)
        if spec is None:
            text = f"the book has no data store {store}"
            self._findings.refuse(where, key, text, unknown_fix(store, self._stores, "data_stores"))
            return False
        if spec.type in self._kinds.stores_without_locks:
            able = sorted(set(self._kinds.data_stores) - set(self._kinds.stores_without_locks))
            fix = f"use a store of type {' or '.join(able)}" if able else ""
            text = f"the data store {store} is of type {spec.type}, which has no locks"
            self._findings.refuse(where, key, text, fix)
            return False
        return True


def unknown_fix(name: str, known: Mapping[str, object], section: str) -> str:
    """What to do about a name that is not among ``known``, which stand in ``section``."""
    meant = nearest(name, known)
    if meant:
        return f"did you mean {meant}?"
    if not known:
        return f"describe it under {section}"
    return f"describe it under {section}; known: {', '.join(sorted(known)[:12])}"
