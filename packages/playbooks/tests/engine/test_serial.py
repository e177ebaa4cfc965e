"""Blocks that take their nodes batch by batch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.book.model import Share
from choria_playbooks.engine.events import State
from choria_playbooks.engine.shares import batch_sizes, rounded_down, rounded_up
from packages.playbooks.tests.engine.conftest import Lab, Ran

ALL = [f"n{number}" for number in range(10)]


def book(words: str, tasks: str = '- note: {value: "{{ batch }}", nodes: "{{ batch }}"}') -> str:
    return f"""
nodes: {{web: {{type: listed, names: [{", ".join(ALL)}]}}}}
tasks:
  - block:
      nodes: "{{{{ nodes.web }}}}"
      {words}
      tasks:
        {tasks}
  - note: {{name: after}}
"""


def batches(ran: Ran) -> list[int]:
    """How many nodes the batches had that did all they should."""
    return [
        len(step.registered)
        for name, step in ran.steps.items()
        if step.type == "batch" and name.startswith("tasks[0]@")
    ]


@pytest.mark.parametrize(
    ("serial", "sizes"),
    [
        ("serial: 4", [4, 4, 2]),
        ("serial: 30%", [3, 3, 3, 1]),
        ("serial: 25%", [3, 3, 3, 1]),
        ("serial: 1%", [1] * 10),
        ("serial: [1, 50%]", [1, 5, 4]),
        ("serial: [1, 2, 3]", [1, 2, 3, 3, 1]),
        ("serial: 100", [10]),
        ("serial: 100%", [10]),
        ("", [10]),
    ],
)
async def test_how_large_batches_are(lab: Lab, serial: str, sizes: list[int]) -> None:
    ran = await lab.run(book(serial))

    assert ran.ended.is_ok
    values = lab.values()[:-1]
    assert [len(names) for names in values] == sizes == batches(ran)
    assert [name for names in values for name in names] == ALL
    assert ran.steps["tasks[0]@1"].description.startswith(f"batch 1 of {len(sizes)}: ")
    assert ran.steps["tasks[0]@1.tasks[0]"].parent == "tasks[0]@1"


async def test_without_leave_the_first_failed_node_ends_the_block(lab: Lab) -> None:
    ran = await lab.run(
        book("serial: 2", '- note: {nodes: "{{ batch }}", bad: [n3], value: "{{ batch }}"}')
    )

    assert ran.ended.exit_code == 1
    assert lab.values() == [["n0", "n1"], ["n2", "n3"]]
    assert ran.states["tasks[0]@2"] is State.FAILED


async def test_failed_nodes_are_left_out_of_later_steps_and_counted_over_all_batches(
    lab: Lab,
) -> None:
    tasks = """
        - note: {nodes: "{{ batch }}", bad: [n0, n3, n4], name: first}
        - note: {nodes: "{{ batch }}", value: "{{ batch }}", name: second}
    """
    ran = await lab.run(book("serial: 2\n      max_fail: 2", tasks))

    assert ran.ended.exit_code == 1
    assert lab.notes() == ["first", "second", "first", "second", "first"]
    assert lab.values()[1::2] == [["n1"], ["n2"]]
    assert ran.steps["tasks[0]"].message.startswith("3 nodes failed, more than max_fail allows")
    assert ran.steps["tasks[0]@1"].registered == ["n1"]
    assert ran.steps["tasks[0]@1"].message == "1 node failed"


@pytest.mark.parametrize(
    ("most", "is_ok"), [("1", False), ("2", True), ("29%", True), ("19%", False), ("0", False)]
)
async def test_how_many_nodes_may_fail(lab: Lab, most: str, is_ok: bool) -> None:  # noqa: FBT001
    ran = await lab.run(book(f"max_fail: {most}", '- note: {nodes: "{{ batch }}", bad: [n3, n7]}'))

    assert ran.ended.is_ok is is_ok


async def test_a_batch_that_lost_all_of_its_nodes_is_over(lab: Lab) -> None:
    tasks = """
        - note: {nodes: "{{ batch }}", bad: [n0, n1], name: first}
        - shell: {command: 'echo "{{ batch }}" >> "$SAID"'}
    """
    ran = await lab.run(book("serial: 2\n      max_fail: 5", tasks))

    assert ran.ended.is_ok
    assert ran.said == ["n2, n3", "n4, n5", "n6, n7", "n8, n9"]
    assert ran.states["tasks[0]@1"] is State.OK
    assert "tasks[0]@1.tasks[1]" not in ran.states


async def test_nodes_that_a_task_may_lose_are_left_out_too(lab: Lab) -> None:
    tasks = """
        - note: {nodes: "{{ batch }}", bad: [n1], max_fail: 1}
        - note: {nodes: "{{ batch }}", value: "{{ batch }}"}
        - note: {nodes: "{{ batch }}", bad: [n2], fail_ok: true}
        - note: {nodes: "{{ batch }}", value: "{{ batch }}"}
    """
    ran = await lab.run(book("serial: 5", tasks))

    assert ran.ended.is_ok
    values = lab.values()
    assert values[1] == ["n0", "n2", "n3", "n4"]
    assert values[3] == ["n0", "n3", "n4"]
    assert ran.steps["tasks[0]@1"].registered == ["n0", "n3", "n4"]


async def test_they_count_among_those_of_the_block(lab: Lab) -> None:
    ran = await lab.run(
        book(
            "serial: 5\n      max_fail: 1",
            '- note: {nodes: "{{ batch }}", bad: [n1, n7], max_fail: 1}',
        )
    )

    assert not ran.ended.is_ok
    assert ran.states["tasks[0]@1"] is State.OK


async def test_a_failure_that_is_of_no_node_ends_the_block(lab: Lab) -> None:
    ran = await lab.run(book("max_fail: 5", "- note: {fail: true}"))

    assert not ran.ended.is_ok


async def test_rescue_and_always_come_although_no_node_is_left(lab: Lab) -> None:
    ran = await lab.run(f"""
