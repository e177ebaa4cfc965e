"""What steps leave under a name, for later ones."""

from typing import Any

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.book.references import REGISTERED_KEYS
from choria_playbooks.engine.frame import TaskRecord
from packages.playbooks.tests.engine.conftest import Lab

ALL = ", ".join(f'{key}: "{{{{ registered.it.{key} }}}}"' for key in REGISTERED_KEYS)


def show() -> str:
    return f"""- note: {{value: {{{ALL}}}}}"""


async def shown(lab: Lab, step: str, **run: Any) -> dict[str, Any]:
    lab.values()
    lab.book("other.yaml", "tasks: [{note: {register: inner}}]\n")
    ran = await lab.run(
        f"""
task_lists: {{some: {{tasks: [{{note: {{}}}}]}}}}
tasks:
  - {step}
  {show()}
""",
        **run,
    )
    assert ran.ended.is_ok, ran.lines()
    found: dict[str, Any] = lab.values()[-1]
    return found


def test_checks_know_what_records_have() -> None:
    assert tuple(sorted(TaskRecord().document())) == tuple(sorted(REGISTERED_KEYS))


async def test_other_keys_are_refused(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError, match="a registered step has no failed"):
        await lab.run("""
            tasks:
              - note: {register: it}
              - note: {when: registered.it.failed}
        """)


async def test_of_a_task(lab: Lab) -> None:
    known = await shown(
        lab,
        "note: {register: it, description: d, message: m, value: [v], nodes: [a, b], bad: [b]"
        ", max_fail: 1}",
    )

    assert known.pop("runtime") >= 0
    assert known == {
        "success": True,
        "skipped": False,
        "description": "d",
        "msg": "m",
        "message": "m",
        "data": [["v"]],
        "results": {
            "a": {"success": True, "value": ["v"], "error": "", "kind": ""},
            "b": {"success": False, "value": None, "error": "b broke", "kind": "failed"},
        },
        "items": [],
    }


@pytest.mark.parametrize(
    "step",
    [
        "note: {register: it, tags: [x]}",
        "note: {register: it, loop: [1], tags: [x]}",
        "block: {register: it, tasks: [{note: {}}], tags: [x]}",
    ],
)
async def test_of_what_was_left_out(lab: Lab, step: str) -> None:
    known = await shown(lab, step, skip_tags=frozenset(("x",)))

    assert known["skipped"] is True
    assert known["success"] is False
    assert known["message"] == "has the tag x"


async def test_of_a_task_without_nodes(lab: Lab) -> None:
    await lab.run("""
        nodes: {none: {type: listed, names: [], empty_ok: true}}
        tasks:
          - note: {register: it, nodes: "{{ nodes.none }}"}
          - note: {value: "{{ registered.it.skipped }}"}
    """)

    assert lab.values() == [True]


async def test_of_a_loop(lab: Lab) -> None:
    known = await shown(
        lab, "note: {register: it, loop: [a, b, c], when: item != b, value: '{{ item }}'}"
    )

    assert known["success"] is True
    assert known["message"] == "done 2 times"
    assert known["data"] == ["a", "c"]
    assert [one["skipped"] for one in known["items"]] == [False, True, False]
    assert known["items"][2]["data"] == ["c"]


async def test_of_an_empty_loop(lab: Lab) -> None:
    known = await shown(lab, "note: {register: it, loop: []}")

    assert (known["success"], known["items"], known["data"]) == (True, [], [])


@pytest.mark.parametrize(
    "step",
    [
        "block: {register: it, tasks: [{note: {}}]}",
        "block: {register: it, nodes: [a, b], serial: 1, tasks: [{note: {}}]}",
        "parallel: {register: it, tasks: [{note: {}}]}",
        "tasks: {register: it, list: some}",
        "playbook: {register: it, file: other.yaml}",
    ],
)
async def test_of_steps_that_hold_others(lab: Lab, step: str) -> None:
    known = await shown(lab, step)

    assert known["success"] is True
    assert known["data"] == []


async def test_of_a_block_that_was_rescued(lab: Lab) -> None:
    known = await shown(
        lab,
        "block: {register: it, tasks: [{note: {fail: true, message: bad}}], rescue: [{note: {}}]}",
    )

    assert known["success"] is True
    assert known["message"] == "rescued: bad"


async def test_steps_of_a_loop_see_what_those_before_them_left(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - block:
              loop: [a, b]
              tasks:
                - note: {register: it, value: "{{ item }}"}
                - note: {value: "{{ registered.it.data.0 }}!"}
    """)

    assert lab.values() == ["a", "a!", "b", "b!"]


async def test_a_name_that_nothing_left_yet_is_a_mistake(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {value: "{{ registered.it.data }}"}
          - note: {register: it}
    """)

    assert not ran.ended.is_ok
    assert "no step has registered it yet" in ran.steps["tasks[0]"].message


async def test_names_of_other_books_are_their_own(lab: Lab) -> None:
    lab.book("other.yaml", "tasks: [{note: {register: it, value: theirs}}]\n")
    await lab.run("""
        tasks:
          - note: {register: it, value: ours}
          - playbook: other.yaml
          - note: {value: "{{ registered.it.data.0 }}"}
    """)

    assert lab.values() == ["ours", "theirs", "ours"]


async def test_named_lists_share_the_names_of_their_book(lab: Lab) -> None:
    await lab.run("""
        task_lists: {some: {tasks: [{note: {register: it, value: theirs}}]}}
        tasks:
          - tasks: some
          - note: {value: "{{ registered.it.data.0 }}"}
    """)

    assert lab.values() == ["theirs", "theirs"]


def test_a_record_is_the_same_after_a_report() -> None:
    inner = TaskRecord(is_skipped=True, description="i", message="j")
    record = TaskRecord(
        is_ok=True, description="d", message="m", data=(1, "x"), run_seconds=1.25, items=(inner,)
    )

    assert TaskRecord.of(record.document()) == record
