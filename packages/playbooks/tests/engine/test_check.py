"""Rehearsals: what would happen is told, and nothing is done."""

from pathlib import Path

from choria_playbooks.engine.events import LockTaken, NodesFound, RunBegan, State, TryBegan
from packages.playbooks.tests.engine.conftest import Lab

EVERYTHING = """
data_stores:
  box: {type: spy, create: true}
  file: {type: file, file: "{{ metadata.name }}.yaml", format: yaml, create: true}
  started: {type: started}
  shell: {type: shell, command: /bin/false}
locks: [box, box/more]
inputs:
  given: {type: String, data: box/given, save: true}
  stored: {type: String, data: box/stored}
  far: {type: String, data: started/far}
nodes:
  web: {type: listed, names: [a, b]}
  active: {type: active, names: [c]}
  script: {type: shell, script: /bin/false}
task_lists:
  show: {arguments: {it: {type: String}}, tasks: [{note: {value: "{{ arguments.it }}"}}]}
tasks:
  - note: {name: "{{ inputs.given }}"}
  - note: {name: "{{ inputs.stored }}"}
  - note: {name: "{{ inputs.far }}"}
  - note: {value: "{{ nodes.web }}", nodes: "{{ nodes.web }}"}
  - note: {value: "{{ nodes.active }}", register: it, lock: "box/{{ inputs.stored }}"}
  - note: {name: "{{ registered.it.message }}", when: registered.it.success}
  - note: {name: "{{ previous_task.message }}"}
  - shell: {command: "echo {{ inputs.given }}", cwd: /}
  - data: {action: write, key: "box/{{ inputs.given }}", value: 1}
  - webhook: {uri: "http://127.0.0.1:1/{{ inputs.given }}"}
  - note: {loop: "{{ nodes.web }}", name: "{{ item }}"}
  - note: {loop: "{{ registered.it.data }}", name: "{{ item.x }}"}
  - note: {loop: [x, y], name: "{{ item }}", description: "Do {{ item }}", tries: 5}
  - tasks: {list: show, arguments: {it: "{{ inputs.given }}"}}
  - tasks: {list: show, arguments: {it: "{{ registered.it.data }}"}}
  - block:
      nodes: "{{ nodes.web }}"
      serial: 1
      tasks: [{note: {name: batch, nodes: "{{ batch }}"}}]
      rescue: [{note: {name: rescue}}]
      always: [{note: {name: always}}]
  - parallel: {tasks: [{note: {name: "{{ elapsed_time }}", pre_sleep: 1h}}, {note: {}}]}
  - note: {name: skipped, when: inputs.given = other, register: no}
  - note: {name: "no {{ registered.no.message }}", description: "{{ registered.it.data }}"}
hooks:
  pre_book: [{note: {name: pre_book}}]
  post_book: [{note: {name: post_book}}]
"""


def files(lab: Lab) -> list[Path]:
    return sorted(lab.folder.iterdir())


async def test_nothing_is_done_at_all(lab: Lab) -> None:
    before = files(lab)
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True)

    assert ran.ended.is_ok, ran.lines()
    assert lab.diary.stores == lab.diary.sets == lab.diary.notes == []
    assert not ran.of(TryBegan)
    assert not ran.of(LockTaken)
    assert files(lab) == before
    assert ran.of(RunBegan)[0].is_check
    assert set(ran.states.values()) == {State.OK, State.SKIPPED}


