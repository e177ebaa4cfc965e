"""Secrets are shown nowhere, and what shall not be logged is not."""

import base64
import json
from urllib.parse import quote, quote_plus

import msgspec
import pytest

from choria_playbooks.engine.events import NodeDone, NodesFound, StepEnded, TryEnded
from packages.playbooks.tests.engine.conftest import Lab, Ran

SECRET = "hunter22 &/\"'ü"
SHAPES = (
    SECRET,
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    base64.b64encode(SECRET.encode()).decode(),
)


def told(lab: Lab, ran: Ran) -> str:
    """All that anybody is told: events as they are, and as JSON, and the report."""
    texts = [repr(ran.events), msgspec.json.encode(ran.events).decode()]
    texts += [file.read_text(encoding="utf-8") for file in lab.folder.glob("*.yaml")]
    return "\n".join(texts)


STEPS = {
    "value": 'note: {value: "{{ inputs.key }}"}',
    "registered": 'note: {value: {a: ["x {{ inputs.key }}"]}, register: it}',
    "description": 'note: {description: "with {{ inputs.key }}"}',
    "message": 'note: {message: "it is {{ inputs.key }}"}',
    "output": 'note: {say: ["it is {{ inputs.key }}", "{{ inputs.key }}"]}',
    "warning": 'note: {warn: "it is {{ inputs.key }}"}',
    "results": 'note: {nodes: [a], value: ["{{ inputs.key }}"]}',
    "node names": 'note: {nodes: ["a-{{ inputs.key }}"]}',
    "errors of nodes": 'note: {nodes: ["a", "{{ inputs.key }}"], bad: ["{{ inputs.key }}"]}',
    "a failure": 'note: {fail: true, message: "no {{ inputs.key }}"}',
    "a foreign error": 'note: {crash: "by {{ inputs.key }}"}',
    "wrong options": 'note: {max_fail: "{{ inputs.key }}"}',
    "unknown options": "note: {value: '{{ previous_task.data.0 }}', when: inputs.key > 3}",
    "items": 'note: {loop: ["{{ inputs.key }}"], value: "{{ item }}"}',
    "no list": 'note: {loop: "{{ inputs.key }}"}',
    "keys of locks": 'note: {lock: "box/{{ inputs.key }}"}',
    "arguments": 'tasks: {list: show, arguments: {it: "{{ inputs.key }}"}}',
    "wrong arguments": 'tasks: {list: count, arguments: {it: "{{ inputs.key }}"}}',
    "batches": 'block: {nodes: ["{{ inputs.key }}"], tasks: [{note: {nodes: "{{ batch }}"}}]}',
    "paths of data": 'data: {action: write, key: "box/{{ inputs.key }}", value: 1}',
    "data": 'data: {action: write, key: box/it, value: {a: "{{ inputs.key }}"}}',
    "memory": 'data: {action: write, key: memory/it, value: {a: "{{ inputs.key }}"}}',
    "programs": 'shell: {command: "echo $KEY; false", environment: {KEY: "{{ inputs.key }}"}}',
    "other books": 'playbook: {file: child.yml, inputs: {key: "{{ inputs.key }}"}}',
    "files": 'playbook: {file: "{{ inputs.key }}.yml"}',
    "open inputs": 'playbook: {file: child.yml, inputs: {open: "{{ inputs.key }}", key: x}}',
    "json": f"note: {{say: ['{json.dumps(SECRET)[1:-1].replace(chr(39), 2 * chr(39))}']}}",
    "a url": f"note: {{say: ['{quote(SECRET, safe='')}', '{quote_plus(SECRET)}']}}",
    "base64": f"note: {{message: 'got {base64.b64encode(SECRET.encode()).decode()}'}}",
}


@pytest.mark.parametrize(
    ("source", "step"),
    [
        *(("given", step) for step in STEPS.values()),
        *((source, STEPS["output"]) for source in ("store", "environment")),
    ],
    ids=[*STEPS, "from a store", "from the environment"],
)
async def test_a_secret_is_in_nothing_that_is_told(lab: Lab, step: str, source: str) -> None:
    lab.book(
        "child.yml",
        """
        inputs: {key: {type: secret}, open: {type: String, required: false}}
        tasks: [{note: {value: "{{ inputs.key }}"}}]
        """,
    )
    kind = {
        "given": "type: secret",
        "store": "type: secret, data: box/key",
        "environment": "type: secret, environment: KEY",
    }[source]
    if source == "environment":
        lab.environment["KEY"] = SECRET
    lab.diary.kept["box"] = {"key": SECRET}
    ran = await lab.run(
        f"""
inputs: {{key: {{{kind}}}}}
data_stores: {{box: {{type: spy}}, memory: {{type: memory}}}}
task_lists:
  show:
    arguments: {{it: {{type: String}}}}
    tasks: [{{note: {{value: "{{{{ arguments.it }}}}"}}}}]
  count: {{arguments: {{it: {{type: Integer}}}}, tasks: [{{note: {{}}}}]}}
tasks:
  - note: {{value: "{{{{ inputs.key }}}}"}}
  - {step}
hooks:
  post_book:
    - note: {{value: "{{{{ previous_task.data }}}}", message: "{{{{ previous_task.msg }}}}"}}
""",
        inputs={"key": SECRET} if source == "given" else {},
        report="report.yaml",
    )

    assert lab.diary.values[0] == SECRET
    everything = told(lab, ran)
    for shape in SHAPES:
        assert shape not in everything


