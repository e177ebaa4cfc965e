"""Runs that go on where an earlier one ended."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from choria_core.errors import UsageError
from choria_playbooks.engine.events import NodesFound, State, StepBegan, StepEnded
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.resuming import BAD, EXT, Twice, twice


async def test_finished_tasks_are_not_done_again(lab: Lab) -> None:
    _, ran = await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{name: one, description: The first, message: done, value: [1]}}
  - note: {{name: two, value: "{{{{ previous_task.data.0 }}}}"}}
  - {BAD}
  - note: {{name: three}}
""",
    )

    assert lab.notes() == ["bad", "three"]
    one = ran.steps["tasks[0]"]
    assert (one.state, one.is_resumed, one.description, one.message) == (
        State.OK,
        True,
        "The first",
        "done",
    )
    assert "The first: done before: done" in ran.lines("tasks.note")
    assert not ran.steps["tasks[2]"].is_resumed


async def test_the_task_before_is_known_still(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{message: m, description: d, value: {{a: [1, "x"]}}}}
  - note:
      fail: "{{{{ inputs.bad }}}}"
      value: ["{{{{ previous_task.data }}}}", "{{{{ previous_task.msg }}}}"]
      description: "{{{{ previous_task.description }}}} {{{{ previous_task.success }}}}"
""",
    )

    assert lab.values() == [[[{"a": [1, "x"]}], "m"]]


async def test_names_that_steps_registered_are_known_still(lab: Lab) -> None:
    asked = ", ".join(
        f"{key}: '{{{{ registered.{name} }}}}'"
        for key, name in {
            "one": "one.data.0.a",
            "node": "one.results.n1.value",
            "loop": "loop.items.1.data.0",
            "left": "left.skipped",
            "inner": "inner.message",
            "block": "block.success",
            "within": "within.skipped",
        }.items()
    )
    await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{value: {{a: 3}}, register: one, nodes: [n1]}}
  - note: {{loop: [p, q], value: "{{{{ item }}}}", register: loop}}
  - note: {{when: inputs.stored = other, register: left}}
  - block:
      register: block
      tasks:
        - note: {{message: deep, register: inner}}
        - note: {{when: inputs.stored = other, register: within}}
  - {BAD}
  - note: {{value: {{{asked}}}}}
""",
    )

    assert lab.values()[-1] == {
        "one": 3,
        "node": {"a": 3},
        "loop": "q",
        "left": True,
        "inner": "deep",
        "block": True,
        "within": True,
    }


async def test_what_was_put_into_memory_is_put_there_again(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks:
  - data: {{action: write, key: memory/it, value: first}}
  - block: {{tasks: [{{data: {{action: write, key: memory/it, value: second}}}}]}}
  - data: {{action: write, key: memory/gone, value: x}}
  - data: {{action: delete, key: memory/gone}}
  - data: {{action: write, key: ext/kept, value: x}}
  - {BAD}
  - note: {{value: "{{{{ inputs.stored }}}}"}}
""",
    )

    assert lab.values()[-1] == "second"
    assert lab.diary.stores.count("write ext/kept") == 1


async def test_the_book_of_the_two_clusters_that_failed_at_the_second(lab: Lab) -> None:
    """It began with a cluster of its own choice, and must not begin with it again."""
    book = """
    data_stores: {ext: {type: spy}, memory: {type: memory}}
    inputs:
      cluster: {type: String, data: memory/cluster, dynamic: true, default: alpha}
      bad: {type: Boolean, data: ext/bad}
    task_lists:
      deploy:
        tasks:
          - note: {name: "{{ inputs.cluster }}"}
    tasks:
      - note: {name: "{{ inputs.cluster }}"}
      - data: {action: write, key: memory/cluster, value: bravo}
      - note: {name: "{{ inputs.cluster }}", fail: "{{ inputs.bad }}"}
    hooks:
      pre_book:
        - data: {action: delete, key: memory/cluster}
      post_book:
        - note: {name: post}
    """
    both = Twice(lab, book)
    await both.first()
    assert lab.notes() == ["alpha", "bravo", "post"]
    await both.second()
    assert lab.notes() == ["bravo", "post"]


async def test_dynamic_inputs_are_read_anew(lab: Lab) -> None:
    both = Twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{value: "{{{{ inputs.far }}}}"}}
  - note: {{value: "{{{{ inputs.far }}}}", fail: "{{{{ inputs.bad }}}}"}}
""",
    )
    lab.diary.kept["ext"] = {"far": "old"}
    await both.first()
    lab.diary.kept["ext"]["far"] = "new"
    await both.second()

    assert lab.values() == ["new"]


