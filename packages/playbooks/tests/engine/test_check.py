"""Rehearsals: what would happen is told, and nothing is done."""

import asyncio
import os
import sys
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


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_nothing_is_done_at_all(lab: Lab) -> None:
    before = files_in(lab.folder)
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True)

    assert ran.ended.is_ok, ran.lines()
    assert lab.diary.stores == lab.diary.sets == lab.diary.notes == []
    assert not ran.of(TryBegan)
    assert not ran.of(LockTaken)
    assert files_in(lab.folder) == before
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


async def test_hooks_around_tasks_are_told_too(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {word: {type: String}}
        tasks: [{note: {name: it}}]
        hooks:
          pre_task: [{note: {name: before}}]
          post_task: [{note: {fail: "{{ inputs.word }}"}}]
        """,
        inputs={"word": "rather"},
        check=True,
    )

    assert ran.ended.exit_code == 2
    assert ran.steps["tasks[0]/hooks.pre_task[0]"].message == "would note before"
    assert "hooks.post_task[0].fail" in ran.steps["tasks[0]/hooks.post_task[0]"].message
    assert ran.states["tasks[0]"] is State.OK


async def test_what_is_wrong_in_a_block_is_not_rescued(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {word: {type: String}}
        tasks:
          - block:
              tasks: [{note: {fail: "{{ inputs.word }}"}}]
              rescue: [{note: {name: rescue}}]
              always: [{note: {name: always}}]
        """,
        inputs={"word": "rather"},
        check=True,
    )

    assert ran.ended.exit_code == 2
    assert list(ran.states) == ["tasks[0].tasks[0]", "tasks[0].always[0]", "tasks[0]"]


async def test_too_few_nodes_are_found_out_when_they_are_looked_for(lab: Lab) -> None:
    book = "nodes: {web: {type: listed, names: [], at_least: 2}}\n"

    assert (await lab.run(book, check=True)).ended.is_ok
    assert (await lab.run(book, check=True, resolve=True)).ended.exit_code == 5


PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from choria_core.plugins import Plugins
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.recording import Diary, RecordingPlugin
from packages.playbooks.tests.engine.test_check import EVERYTHING

folder = Path(sys.argv[1])
diary, plugins = Diary(), Plugins()
plugins.load_installed()
plugins.register(RecordingPlugin(diary), "recording")
lab = Lab(folder, plugins, {"PATH": "/usr/bin:/bin"}, diary)
is_watching, seen = False, []
DOINGS = ("socket.", "subprocess.", "os.system", "os.fork", "os.exec", "os.posix_spawn", "os.spawn",
    "os.mkdir", "os.rename", "os.remove", "os.kill", "shutil.", "pty.", "os.putenv")
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def watch(name, arguments):
    if not is_watching:
        return
    if name.startswith(DOINGS) or (name == "open" and arguments[2] & CHANGES):
        seen.append((name, arguments))


async def main():
    global is_watching
    is_watching = sys.argv[2] == "check"
    ran = await lab.run(EVERYTHING, inputs={"given": "word"}, check=True)
    is_watching = sys.argv[2] == "prove"
    if is_watching:
        await asyncio.create_subprocess_exec("/bin/true")
        (folder / "x").write_text("x")
    is_watching = False
    assert ran.ended.is_ok, ran.lines()


sys.addaudithook(watch)
asyncio.run(main())
print(len(seen), seen)
"""


async def _watched(folder: Path, mode: str) -> str:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(folder),
        mode,
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await program.communicate()
    assert program.returncode == 0
    return output.decode().strip()


async def test_the_interpreter_sees_no_program_socket_or_file_being_made(tmp_path: Path) -> None:
    assert await _watched(tmp_path, "check") == "0 []"
    assert files_in(tmp_path) == []


async def test_it_would_see_them(tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    seen = await _watched(tmp_path, "prove")

    assert "subprocess.Popen" in seen
    assert "'open'" in seen
