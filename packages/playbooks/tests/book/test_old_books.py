"""Books without a schema: what release 0.6.0 took, and what is taken with a warning."""

from collections.abc import Callable
from pathlib import Path

import pytest

from choria_core.config.yaml_nodes import plain
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import ABSENT, LEGACY, Hook, InputType, TaskSpec
from choria_playbooks.book.parsing import ReadBook
from choria_playbooks.book.reading import read_book

Lines = Callable[[str], list[str]]
Parse = Callable[[str], ReadBook]

_BOOKS = Path(__file__).parent.parent / "books"


def test_the_book_of_two_clusters_is_read_without_a_warning(kinds: Kinds) -> None:
    read = read_book(_BOOKS / "two_clusters.yaml", kinds)
    book = read.book

    assert read.warnings == ()
    assert book.schema == LEGACY
    assert [lock.path for lock in book.locks] == ["pb_data/choria/locks/playbook/deploy_clusters"]
    cluster = book.inputs["cluster"]
    assert (cluster.type, cluster.default, cluster.data) == (
        InputType.STRING,
        "alpha",
        "pb_data/choria/kv/cluster",
    )
    assert [step.id for step in book.tasks] == ["tasks[0]", "tasks[1]", "tasks[2]"]
    (delete,) = book.hooks[Hook.PRE_BOOK]
    assert isinstance(delete, TaskSpec)
    assert delete.type == "data"
    assert plain(delete.options) == {"action": "delete", "key": "pb_data/choria/kv/cluster"}


def test_unknown_keys_at_the_top_fail_with_a_suggestion(problems: Lines) -> None:
    assert problems("taks: []\ndata_sources: {}\n") == [
        "1:1: taks: is not known; did you mean tasks?",
        "2:1: data_sources: is not known; did you mean data_stores?",
    ]


def test_unknown_hooks_fail(problems: Lines) -> None:
    text = "hooks:\n  on_succes: []\n  tasks: []\n"
    assert problems(text) == [
        "2:3: hooks.on_succes: is no hook; did you mean on_success?",
        "3:3: hooks.tasks: is no hook; did you mean pre_task?",
    ]


