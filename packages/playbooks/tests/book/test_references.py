"""What templates and conditions ask for must be there, and no secret where others can read it."""

from collections.abc import Callable

import pytest

Lines = Callable[[str], list[str]]

_INPUTS = "inputs: {cluster: {type: String}}\nnodes: {web: {type: choria}}\n"


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ("inputs.clustr", "there is no input clustr; did you mean cluster?"),
        ("input.x", "there is no input x"),
        ("nodes.wbe", "there is no node set wbe; did you mean web?"),
        ("metadata.nam", "there is no metadata nam; did you mean name?"),
    ],
)
@pytest.mark.parametrize("schema", ["", "schema: 1\n"])
def test_names_that_nobody_has_are_refused_where_they_stand(
    problems: Lines, marker: str, problem: str, schema: str
) -> None:
    text = f"{schema}{_INPUTS}tasks:\n  - shell:\n      command: 'ls {{{{{{ {marker} }}}}}}'\n"
    (found,) = problems(text)
    assert problem in found
    assert found.startswith(f"{text.count(chr(10))}:16: ")


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("command: '{{ registered.x.msg }}'", "there is no registered step x"),
        ("command: '{{ registered.done.mgs }}'", "has no mgs; did you mean msg?"),
        ("command: '{{ arguments.x }}'", "stands outside of any named list"),
        ("command: '{{ item }}'", "stands outside of any loop"),
        ("command: '{{ batch }}'", "stands outside of any batch of nodes"),
        ("command: '{{ lock.token }}'", "stands where no lock is held"),
        ("command: ls, description: '{{ inputs.x }}'", "there is no input x"),
        ("command: ls, loop: ['{{ item }}']", "stands outside of any loop"),
        ("command: ls, when: inputs.x", "there is no input x"),
        ("command: ls, when: inputs", "write inputs.NAME"),
        ("command: ls, when: previous_task.sucess", "did you mean success?"),
        ("command: ls, when: registered.x.success", "there is no registered step x"),
        ("command: ls, when: item = 1", "stands outside of any loop"),
        ("command: ls, lock: 'm/{{ inputs.x }}'", "there is no input x"),
    ],
)
def test_strict_books_ask_for_what_is_there(problems: Lines, where: str, problem: str) -> None:
    text = (
        f"schema: 1\n{_INPUTS}data_stores: {{m: {{type: memory}}}}\ntasks:\n"
        f"  - shell: {{command: ls, register: done}}\n  - shell: {{{where}}}\n"
    )
    (found,) = problems(text)
    assert problem in found


def test_old_books_leave_new_forms_as_text(problems: Lines) -> None:
    text = "tasks:\n  - shell: {command: 'a {{ item }} {{ registered.x.y }} {{ .Names }}'}\n"
    assert problems(text) == []


def test_what_comes_before_the_tasks_can_ask_for_inputs_alone(problems: Lines) -> None:
    text = (
        "inputs:\n  a: {type: String}\n  b: {dynamic: true, data: kv/b, type: String}\n"
        "uses:\n  puppet: '{{ nodes.web }}'\n"
        "data_stores:\n  kv: {type: memory}\n"
        "  f: {type: file, file: '{{ inputs.b }}', format: json}\n"
        "nodes:\n  web: {type: choria, classes: ['{{ nodes.web }}', '{{ inputs.a }}']}\n"
    )
    found = problems(text)
    assert [line.partition(": ")[0] for line in found] == ["5:11", "8:25", "10:33"]
    assert "not known when agents are looked at" in found[0]
    assert "read from a store, which is not open yet" in found[1]
    assert "not known when nodes are looked for" in found[2]