nodes: {{web: {{type: listed, names: [{", ".join(ALL)}]}}}}
tasks:
  - block:
      nodes: "{{{{ nodes.web }}}}"
      serial: 3
      tasks:
        - block:
            tasks: [{{note: {{nodes: "{{{{ batch }}}}", bad: "{{{{ batch }}}}"}}}}]
            rescue:
              - note: {{name: lost, nodes: "{{{{ batch }}}}"}}
              - note: {{name: inner, fail: true}}
            always: [{{note: {{name: inner always}}}}]
      rescue: [{{note: {{name: outer, value: "{{{{ batch }}}}"}}}}]
      always: [{{note: {{name: always, value: "{{{{ batch }}}}"}}}}]
""")

    assert ran.ended.is_ok
    assert lab.notes() == ["", "inner", "inner always", "outer", "always"]
    assert lab.values()[-2:] == [["n0", "n1", "n2"]] * 2


async def test_hooks_come_although_no_node_is_left(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - block:
              nodes: [a, b]
              serial: 1
              max_fail: 2
              tasks:
                - note: {name: it, nodes: "{{ batch }}", bad: [a]}
                - note: {name: next}
        hooks: {post_task: [{note: {name: after}}]}
    """)

    assert lab.notes() == ["it", "after", "it", "after", "next", "after"]


async def test_a_block_over_no_nodes_does_nothing_but_always(lab: Lab) -> None:
    ran = await lab.run("""
        nodes: {none: {type: listed, names: [], empty_ok: true}}
        tasks:
          - block:
              nodes: "{{ nodes.none }}"
              serial: 2
              tasks: [{note: {name: never}}]
              always: [{note: {name: always, value: "{{ batch }}"}}]
    """)

    assert ran.ended.is_ok
    assert lab.notes() == ["always"]
    assert lab.values() == [[]]


@pytest.mark.parametrize("nodes", ["{{ inputs.words }}", "{{ inputs.numbers }}"])
async def test_nodes_must_be_names(lab: Lab, nodes: str) -> None:
    ran = await lab.run(
        f"""
inputs: {{words: {{type: String}}, numbers: {{type: Array}}}}
tasks:
  - block: {{nodes: "{nodes}", tasks: [{{note: {{name: never}}}}]}}
""",
        inputs={"words": "a, b", "numbers": [1, 2]},
    )

    assert ran.ended.exit_code == 2
    assert "nodes must be a list of names" in ran.steps["tasks[0]"].message


async def test_each_node_is_in_one_batch_alone(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - block: {nodes: [a, b, a], serial: 1, tasks: [{note: {value: "{{ batch }}"}}]}
    """)

    assert lab.values() == [["a"], ["b"]]


async def test_the_batch_belongs_to_the_innermost_block(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - block:
              nodes: [a, b]
              tasks:
                - block: {nodes: [x, y], serial: 1, tasks: [{note: {value: "{{ batch }}"}}]}
                - note: {value: "{{ batch }}"}
    """)

    assert lab.values() == [["x"], ["y"], ["a", "b"]]


sizes = st.integers(min_value=1, max_value=50).map(lambda count: Share(count=count))
percentages = st.integers(min_value=1, max_value=100).map(lambda part: Share(percent=float(part)))


@given(st.lists(st.one_of(sizes, percentages), max_size=5), st.integers(0, 300), st.data())
def test_batches_hold_each_node_once(serial: list[Share], total: int, data: Any) -> None:
    found = batch_sizes(serial, total, left=total)

    assert sum(found) == total
    assert all(size >= 1 for size in found)
    if found and serial:
        done = data.draw(st.integers(0, len(found)))
        rest = batch_sizes(serial, total, skip=done, left=sum(found[done:]))
        assert rest == found[done:]


@given(st.integers(1, 100), st.integers(0, 10_000))
def test_parts_are_rounded_as_documented(percent: int, total: int) -> None:
    share = Share(percent=float(percent))

    assert rounded_down(share, total) == percent * total // 100
    assert rounded_up(share, total) == max(-(-percent * total // 100), 1)