def test_all_that_is_missing_is_named_at_once(kinds: Kinds, tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("tasks: []\n")
    with pytest.raises(Exception, match="name: is required but missing") as caught:
        read_book(file, kinds)
    assert all(f"{key}: is required" in str(caught.value) for key in ("version", "author"))


def test_unknown_keys_deeper_in_the_book_are_warned_of(warnings: Lines) -> None:
    text = "tasks:\n  - shell:\n      command: ls\n      cwdd: /tmp\n"
    assert warnings(text) == ["4:7: tasks[0].shell.cwdd: is not known; did you mean cwd?"]


def test_an_unknown_key_beside_a_missing_one_is_told_with_it(problems: Lines) -> None:
    text = "tasks:\n  - shell:\n      comand: ls\n"
    assert problems(text) == [
        "2:5: tasks[0].shell.command: is required but missing; add it: what is run",
        "3:7: tasks[0].shell.comand: is not known; did you mean command?",
    ]


def test_a_misspelt_word_of_all_tasks_is_suggested_too(warnings: Lines) -> None:
    text = "tasks:\n  - shell: {command: ls, trys: 2}\n"
    assert warnings(text) == ["2:26: tasks[0].shell.trys: is not known; did you mean tries?"]


def test_keys_without_a_value_fail(problems: Lines) -> None:
    assert problems("hooks:\nlocks:\n") == [
        "1:1: hooks: has no value; write hooks: {}, or remove it",
        "2:1: locks: has no value; write locks: [], or remove it",
    ]


def test_a_hook_without_tasks_is_empty(warnings: Lines, parse: Parse) -> None:
    text = "hooks:\n  on_success:\n"
    assert parse(text).book.hooks == {}
    assert warnings(text) == ["2:3: hooks.on_success: has no tasks; remove it, or write []"]


def test_several_kinds_in_one_item_are_tasks_in_their_order(parse: Parse, warnings: Lines) -> None:
    text = (
        "data_stores: {a: {type: memory}}\n"
        "tasks:\n  - shell: {command: ls}\n    data: {action: delete, key: a/b}\n"
    )
    assert [
        (step.id, step.type) for step in parse(text).book.tasks if isinstance(step, TaskSpec)
    ] == [
        ("tasks[0].shell", "shell"),
        ("tasks[0].data", "data"),
    ]
    assert "holds several steps: shell, data" in warnings(text)[0]


def test_symbols_as_keys_of_properties_are_texts(parse: Parse) -> None:
    text = (
        "tasks:\n  - mcollective:\n      action: a.b\n      nodes: [n]\n      properties:\n"
        "        :message: hi\n        plain: [{:deep: 1}]\n"
    )
    (step,) = parse(text).book.tasks
    assert isinstance(step, TaskSpec)
    properties = step.options.get("properties")
    assert properties is not None
    assert plain(properties) == {"message": "hi", "plain": [{"deep": 1}]}


def test_a_free_run_as_is_warned_of(kinds: Kinds, tmp_path: Path) -> None:
    file = tmp_path / "old.yaml"
    file.write_text("name: a\nversion: 1.0\nauthor: b\ndescription: c\nrun_as: deployer.bob\n")
    read = read_book(file, kinds)
    assert read.book.metadata.version == "1.0"
    assert read.book.metadata.run_as == "deployer.bob"
    assert "write choria=deployer" in str(read.warnings[0])


def test_a_limit_of_none_means_all_nodes(parse: Parse, warnings: Lines) -> None:
    text = "nodes:\n  web: {type: mcollective, limit: 0}\n"
    assert parse(text).book.nodes["web"].limit is None
    assert "which means all nodes in old books" in warnings(text)[0]


def test_texts_in_brackets_that_begin_with_a_colon_are_warned_of(
    parse: Parse, warnings: Lines
) -> None:
    text = "inputs:\n  a: {type: String, validation: :shellsafe}\n"
    assert parse(text).book.inputs["a"].validation == ":shellsafe"
    assert "put it in quotes" in warnings(text)[0]


def test_asserts_of_the_first_releases_are_taken(parse: Parse, warnings: Lines) -> None:
    text = (
        "tasks:\n  - mcollective_assert:\n      action: puppet.status\n      nodes: [a]\n"
        "      expression: [:idling, ==, true]\n"
    )
    (step,) = parse(text).book.tasks
    assert step.control.pre_sleep_seconds == 10.0
    assert "went away in release 0.4.0; write a mcollective task with assert:" in warnings(text)[0]


def test_bolt_is_refused_with_the_way_out(problems: Lines) -> None:
    (problem,) = problems("tasks:\n  - bolt: {task: x}\n")
    assert "bolt tasks came with release 0.3.0" in problem
    assert "in a shell task" in problem


def test_kinds_that_nobody_has_are_refused_with_a_suggestion(problems: Lines) -> None:
    text = (
        "data_stores:\n  a: {type: consol}\nnodes:\n  b: {type: choira}\n"
        "tasks:\n  - shel: {command: ls}\n"
    )
    assert problems(text) == [
        "2:13: data_stores.a.type: consol is no type that is installed; did you mean consul?",
        "4:13: nodes.b.type: choira is no type that is installed; did you mean choria?",
        "6:5: tasks[0].shel: shel is no kind of task; did you mean shell?",
    ]


def test_kinds_of_stores_and_nodes_are_told_in_any_case(parse: Parse) -> None:
    book = parse("data_stores:\n  a: {type: Memory}\nnodes:\n  b: {type: MCollective}\n").book
    assert book.data_stores["a"].type == "memory"
    assert book.nodes["b"].type == "mcollective"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("task_lists: {}\n", "task_lists"),
        ("tasks:\n  - block: []\n", "tasks[0].block"),
        ("tasks:\n  - shell: {command: ls, when: inputs.a}\n", "tasks[0].shell.when"),
        ("tasks:\n  - shell: {command: ls, loop: [a]}\n", "tasks[0].shell.loop"),
        ("tasks:\n  - shell: {command: ls, register: a}\n", "tasks[0].shell.register"),
        ("tasks:\n  - shell: {command: ls, lock: a/b}\n", "tasks[0].shell.lock"),
        ("nodes:\n  a: {type: choria, empty_ok: true}\n", "nodes.a.empty_ok"),
        ("inputs:\n  a: {type: secret}\n", "inputs.a.type"),
        ("inputs:\n  a: {type: String, environment: A}\n", "inputs.a.environment"),
    ],
)
def test_what_is_new_needs_a_schema(problems: Lines, text: str, key: str) -> None:
    (problem,) = problems(text)
    assert f"{key}: needs schema: 1; write schema: 1 at the top" in problem


