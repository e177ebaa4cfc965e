"""What all books of one run share: the request, the voice, the locks, the kinds."""

import os
import socket
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from choria_core.config.problems import InvalidConfigError
from choria_core.config.record import BROKEN, LATER, RecordReader
from choria_core.config.schema import fields_of
from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, ConfigError, PluginError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.lock import LockHolder
from choria_core.playbook.node_set import NodeSet
from choria_core.playbook.task import Task
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Offered
from choria_playbooks.book.looking import is_marked
from choria_playbooks.engine.choosing import Choice
from choria_playbooks.engine.events import Level
from choria_playbooks.engine.halt import Halt
from choria_playbooks.engine.lock_keeper import LockKeeper
from choria_playbooks.engine.masking import Masking
from choria_playbooks.engine.promises import error_words
from choria_playbooks.engine.request import RunRequest
from choria_playbooks.engine.teller import Teller


class Session:
    """One run, with all books that it calls.

    Args:
        request: what is run, and how.
        bench: what plugins are lent.
        teller: tells what happens.

    Attributes:
        request, bench, teller: as given.
        halt: whether it must end before its time.
        keeper: has its locks.
        choice: which steps are done.
        confirm: asks the operator before each task; None where nobody is asked any more.

    Raises:
        UsageError: as for :class:`Choice`.
    """

    def __init__(self, request: RunRequest, *, bench: Workbench, teller: Teller) -> None:
        self.request = request
        self.bench = bench
        self.teller = teller
        self.halt = Halt()
        bench.on_warning = partial(teller.line, Level.WARN, "stores")
        teller.on_failure = lambda error: self.halt.stop(str(error))
        self.keeper = LockKeeper(halt=self.halt, teller=teller, holder=self._holder)
        self.choice = Choice(request)
        self.confirm = request.confirm
        self._tasks: dict[str, Task] = {}

    @property
    def masking(self) -> Masking:
        """Knows the secrets."""
        return self.teller.masking

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing is done."""
        return self.request.check

    def task(self, kind: str) -> Task:
        """The object that does tasks of a kind.

        Raises:
            PluginError: it cannot be loaded, or made.
        """
        found = self._tasks.get(kind)
        if found is None:
            found = self._tasks[kind] = _make(self.bench.plugins.tasks(), kind, "task")
        return found

    def node_set(self, kind: str) -> NodeSet:
        """A new object for one set of nodes; PluginError as for tasks."""
        made: NodeSet = _make(self.bench.plugins.node_sets(), kind, "node set")
        return made

    def store_class(self, kind: str) -> type[DataStore]:
        """The class of stores of a kind; PluginError as for tasks."""
        found: type[DataStore] = _load(self.bench.plugins.data_stores(), kind, "data store")
        return found

    def _holder(self) -> LockHolder:
        return LockHolder(
            name=self.request.caller,
            book=self.request.book.metadata.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            time=time.time(),
        )


def _make(offers: Mapping[str, Offered[Any]], kind: str, what: str) -> Any:
    """An object of a class that is made without arguments."""
    loaded = _load(offers, kind, what)
    try:
        return loaded()
    except ChoriaError:
        raise
    except Exception as error:  # whatever a foreign class raises
        problem = f"cannot make its {what} {kind}: {error_words(error)}"
        raise PluginError(offers[kind].plugin, problem) from error


def _load(offers: Mapping[str, Offered[Any]], kind: str, what: str) -> Any:
    if kind not in offers:
        raise ConfigError(f"no plugin offers the {what} {kind}; see choria plugin list")
    return offers[kind].load()


def read_options(record: type, node: MapNode, key: str, *, unfilled: int | None = None) -> Any:
    """The options of a task, store or node set.

    Args:
        record: the class of the options.
        node: as the book has them, filled in.
        key: where they stand in the book.
        unfilled: the dialect of the book where markers may be left, which are known later; None
            where what looks like a marker came from a value, and is none.

    Returns:
        The options; None where some are known later.

    Raises:
        InvalidConfigError: they are wrong; all that is wrong is named.
    """
    is_later = None if unfilled is None else partial(is_marked, dialect=unfilled)
    reader = RecordReader(record, unknown="warn", is_later=is_later)
    found = reader.record(record, node, key, node.location)
    if found is BROKEN:
        raise InvalidConfigError(reader.problems)
    return None if found is LATER else found


def refuse_exposed(options: Any, masking: Masking) -> None:
    """Make certain that no secret gets where others on the machine can read it.

    Raises:
        ConfigError: one would.
    """
    record: type = type(options)
    for item in fields_of(record):
        if item.setting.exposed and masking.hides(_plain(getattr(options, item.name))):
            raise ConfigError(
                f"{item.key} holds a secret, which lists of processes would show; pass it by "
                "environment, or on standard input"
            )


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