async def test_what_is_known_is_told_and_what_is_not_is_named(lab: Lab) -> None:
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True)

    said = {name: step.message for name, step in ran.steps.items()}
    assert said["tasks[0]"] == "would note word"
    unknown = "would be done; known only then: "
    assert said["tasks[1]"] == f"{unknown}{{{{ inputs.stored }}}}"
    assert said["tasks[2]"] == f"{unknown}{{{{ inputs.far }}}}"
    assert said["tasks[3]"] == f"{unknown}{{{{ nodes.web }}}}"
    assert said["tasks[4]"] == f"{unknown}{{{{ nodes.active }}}}"
    assert said["tasks[5]"] == (
        f"{unknown}{{{{ registered.it.message }}}}, when registered.it.success"
    )
    assert said["tasks[6]"] == f"{unknown}{{{{ previous_task.message }}}}"
    assert "echo word" in said["tasks[7]"]
    assert said["tasks[8]"] == "would write box/word"
    assert said["tasks[9]"].startswith("would send POST to http://127.0.0.1:1")
    assert said["tasks[10]#1"] == f"{unknown}{{{{ item }}}}"
    assert "tasks[10]#2" not in said
    assert said["tasks[11]#1"] == f"{unknown}{{{{ item.x }}}}"
    assert said["tasks[12]#2"] == "would note y"
    assert ran.steps["tasks[12]#2"].description == "Do y"
    assert said["tasks[13]/task_lists.show[0]"] == "would note word"
    assert said["tasks[14]/task_lists.show[0]"] == f"{unknown}{{{{ arguments.it }}}}"
    assert said["tasks[15].tasks[0]"] == f"{unknown}{{{{ batch }}}}"
    assert ran.states["tasks[17]"] is State.SKIPPED
    assert said["tasks[18]"] == "would note no not when inputs.given = other"
    assert ran.steps["tasks[18]"].description == "{{ registered.it.data }}"
    assert said["hooks.pre_book[0]"] == "would note pre_book"


async def test_locks_are_told_and_not_taken(lab: Lab) -> None:
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True)

    assert ran.lines("locks") == [
        "would take lock box/choria/locks/playbook/test",
        "would take lock box/more",
    ]


async def test_resolving_reads_stores_and_finds_nodes_and_starts_nothing(lab: Lab) -> None:
    lab.diary.kept["box"] = {"stored": "found"}
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True, resolve=True)

    assert ran.ended.is_ok, ran.lines()
    assert lab.diary.sets == ["a,b"]
    assert lab.diary.notes == []
    assert set(lab.diary.stores) == {"open box", "read box/stored", "close box"}
    assert lab.diary.kept == {"box": {"stored": "found"}}
    assert not (lab.folder / "test.yaml").exists()
    assert [event.name for event in ran.of(NodesFound)] == ["web"]
    said = {name: step.message for name, step in ran.steps.items()}
    assert said["tasks[1]"] == "would note found"
    assert said["tasks[2]"] == "would be done; known only then: {{ inputs.far }}"
    assert said["tasks[10]#2"] == "would note b"
    assert said["tasks[15]@2.tasks[0]"] == "would note batch"
    assert "would take lock box/found" in ran.lines("locks")
    assert "would make data store file" in ran.lines("pre.stores")


async def test_all_that_is_wrong_is_told(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {word: {type: String}}
        tasks:
          - note: {fail: "{{ inputs.word }}"}
          - note: {name: fine}
          - block: {tasks: [{note: {fail: "{{ inputs.word }}"}}, {note: {name: fine}}]}
          - note: {crash: by zero}
        """,
        inputs={"word": "rather"},
        check=True,
    )

    assert ran.ended.exit_code == 2
    assert [name for name, state in ran.states.items() if state is State.FAILED] == [
        "tasks[0]",
        "tasks[2].tasks[0]",
        "tasks[2]",
        "tasks[3]",
    ]
    assert "tasks[0].fail" in ran.steps["tasks[0]"].message
    assert ran.steps["tasks[3]"].message == "ZeroDivisionError: by zero"
    assert ran.states["tasks[1]"] is State.OK


async def test_too_few_nodes_are_found_out_when_they_are_looked_for(lab: Lab) -> None:
    book = "nodes: {web: {type: listed, names: [], at_least: 2}}\n"

    assert (await lab.run(book, check=True)).ended.is_ok
    assert (await lab.run(book, check=True, resolve=True)).ended.exit_code == 5