def test_locks_need_a_store_of_the_book_that_has_locks(problems: Lines) -> None:
    text = (
        "data_stores:\n  kept: {type: file, file: a, format: json}\n  quick: {type: memory}\n"
        "locks: [quikc, kept/x, quick/a, '{{ inputs.a }}']\ninputs: {a: {type: String}}\n"
    )
    assert problems(text) == [
        "4:9: locks[0]: the book has no data store quikc; did you mean quick?",
        (
            "4:16: locks[1]: the data store kept is of type file, which has no locks; "
            "use a store of type consul or memory"
        ),
        (
            "4:33: locks[3]: takes no template: locks are taken before there are values; "
            "write the path itself"
        ),
    ]


def test_an_input_read_from_a_store_that_is_not_there_keeps_its_default(
    warnings: Lines, problems: Lines
) -> None:
    with_default = "inputs:\n  a: {type: String, data: kv/x, default: b}\n"
    without = "inputs:\n  a: {type: String, data: kv/x}\n"
    wanted = "the book has no data store kv; describe it under data_stores"
    assert wanted in warnings(with_default)[0]
    assert wanted in problems(without)[0]


def test_a_null_default_is_a_default(parse: Parse) -> None:
    book = parse("inputs:\n  a: {type: String, default: ~}\n  b: {type: String}\n").book
    assert book.inputs["a"].default is None
    assert book.inputs["b"].default is ABSENT


def test_words_of_all_tasks_take_no_templates(problems: Lines) -> None:
    text = (
        "inputs: {n: {type: Integer}}\ntasks:\n  - shell: {command: ls, tries: '{{ inputs.n }}'}\n"
    )
    assert problems(text) == [
        "3:33: tasks[0].shell.tries: takes no template; write the value itself"
    ]


def test_values_with_templates_are_judged_when_they_are_known(problems: Lines) -> None:
    text = (
        "inputs: {n: {type: Integer}}\ntasks:\n"
        "  - mcollective: {action: a.b, nodes: '{{ inputs.n }}', silent: maybe}\n"
    )
    assert problems(text) == [
        (
            '3:65: tasks[0].mcollective.silent: must be true or false, not the text "maybe"; '
            "write true or false"
        )
    ]


def test_common_words_of_node_sets_may_hold_templates(parse: Parse) -> None:
    text = "inputs: {n: {type: Integer}}\nnodes: {a: {type: choria, limit: '{{ inputs.n }}'}}\n"
    spec = parse(text).book.nodes["a"]
    assert spec.unfilled is not None
    assert [entry.key for entry in spec.unfilled.entries] == ["limit"]


def test_other_schemas_are_refused(problems: Lines) -> None:
    (problem,) = problems("schema: 2\n")
    assert "2 is no schema that is known here" in problem


def test_merged_keys_and_macros_work(parse: Parse) -> None:
    text = (
        "macros:\n  - &quiet\n    fail_ok: yes\n    tries: 3\ntasks:\n  - shell:\n"
        "      <<: *quiet\n      command: ls\n"
    )
    (step,) = parse(text).book.tasks
    assert step.control.fail_ok
    assert step.control.tries == 3