async def test_hooks_but_the_first_are_done_again(lab: Lab) -> None:
    hooks = "\n".join(
        f"  {name}: [{{note: {{name: {name}}}}}]"
        for name in ("pre_book", "pre_task", "post_task", "on_success", "on_fail", "post_book")
    )
    await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{name: one}}
  - {BAD}
hooks:
{hooks}
""",
    )

    assert lab.notes() == ["pre_task", "bad", "post_task", "on_success", "post_book"]


async def test_a_pre_book_that_failed_goes_on_where_it_did(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks: [{{note: {{name: one}}}}]
hooks: {{pre_book: [{{note: {{name: before}}}}, {{{BAD}}}]}}
""",
    )

    assert lab.notes() == ["bad", "one"]


async def test_rescue_and_always_are_done_again(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks:
  - block:
      tasks: [{{note: {{name: one}}}}, {{{BAD}}}]
      rescue: [{{note: {{name: rescue}}}}, {{note: {{fail: true}}}}]
      always: [{{note: {{name: always}}}}]
""",
    )

    assert lab.notes() == ["bad", "always"]


async def test_blocks_and_branches_that_were_finished_are_left_out_whole(lab: Lab) -> None:
    _, ran = await twice(
        lab,
        f"""{EXT}
task_lists: {{some: {{tasks: [{{note: {{name: some}}}}]}}}}
tasks:
  - block: {{tasks: [{{note: {{name: one}}}}], always: [{{note: {{name: always}}}}]}}
  - tasks: some
  - parallel: {{tasks: [{{note: {{name: two}}}}, {{{BAD}}}, {{note: {{name: three}}}}]}}
""",
    )

    assert lab.notes() == ["bad"]
    resumed = [event.id for event in ran.of(StepEnded) if event.is_resumed]
    assert resumed == [
        "tasks[0].tasks[0]",
        "tasks[0]",
        "tasks[1]/task_lists.some[0]",
        "tasks[1]",
        "tasks[2].tasks[0]",
        "tasks[2].tasks[2]",
    ]
    assert ran.steps["tasks[0].tasks[0]"].parent == "tasks[0]"
    assert ran.of(StepBegan)[0].id == "tasks[0]"
    assert not ran.steps["tasks[2]"].is_resumed


async def test_nodes_that_were_chosen_by_chance_are_chosen_again(lab: Lab) -> None:
    names = ", ".join(f"n{number}" for number in range(100))
    first, second = await twice(
        lab,
        f"""{EXT}
nodes:
  some: {{type: listed, names: [{names}], limit: 10, random: true}}
tasks: [{{{BAD}}}, {{note: {{value: "{{{{ nodes.some }}}}"}}}}]
""",
    )

    chosen = [run.of(NodesFound)[0].nodes for run in (first, second)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 10


async def test_inputs_are_not_saved_again(lab: Lab) -> None:
    book = EXT.replace("stored:", "size: {type: Integer, data: ext/size, save: true}\n  stored:")
    both = Twice(lab, f"{book}\ntasks: [{{{BAD}}}]\n")
    await both.first(inputs={"size": 3})
    lab.diary.kept["ext"]["size"] = 4
    await both.second(inputs={"size": 3})

    assert lab.diary.kept["ext"]["size"] == 4


async def test_what_had_a_secret_or_no_log_is_done_again(lab: Lab) -> None:
    key = EXT.replace("stored:", "key: {type: secret}\n  stored:")
    _, ran = await twice(
        lab,
        f"""{key}
tasks:
  - note: {{name: plain}}
  - note: {{name: quiet, no_log: true, register: quiet}}
  - note: {{name: known, value: "{{{{ inputs.key }}}}", register: known}}
  - data: {{action: write, key: memory/it, value: "{{{{ inputs.key }}}}"}}
  - block:
      tasks:
        - note: {{name: inner plain}}
        - note: {{name: inner quiet, no_log: true, register: inner}}
  - {BAD}
  - note:
      value:
        - "{{{{ registered.known.data.0 }}}}"
        - "{{{{ registered.inner.success }}}}"
        - "{{{{ inputs.stored }}}}"
""",
        inputs={"key": "hunter22"},
    )

    assert lab.notes() == ["quiet", "known", "inner quiet", "bad", ""]
    assert lab.values()[-1] == ["hunter22", True, "hunter22"]
    assert "hunter22" not in repr(ran.events)


async def test_a_secret_is_not_in_the_report_and_must_be_given_again(lab: Lab) -> None:
    key = EXT.replace("stored:", "key: {type: secret}\n  size: {type: Integer}\n  stored:")
    both = Twice(lab, f"{key}\ntasks: [{{{BAD}}}]\n")
    await both.first(inputs={"key": "hunter22", "size": 3})

    assert lab.resumption("first.yaml").inputs == {"size": 3}


async def test_a_book_that_was_changed_is_refused(lab: Lab) -> None:
    both = Twice(lab, f"{EXT}\ntasks: [{{{BAD}}}]\n")
    await both.first()

    with pytest.raises(UsageError, match="was changed since"):
        await lab.run(f"{EXT}\ntasks: [{{{BAD}}}]\n\n", resume=lab.resumption("first.yaml"))


async def test_a_run_that_did_all_cannot_be_resumed(lab: Lab) -> None:
    await lab.run("tasks: [{note: {}}]", report="done.yaml")

    with pytest.raises(UsageError, match="nothing to resume"):
        lab.resumption("done.yaml")


async def test_a_run_that_was_resumed_can_be_resumed(lab: Lab) -> None:
    book = f"""{EXT}
tasks:
  - note: {{name: one, value: kept, register: it}}
  - data: {{action: write, key: memory/it, value: kept}}
  - block: {{tasks: [{{note: {{name: two, register: inner}}}}]}}
  - {BAD}
  - note:
      name: "{{{{ registered.it.data.0 }}}} {{{{ inputs.stored }}}}"
      fail: "{{{{ registered.inner.skipped }}}}"
"""
    both = Twice(lab, book)
    await both.first()
    lab.diary.kept["ext"]["bad"] = True
    again = await lab.run(book, report="again.yaml", resume=lab.resumption("first.yaml"))
    assert not again.ended.is_ok
    lab.diary.kept["ext"]["bad"] = False
    lab.notes()
    last = await lab.run(book, resume=lab.resumption("again.yaml"))

    assert last.ended.is_ok
    assert lab.notes() == ["bad", "kept kept"]


async def test_failures_that_were_fine_are_finished(lab: Lab) -> None:
    _, ran = await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{name: fine, fail: true, fail_ok: true, register: it}}
  - {BAD}
  - note: {{value: "{{{{ registered.it.success }}}}"}}
""",
    )

    assert lab.notes() == ["bad", ""]
    assert lab.values()[-1] is False
    assert ran.ended.is_ok


