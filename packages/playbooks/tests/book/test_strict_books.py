"""Books of schema 1: everything they can say, and what they may not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, ScalarNode, plain
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import (
    LEGACY,
    STRICT,
    BlockSpec,
    BookCall,
    Control,
    Hook,
    InputType,
    ListCall,
    Share,
    TaskSpec,
)
from choria_playbooks.book.parsing import ReadBook
from choria_playbooks.book.reading import read_book
from choria_playbooks.book.reading_places import complete_node_set

Lines = Callable[[str], list[str]]
Parse = Callable[[str], ReadBook]

_EVERYTHING = Path(__file__).parent.parent / "books" / "everything.yaml"


@pytest.fixture
def everything(kinds: Kinds) -> ReadBook:
    """The book in which everything stands."""
    return read_book(_EVERYTHING, kinds)


def test_a_book_with_everything_is_read_without_a_warning(everything: ReadBook) -> None:
    assert everything.warnings == ()
    assert everything.book.schema == STRICT
    assert [step.id for step in everything.book.tasks] == [f"tasks[{i}]" for i in range(7)]


def test_inputs_and_node_sets_are_as_written(everything: ReadBook) -> None:
    book = everything.book
    token = book.inputs["token"]
    assert (token.type, token.environment) == (InputType.SECRET, "CHAT_TOKEN")
    assert book.inputs["flag"].type is InputType.ANY
    web, canary = book.nodes["web"], book.nodes["canary"]
    assert (web.limit, web.random, web.test) == (Share(percent=50), True, True)
    assert web.uses == ("puppet", "service")
    assert canary.empty_ok
    assert canary.unfilled is not None


def test_locks_tell_how_long_to_wait(everything: ReadBook) -> None:
    book_lock, web_lock = everything.book.locks
    assert (book_lock.path, book_lock.timeout_seconds) == (
        "kv/choria/locks/playbook/release_web",
        None,
    )
    assert (web_lock.path, web_lock.timeout_seconds) == ("kv/locks/web", 300.0)


def test_words_of_all_tasks_are_told_from_those_of_a_kind(everything: ReadBook) -> None:
    check, canary, drain = everything.book.tasks[:3]
    assert isinstance(check, TaskSpec)
    assert check.control.register == "release"
    assert check.control.tags == ("check",)
    assert check.control.timeout_seconds is None
    assert [entry.key for entry in check.options.entries] == ["command", "cwd", "timeout"]
    assert canary.control.when is not None
    assert canary.control.lock is not None
    assert canary.control.lock.key == "locks/{{ metadata.name }}"
    assert isinstance(drain.control.loop, ScalarNode)
    restart = everything.book.task_lists["restart"].steps[0]
    assert restart.control == Control(
        description="Restart {{ arguments.service }}",
        tries=5,
        try_sleep_seconds=2.0,
        backoff=2.0,
        most_try_sleep_seconds=60.0,
        timeout_seconds=120.0,
    )


def test_blocks_hold_steps_with_ids_of_their_own(everything: ReadBook) -> None:
    block, parallel = everything.book.tasks[3:5]
    assert isinstance(block, BlockSpec)
    assert block.serial == (Share(count=1), Share(percent=10), Share(percent=50))
    assert block.max_fail == Share(percent=5)
    call, puppet = block.steps
    assert (call.id, puppet.id) == ("tasks[3].tasks[0]", "tasks[3].tasks[1]")
    assert [step.id for step in (*block.rescue, *block.always)] == [
        "tasks[3].rescue[0]",
        "tasks[3].always[0]",
    ]
    assert isinstance(call, ListCall)
    assert call.name == "restart"
    assert isinstance(parallel, BlockSpec)
    assert parallel.parallel
    assert isinstance(parallel.steps[1], BlockSpec)
    assert parallel.steps[1].steps[0].id == "tasks[4].tasks[1].tasks[0]"


def test_books_and_lists_are_called_in_long_and_short(everything: ReadBook) -> None:
    book = everything.book
    audit, goodbye = book.tasks[5:]
    assert isinstance(audit, BookCall)
    assert isinstance(goodbye, BookCall)
    assert (audit.file, goodbye.file) == ("audit.yaml", "goodbye.yaml")
    assert plain(audit.inputs) == {"release": "{{ inputs.release }}", "nodes": "{{ nodes.web }}"}
    (announce,) = book.hooks[Hook.POST_BOOK]
    assert isinstance(announce, ListCall)
    assert announce.name == "announce"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tasks:\n  - shell: {command: ls, cwdd: /}\n", "cwdd: is not known; did you mean cwd?"),
        ("tasks:\n  - shell: {command: ls}\n    data: {}\n", "holds several steps: shell, data"),
        ("inputs: {a: {type: String, validation: :shellsafe}}\n", "put it in quotes"),
        ("inputs: {a: {}}\n", "has no type, so it takes anything; write type: String"),
        ("inputs: {a: {type: Integer, default: ten}}\n", "must be a whole number"),
        (
            "inputs: {a: {type: String, validation: ':shellsafe', default: a;b}}\n",
            "the rule is :shellsafe",
        ),
        ("inputs: {'a b': {type: String}}\n", "is no name that a template or a path can hold"),
        ("inputs: {a: {type: String, file: x}}\n", "is for inputs of type Secret"),
        ("inputs: {a: {type: Secret, default: x}}\n", "a secret stands in the book"),
        ("inputs: {a: {type: String, save: true}}\n", "save does nothing without data"),
        ("inputs: {a: {type: Strnig}}\n", "Strnig is no type of inputs; did you mean String?"),
        ("inputs: {a: {type: String, validation: ':shellsave'}}\n", "shellsafe"),
        ("nodes: {a: {type: choria, limit: 0}}\n", "write at least 1"),
        ("nodes: {a: {type: choria, limit: 200%}}\n", "must be at most 100%"),
        ("nodes: {a: {type: Choria}}\n", "did you mean choria?"),
        ("nodes: {a: {type: choria, uses: [puppet]}}\n", "says nothing of the agent puppet"),
        ("on_fail: continue\n", "continue does nothing"),
        ("hooks: {on_success: }\n", "has no tasks"),
        ("run_as: deployer.bob\n", "is given twice, first on line 5"),
        ("tasks: [shell]\n", 'must be a task by the name of its kind, not the text "shell"'),
        ("tasks:\n  - shell: ls\n", "must be a block of words"),
        ("tasks:\n  - mcollective_assert: {}\n", "went away in release 0.4.0"),
        ("tasks:\n  - shell: {command: ls, when: 'inputs.'}\n", "is no condition"),
        ("tasks:\n  - shell: {command: ls, when: '{{ inputs.a }} = 1'}\n", "without braces"),
        ("tasks:\n  - shell: {command: ls, loop: many}\n", "must be a list or a template of one"),
        ("tasks:\n  - shell: {command: ls, register: 'a b'}\n", "is no name that a template can"),
        ("tasks:\n  - shell: {command: ls, backoff: 0.5}\n", "must be at least 1"),
        ("tasks:\n  - shell: {command: ls, tries: 0}\n", "must be at least 1"),
        ("tasks:\n  - shell: {command: ls, try_sleep: nan}\n", "must be a time, not nan"),
        ("tasks:\n  - block: {tasks: [], tries: 3}\n", "tries is for tasks"),
        ("tasks:\n  - block: {tasks: [], serial: 3}\n", "serial needs nodes"),
        ("tasks:\n  - block: {tasks: [], nodes: [a], serial: 0}\n", "a batch must hold a node"),
        ("tasks:\n  - block: {tasks: [], nodes: a}\n", "must be a list or a template of one"),
        ("tasks:\n  - block: {rescue: []}\n", "tasks: is required but missing"),
        ("tasks:\n  - parallel: {tasks: [], serial: 1}\n", "serial: is not known"),
        ("tasks:\n  - tasks: {lst: a}\n", "list: is required but missing"),
        (
            (
                "task_lists: {a: {arguments: {p: {type: Secret}}, tasks: []}}\n"
                "tasks: [{tasks: {list: a, arguments: {p: hunter2}}}]\n"
            ),
            "a secret stands in the book",
        ),
        ("tasks:\n  - tasks: nowhere\n", "there is no list nowhere"),
        ("tasks:\n  - shell: {command: ls, lock: kv/a}\n", "the book has no data store kv"),
        ("task_lists: {a: {tasks: [], args: {}}}\n", "args: is not known; did you mean arguments"),
        ("schema: true\n", "true is no schema that is known here"),
    ],
)
def test_strict_books_refuse(problems: Lines, text: str, problem: str) -> None:
    found = problems(f"schema: 1\n{text}")
    assert any(problem in line for line in found), found


def test_names_are_registered_once(problems: Lines) -> None:
    text = (
        "schema: 1\ntasks:\n  - shell: {command: a, register: x}\n"
        "  - shell: {command: b, register: x}\n"
    )
    assert problems(text) == [
        (
            "4:35: tasks[1].shell.register: another step registers x, on line 8; "
            "give one of them another name"
        )
    ]


def test_tags_of_a_kind_are_its_own(parse: Parse) -> None:
    text = "schema: 1\ntasks:\n  - graphite_event: {what: a, data: b, graphite: c, tags: [d]}\n"
    (step,) = parse(text).book.tasks
    assert isinstance(step, TaskSpec)
    assert step.control.tags == ()
    assert isinstance(step.options.get("tags"), ListNode)


def test_lists_are_called_with_what_they_take(problems: Lines) -> None:
    text = (
        "schema: 1\ntask_lists:\n  a:\n    arguments: {x: {}, y: {default: 1}}\n    tasks: []\n"
        "tasks:\n  - tasks: {list: a, arguments: {z: 1}}\n"
    )
    assert problems(text) == [
        "7:5: tasks[0].tasks.arguments: a needs the argument x; add it",
        "7:34: tasks[0].tasks.arguments: a takes no argument z; remove it",
    ]


def test_lists_that_call_themselves_are_refused(problems: Lines) -> None:
    text = (
        "schema: 1\ntask_lists:\n  a:\n    - tasks: b\n  b:\n    - block:\n        - tasks: a\n"
        "  c:\n    - tasks: c\n"
    )
    found = problems(text)
    assert len(found) == 2
    assert "a calls itself: a > b > a" in found[0]
    assert "c calls itself: c > c" in found[1]


def test_words_of_node_sets_are_completed_when_they_are_known(
    everything: ReadBook, parse: Parse
) -> None:
    canary = everything.book.nodes["canary"]
    (limit,) = canary.unfilled.entries if canary.unfilled else ()
    number = ScalarNode("3", "int", quoted=False, location=limit.value.location)
    filled = MapNode((Entry("limit", number, limit.location),), canary.location)

    whole = complete_node_set(canary, filled, STRICT)

    assert whole.limit == Share(count=3)
    assert (whole.empty_ok, whole.when_empty) == (True, "There is no canary today")
    word = ScalarNode("few", "text", quoted=False, location=limit.value.location)
    with pytest.raises(InvalidConfigError, match=r"everything.yaml:\d+:12: nodes.canary.limit"):
        complete_node_set(
            canary, MapNode((Entry("limit", word, limit.location),), canary.location), STRICT
        )
    old = parse("nodes: {a: {type: choria, limit: '{{ metadata.name }}'}}\n").book.nodes["a"]
    zero = MapNode((Entry("limit", replace(number, text="0"), limit.location),), old.location)
    assert complete_node_set(old, zero, LEGACY).limit is None


def test_arguments_that_are_known_must_fit(problems: Lines) -> None:
    text = (
        "schema: 1\ntask_lists:\n  a:\n    arguments: {n: {type: Integer}}\n    tasks: []\n"
        "tasks:\n  - tasks: {list: a, arguments: {n: many}}\n"
        "  - tasks: {list: a, arguments: {n: '{{ metadata.name }}'}}\n"
    )
    (found,) = problems(text)
    assert found.startswith("7:37: tasks[0].tasks.arguments.n: must be a whole number")