async def test_secrets_of_several_lines_are_hidden_line_by_line(lab: Lab) -> None:
    key = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n"
    ran = await lab.run(
        """
        inputs: {key: {type: secret}}
        tasks:
          - shell: {command: 'printf %s "$KEY"', environment: {KEY: "{{ inputs.key }}"}}
        """,
        inputs={"key": key},
    )

    assert ran.ended.is_ok
    assert "abcdefgh" not in repr(ran.events)
    assert "***" in ran.lines("tasks.shell")


async def test_a_set_of_nodes_with_secrets_in_their_names(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {domain: {type: secret}}
        nodes: {web: {type: listed, names: ["a.{{ inputs.domain }}", "b.{{ inputs.domain }}"]}}
        tasks: [{note: {nodes: "{{ nodes.web }}", value: 1}}]
        """,
        inputs={"domain": "intern.example"},
    )

    assert ran.of(NodesFound)[0].nodes == ("a.***", "b.***")
    assert [event.node for event in ran.of(NodeDone)] == ["a.***", "b.***"]
    assert set(ran.steps["tasks[0]"].results) == {"a.***", "b.***"}


@pytest.mark.parametrize(
    "step",
    [
        'note: {seen: "x {{ item }}", loop: "{{ previous_task.data.0 }}"}',
        'note: {seen: "{{ registered.it.data.0.0 }}"}',
        'shell: {command: "echo {{ registered.it.message }}"}',
    ],
)
async def test_a_secret_that_others_could_see_is_refused_when_it_turns_up(
    lab: Lab, step: str
) -> None:
    """The check of a book follows inputs; what came of tasks is known here alone."""
    ran = await lab.run(
        f"""
inputs: {{key: {{type: secret}}}}
tasks:
  - note: {{value: ["{{{{ inputs.key }}}}"], message: "{{{{ inputs.key }}}}", register: it}}
  - {step}
""",
        inputs={"key": "hunter22"},
    )

    assert ran.ended.exit_code == 1
    last = next(event for event in ran.of(StepEnded) if event.id.startswith("tasks[1]"))
    assert "holds a secret, which lists of processes would show" in last.message
    assert "environment" in last.message
    assert len(lab.notes()) == 1


async def test_stores_and_node_sets_may_not_show_secrets_either(lab: Lab) -> None:
    lab.diary.kept["box"] = {"script": "/bin/echo hunter22"}
    ran = await lab.run(
        """
        inputs: {key: {type: secret}, script: {type: String, data: box/script}}
        data_stores: {box: {type: spy}}
        nodes: {web: {type: shell, script: "{{ inputs.script }}"}}
        """,
        inputs={"key": "hunter22"},
    )

    assert ran.ended.exit_code == 2
    assert "holds a secret" in ran.ended.error


async def test_of_a_task_without_log_nothing_is_told(lab: Lab) -> None:
    ran = await lab.run(
        """
        tasks:
          - note:
              no_log: true
              value: quiet-value
              message: quiet-message
              say: [quiet-output]
              warn: quiet-warning
              nodes: [a, b]
              bad: [b]
              max_fail: 1
              register: it
          - note: {name: "{{ registered.it.message }} {{ previous_task.data.0 }}"}
          - note: {no_log: true, loop: [quiet-value], message: "{{ item }}", register: all}
          - note: {no_log: true, crash: quiet-crash, fail_ok: true}
          - note: {no_log: true, fail_ok: true, max_fail: quiet-option}
        """.replace("max_fail: quiet-option", 'max_fail: "{{ registered.it.message }}"'),
        report="report.yaml",
    )

    assert ran.ended.is_ok, ran.lines()
    assert "quiet-message quiet-value" in lab.notes()
    everything = told(lab, ran)
    assert "quiet" not in everything.replace("(quiet-value)", "")
    step = ran.steps["tasks[0]"]
    assert (step.message, step.data, step.registered) == ("***", (), None)
    assert {node: result.is_ok for node, result in step.results.items()} == {"a": True, "b": False}
    assert {event.message for event in ran.of(TryEnded) if event.id == "tasks[0]"} == {""}


async def test_why_a_step_without_log_was_left_out_is_told(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {go: {type: Boolean}}
        tasks: [{note: {no_log: true, when: inputs.go}}]
        """,
        inputs={"go": False},
    )

    assert ran.steps["tasks[0]"].message == "not when inputs.go"


async def test_what_a_block_without_log_says_covers_what_is_within(lab: Lab) -> None:
    lab.book("child.yml", "tasks: [{note: {message: quiet-child}}]\n")
    ran = await lab.run("""
        task_lists: {some: {tasks: [{note: {message: quiet-list}}]}}
        tasks:
          - block:
              no_log: true
              tasks: [{note: {message: quiet-inner, say: [quiet-output]}}]
              always: [{note: {message: quiet-always}}]
          - tasks: {list: some, no_log: true}
          - playbook: {file: child.yml, no_log: true}
    """)

    assert ran.ended.is_ok
    assert "quiet" not in repr(ran.events)