async def test_a_run_that_was_stopped_goes_on_too(lab: Lab) -> None:
    book = "tasks: [{note: {name: one}}, {note: {name: two, wait: true}}, {note: {name: three}}]\n"

    async def stop() -> None:
        await lab.diary.hung.wait()
        lab.stop.set()

    stopping = asyncio.create_task(stop())
    await lab.run(book, report="first.yaml")
    await stopping
    assert lab.notes() == ["one", "two"]
    lab.stop.clear()
    lab.diary.resumes.set()
    ran = await lab.run(book, resume=lab.resumption("first.yaml"))

    assert ran.ended.is_ok
    assert lab.notes() == ["two", "three"]


PROGRAM = """
import asyncio, sys
from pathlib import Path
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.recording import Diary, RecordingPlugin
from choria_core.plugins import Plugins

folder = Path(sys.argv[1])
diary, plugins = Diary(), Plugins()
plugins.load_installed()
plugins.register(RecordingPlugin(diary), "recording")
lab = Lab(folder, plugins, {"PATH": "/usr/bin:/bin", "SAID": str(folder / "said")}, diary)
book = (folder / "text").read_text()
asyncio.run(lab.run(book, report="killed.yaml", listener=lambda event: print(event, flush=True)))
"""


async def test_a_run_that_was_killed_goes_on_with_what_it_had_written(lab: Lab) -> None:
    book = """
        data_stores: {memory: {type: memory}}
        inputs: {stored: {type: String, data: memory/it, default: nothing}}
        tasks:
          - shell: {command: 'echo one >> "$SAID"', register: it}
          - data: {action: write, key: memory/it, value: kept}
          - note: {name: waits, wait: true}
          - shell:
              command: "echo {{ inputs.stored }} {{ registered.it.success }} >> \\"$SAID\\""
    """
    lab.write("text", book)
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(lab.folder),
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": "."},
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    async for line in program.stdout:
        if b"TryBegan" in line and b"tasks[2]" in line:
            break
    program.send_signal(signal.SIGKILL)
    await program.communicate()

    lab.diary.resumes.set()
    ran = await lab.run(dedent(book), resume=lab.resumption("killed.yaml"))

    assert ran.ended.is_ok, ran.lines()
    assert ran.said == ["one", "kept true"]
    assert lab.notes() == ["waits"]
