"""What a book may say of its parts, beside what their kinds take.  Pure."""

from dataclasses import dataclass
from typing import Annotated

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS
from choria_playbooks.book.model import Share
from choria_playbooks.book.shares import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class InputWords:
    """Of an input."""

    description: Annotated[str, Setting("what it is for, told by --help")] = ""
    type: Annotated[str, Setting("what it takes: String, Integer, Boolean, Array …")] = ""
    required: Annotated[bool, Setting("a run without a value ends before it begins")] = True
    validation: Annotated[str, Setting("a validator (:shellsafe), or a pattern (/^a/)")] = ""
    default: Annotated[object, Setting("its value where there is no other")] = None
    data: Annotated[str, Setting("where it is read when it is not given: store/key")] = ""
    dynamic: Annotated[bool, Setting("it cannot be given, only read")] = False
    save: Annotated[bool, Setting("a value that is given is written to data")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictInputWords(InputWords):
    """Of an input in ``schema: 1``."""

    environment: Annotated[str, Setting("variable that a secret is read from")] = ""
    file: Annotated[str, Setting("file that a secret is read from")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreWords:
    """Of a data store."""

    type: Annotated[str, Setting("kind of the store")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSetWords:
    """Of a node set."""

    type: Annotated[str, Setting("kind of the set")] = ""
    at_least: Annotated[int, Setting("fewer nodes end the run", minimum=0)] = 1
    when_empty: Annotated[str, Setting("what is said when there are no nodes")] = ""
    limit: Annotated[Share | None, Setting("no more nodes than these", grammar=SHARE)] = None
    test: Annotated[bool, Setting("all must answer before anything is done")] = False
    uses: Annotated[tuple[str, ...], Setting("agents that all of them must have")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictNodeSetWords(NodeSetWords):
    """Of a node set in ``schema: 1``."""

    empty_ok: Annotated[bool, Setting("no nodes at all are fine")] = False
    random: Annotated[bool, Setting("the limit chooses by chance")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """Of a task."""

    description: Annotated[str, Setting("for people; takes templates")] = ""
    tries: Annotated[int, Setting("at most so many", minimum=1)] = 1
    try_sleep: Annotated[float, Setting("time between two tries", grammar=SECONDS, minimum=0)] = (
        10.0
    )
    pre_sleep: Annotated[
        float, Setting("time before the first try", grammar=SECONDS, minimum=0)
    ] = 0.0
    fail_ok: Annotated[bool, Setting("a failure counts as success")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """Of any step in ``schema: 1``."""

    description: Annotated[str, Setting("for people; takes templates")] = ""
    fail_ok: Annotated[bool, Setting("a failure counts as success")] = False
    when: Annotated[str, Setting("a condition: it is left out unless this holds")] = ""
    loop: Annotated[object, Setting("it is done for each item of this list")] = None
    register: Annotated[str, Setting("name for what came of it")] = ""
    tags: Annotated[tuple[str, ...], Setting("words that choose it")] = ()
    lock: Annotated[object, Setting("held while it runs: store/key, or path and timeout")] = None
    no_log: Annotated[bool, Setting("nothing of it is shown or reported")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictTaskWords(StepWords):
    """Of a task in ``schema: 1``."""

    tries: Annotated[int, Setting("at most so many", minimum=1)] = 1
    try_sleep: Annotated[float, Setting("time between two tries", grammar=SECONDS, minimum=0)] = (
        10.0
    )
    backoff: Annotated[float, Setting("try_sleep grows by this after each", minimum=1)] = 1.0
    max_try_sleep: Annotated[
        float, Setting("try_sleep never grows beyond", grammar=SECONDS, minimum=0)
    ] = 300.0
    pre_sleep: Annotated[
        float, Setting("time before the first try", grammar=SECONDS, minimum=0)
    ] = 0.0
    timeout: Annotated[float | None, Setting("of each try", grammar=SECONDS, minimum=0.001)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySideWords(StepWords):
    """Of ``parallel``."""

    tasks: Annotated[object, Setting("steps that run side by side")]
    rescue: Annotated[object, Setting("steps for when one of them fails")] = None
    always: Annotated[object, Setting("steps for the end, whatever happened")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWords(SideBySideWords):
    """Of ``block``."""

    nodes: Annotated[object, Setting("nodes that are done batch by batch")] = None
    serial: Annotated[
        tuple[Share, ...], Setting("sizes of batches; the last repeats", grammar=SHARE)
    ] = ()
    max_fail: Annotated[
        Share | None, Setting("nodes that may fail, of all batches", grammar=SHARE)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallWords(StepWords):
    """Of ``tasks``, the call of a named list."""

    list: Annotated[str, Setting("name of the list, under task_lists")]
    arguments: Annotated[object, Setting("values of its arguments, by name")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCallWords(StepWords):
    """Of ``playbook``, the run of another book."""

    file: Annotated[str, Setting("the book, beside the one that calls it")]
    inputs: Annotated[object, Setting("values of its inputs, by name")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWords:
    """Of a lock."""

    path: Annotated[str, Setting("store/key; a store alone locks this book")]
    timeout: Annotated[
        float | None, Setting("how long to wait for it", grammar=SECONDS, minimum=0)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWords:
    """Of a named list of tasks."""

    tasks: Annotated[object, Setting("its steps")]
    arguments: Annotated[object, Setting("what it takes, as inputs are written")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentWords:
    """Of an argument of a named list."""

    description: Annotated[str, Setting("what it is for")] = ""
    type: Annotated[str, Setting("what it takes, as of inputs")] = ""
    required: Annotated[bool, Setting("each call must give it")] = True
    validation: Annotated[str, Setting("a validator, or a pattern")] = ""
    default: Annotated[object, Setting("its value where a call gives none")] = None