def test_loops_batches_arguments_and_locks_give_what_they_promise(problems: Lines) -> None:
    text = (
        "schema: 1\n" + _INPUTS + "data_stores: {m: {type: memory}}\n"
        "task_lists:\n  a:\n    arguments: {x: {type: String}}\n    tasks:\n"
        "      - shell: {command: '{{ arguments.x }} {{ lock.token }}'}\n"
        "tasks:\n"
        "  - block:\n      nodes: '{{ nodes.web }}'\n      loop: [1, 2]\n      lock: m/a\n"
        "      tasks:\n        - shell: {command: '{{ item }} {{ batch }} {{ lock.token }}'}\n"
    )
    assert problems(text) == []


@pytest.mark.parametrize(
    "tasks",
    [
        "tasks:\n  - shell: {command: 'login {{ inputs.pass }}'}\n",
        "tasks:\n  - shell: {command: [login, '{{ inputs.pass }}']}\n",
        "tasks:\n  - shell: {command: 'login {{ item }}', loop: [a, '{{ inputs.pass }}']}\n",
        (
            "tasks:\n  - block:\n      loop: ['{{ inputs.pass }}']\n      tasks:\n"
            "        - shell: {command: 'x {{ item }}'}\n"
        ),
        (
            "task_lists:\n  a: {arguments: {x: {type: String}}, tasks: ["
            "{shell: {command: 'x {{ arguments.x }}'}}]}\n"
            "tasks:\n  - tasks: {list: a, arguments: {x: 'p={{ inputs.pass }}'}}\n"
        ),
        (
            "task_lists:\n  a: {arguments: {x: {}}, tasks: ["
            "{shell: {command: 'x {{ arguments.x }}'}}]}\n"
            "  b: {arguments: {y: {}}, tasks: ["
            "{tasks: {list: a, arguments: {x: '{{ arguments.y }}'}}}]}\n"
            "tasks:\n  - tasks: {list: b, arguments: {y: '{{ inputs.pass }}'}}\n"
        ),
        "nodes: {a: {type: shell, script: 'list {{ inputs.pass }}'}}\n",
    ],
)
def test_a_secret_in_a_command_is_refused(problems: Lines, tasks: str) -> None:
    (found,) = problems(f"schema: 1\ninputs: {{pass: {{type: Secret, environment: P}}}}\n{tasks}")
    assert "is a secret, and others on the machine can see" in found
    assert "pass it by environment, or on standard input" in found


def test_a_secret_in_the_environment_of_a_command_is_fine(problems: Lines) -> None:
    text = (
        "schema: 1\ninputs: {pass: {type: Secret, environment: P}}\n"
        "tasks:\n  - shell: {command: login, environment: {P: '{{ inputs.pass }}'}}\n"
    )
    assert problems(text) == []


def test_no_lock_is_taken_where_data_is_kept(problems: Lines) -> None:
    text = (
        "inputs: {a: {type: String, data: m/a}}\ndata_stores: {m: {type: memory}}\n"
        "locks: [m/a, m/b, m/c]\ntasks:\n  - data: {action: write, key: m/b, value: 1}\n"
    )
    assert problems(text) == [
        "3:9: locks: m/a holds data, which a lock there would erase; lock another key",
        "3:14: locks: m/b holds data, which a lock there would erase; lock another key",
    ]


def test_conditions_and_descriptions_are_named_where_they_stand(problems: Lines) -> None:
    text = (
        "schema: 1\ntasks:\n  - shell:\n      command: ls\n      when: inputs.a\n"
        "      description: '{{ inputs.b }}'\n  - playbook: '{{ inputs.c }}'\n"
    )
    assert [line.partition(": ")[0] for line in problems(text)] == ["5:13", "6:20", "7:15"]


def test_data_is_kept_in_stores_of_the_book(problems: Lines) -> None:
    text = (
        "data_stores: {quick: {type: memory}}\ntasks:\n"
        "  - data: {action: write, key: quikc/a, value: 1}\n"
        "  - data: {action: write, key: quick, value: 1}\n"
    )
    assert problems(text) == [
        "3:32: tasks[0].key: the book has no data store quikc; did you mean quick?",
        "4:32: tasks[1].key: quick is no path into a data store; write store/key",
    ]
