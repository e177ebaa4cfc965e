"""A playbook that was read and checked, ready to be run.  Pure.

Parts that hold templates stay nodes of YAML until they are needed: then they are filled in and
read into records, with the file's lines still known.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import MapNode, Node
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.inputs.input import ABSENT, Absent, Input, InputType
from choria_playbooks.templates.dialect import LEGACY, STRICT

__all__ = (
    "ABSENT",
    "LEGACY",
    "STRICT",
    "Absent",
    "BlockSpec",
    "Book",
    "BookCall",
    "Control",
    "Hook",
    "Input",
    "InputType",
    "ListCall",
    "LockSpec",
    "Metadata",
    "NodeSetSpec",
    "Share",
    "Step",
    "StoreSpec",
    "TaskList",
    "TaskSpec",
)


class Hook(enum.StrEnum):
    """When a list of tasks runs."""

    PRE_BOOK = "pre_book"
    PRE_TASK = "pre_task"
    POST_TASK = "post_task"
    ON_SUCCESS = "on_success"
    ON_FAIL = "on_fail"
    POST_BOOK = "post_book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a book says of itself.

    Attributes:
        name, version, author, description: texts.
        tags: labels, that choose nothing.
        on_fail: ``fail``, the only thing that it ever did.
        loglevel: ``debug``, ``info``, ``warn``, ``error`` or ``fatal``.
        run_as: whom it asks to be run as; told, and never enforced.  Empty where absent.
    """

    name: str
    version: str
    author: str
    description: str
    tags: tuple[str, ...] = ()
    on_fail: str = "fail"
    loglevel: str = "info"
    run_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSpec:
    """A data store.

    Attributes:
        name, type: as books and plugins call it.
        options: everything else that was said, templates and all.
        location: of its name.
    """

    name: str
    type: str
    options: MapNode
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSpec:
    """A lock.

    Attributes:
        store, key: where it is; the key may hold templates in a task, never in ``locks``.
        timeout_seconds: how long to wait; None for what the store says.
        location: where it is asked for.
    """

    store: str
    key: str
    timeout_seconds: float | None = None
    location: Location

    @property
    def path(self) -> str:
        """As people write it."""
        return f"{self.store}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many nodes of a set.

    Attributes:
        count: so many; 0 where ``percent`` says it.
        percent: of the whole set.
    """

    count: int = 0
    percent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSetSpec:
    """A set of nodes.

    Attributes:
        name, type: as books and plugins call it.
        at_least: fewer end the run.
        when_empty: what is said when there are none; empty for the usual words.
        empty_ok: none is fine.
        limit: no more than these; None for all.
        random: those within the limit are chosen by chance, not the first.
        test: whether they must answer a ping before anything is done.
        uses: agents that all of them must have, in the versions of the book's ``uses``.
        options: what the kind of set takes, templates and all.
        unfilled: those of the words above that hold templates, None for none; they stand at
            their defaults until :func:`choria_playbooks.book.reading_places.complete_node_set`.
        location: of its name.
    """

    name: str
    type: str
    at_least: int = 1
    when_empty: str = ""
    empty_ok: bool = False
    limit: Share | None = None
    random: bool = False
    test: bool = False
    uses: tuple[str, ...] = ()
    options: MapNode
    unfilled: MapNode | None = None
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What all steps of a book can say beside their own words.

    Attributes:
        description: for people, templates and all; empty for the usual one.
        tries: at most so many.
        try_sleep_seconds: from one try to the next.
        backoff: what that time is multiplied by after each try.
        most_try_sleep_seconds: it never grows beyond.
        pre_sleep_seconds: before the first try.
        timeout_seconds: of each try; None for none.
        fail_ok: a failure after the last try counts as success.
        when: it is left out unless this holds; None for always.
        loop: it is done for each item of this, a list or a template of one; None for once.
        register: the name by which later steps know what came of it; empty for none.
        tags: that choose it; with those of the blocks around it.
        lock: held while it runs; None for none.
        no_log: nothing that it says or gives is shown or reported.
        places: where the values of these words stand, by word.
    """

    description: str = ""
    tries: int = 1
    try_sleep_seconds: float = 10.0
    backoff: float = 1.0
    most_try_sleep_seconds: float = 300.0
    pre_sleep_seconds: float = 0.0
    timeout_seconds: float | None = None
    fail_ok: bool = False
    when: Condition | None = None
    loop: Node | None = None
    register: str = ""
    tags: tuple[str, ...] = ()
    lock: LockSpec | None = None
    no_log: bool = False
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One thing to do.

    Attributes:
        id: where it stands, as ``tasks[2]``; unique in a book.
        type: the kind of task.
        control: what all steps can say.
        options: what the kind takes, templates and all.
        location: of the task.
    """

    id: str
    type: str
    control: Control = field(default_factory=Control)
    options: MapNode
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpec:
    """Steps that belong together; only in ``schema: 1``.

    Attributes:
        id: as of a task.
        parallel: they run side by side, each step a branch of its own.
        steps: what is done.
        rescue: what is done when one of them fails; its success is the block's.
        always: what is done in the end, whatever happened but a lost lock.
        nodes: the set over which ``serial`` runs, a list or a template of one; None for none.
        serial: sizes of the batches, the last one again and again; empty for all at once.
        max_fail: nodes that may fail, over all batches, before the block does; None for none.
        control: what all steps can say; ``tries`` and what belongs to it stay at their defaults.
        location: of the block.
    """

    id: str
    parallel: bool = False
    steps: "tuple[Step, ...]" = ()
    rescue: "tuple[Step, ...]" = ()
    always: "tuple[Step, ...]" = ()
    nodes: Node | None = None
    serial: tuple[Share, ...] = ()
    max_fail: Share | None = None
    control: Control = field(default_factory=Control)
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCall:
    """A named list of tasks is done with arguments; only in ``schema: 1``.

    Attributes:
        id: as of a task.
        name: of the list.
        arguments: values by name, templates and all; those that are missing are its defaults.
    """

    id: str
    name: str
    arguments: MapNode
    control: Control = field(default_factory=Control)
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCall:
    """Another book is run; only in ``schema: 1``.

    Attributes:
        id: as of a task.
        file: of the book, beside the one that calls it; may hold templates.
        inputs: values by name, templates and all.
    """

    id: str
    file: str
    inputs: MapNode
    control: Control = field(default_factory=Control)
    location: Location


Step = TaskSpec | BlockSpec | ListCall | BookCall


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """A named list of tasks.

    Attributes:
        name: by which it is called.
        arguments: what it takes, described as inputs are.
        steps: what is done.
    """

    name: str
    arguments: Mapping[str, Input]
    steps: tuple[Step, ...]
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A whole playbook.

    Attributes:
        file: as it was named.
        digest: SHA-256 of its text, in hexadecimal; a run is resumed with the same book only.
        schema: LEGACY or STRICT.
        metadata: what it says of itself.
        uses: agents and the versions that this machine and the nodes must have.
        inputs, data_stores, nodes, task_lists: by name, in the order of the file.
        locks: held while the book runs, taken in this order.
        tasks: what is done.
        hooks: what is done around it; those that are not there are empty.
    """

    file: str
    digest: str
    schema: int
    metadata: Metadata
    uses: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    data_stores: Mapping[str, StoreSpec] = field(default_factory=dict)
    locks: tuple[LockSpec, ...] = ()
    nodes: Mapping[str, NodeSetSpec] = field(default_factory=dict)
    tasks: tuple[Step, ...] = ()
    hooks: Mapping[Hook, tuple[Step, ...]] = field(default_factory=dict)
    task_lists: Mapping[str, TaskList] = field(default_factory=dict)
