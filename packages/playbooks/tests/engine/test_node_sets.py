"""The rules that hold for all sets of nodes."""

import pytest

from choria_core.errors import NodesError
from choria_playbooks.engine.events import NodesFound, State
from packages.playbooks.tests.engine.conftest import Lab


def book(words: str, names: str = "a, b, c, d, e") -> str:
    return f"""
nodes: {{web: {{type: listed, names: [{names}]{", " + words if words else ""}}}}}
tasks: [{{note: {{name: it, value: "{{{{ nodes.web }}}}"}}}}]
hooks: {{on_fail: [{{note: {{name: failed}}}}], post_book: [{{note: {{name: post}}}}]}}
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["a", "b", "c", "d", "e"]),
        ("limit: 2", ["a", "b"]),
        ("limit: 9", ["a", "b", "c", "d", "e"]),
        ("limit: 50%", ["a", "b", "c"]),
        ("limit: 1%", ["a"]),
        ("limit: 3, at_least: 3", ["a", "b", "c"]),
        ("at_least: 5", ["a", "b", "c", "d", "e"]),
    ],
)
async def test_which_nodes_are_taken(lab: Lab, words: str, found: list[str]) -> None:
    ran = await lab.run(book(words))

    assert ran.ended.is_ok
    assert lab.values()[0] == found
    assert ran.of(NodesFound)[0].nodes == tuple(found)


async def test_doubles_are_taken_once_before_the_limit(lab: Lab) -> None:
    await lab.run(book("limit: 2", "a, a, b, a, c"))

    assert lab.values()[0] == ["a", "b"]


async def test_a_limit_can_choose_by_chance(lab: Lab) -> None:
    names = [f"n{number}" for number in range(200)]
    found = set()
    for _ in range(3):
        await lab.run(book("limit: 10%, random: true", ", ".join(names)))
        chosen = lab.values()[0]
        assert len(set(chosen)) == len(chosen) == 20
        assert set(chosen) < set(names)
        found.add(tuple(chosen))

    assert len(found) == 3


@pytest.mark.parametrize(
    ("words", "names", "message"),
    [
        ("", "", "node set web has no nodes"),
        ("at_least: 0", "", "node set web has no nodes"),
        ("when_empty: Nobody is at home", "", "Nobody is at home"),
        ("at_least: 3", "a, b", "node set web has 2 nodes, and needs at least 3"),
        ("at_least: 3, limit: 2", "a, b, c", "node set web has 2 nodes, and needs at least 3"),
        ("at_least: 2", "a, a", "node set web has 1 nodes, and needs at least 2"),
    ],
)
async def test_too_few_nodes_end_the_run_before_its_tasks(
    lab: Lab, words: str, names: str, message: str
) -> None:
    ran = await lab.run(book(words, names))

    assert ran.ended.exit_code == 5
    assert ran.ended.error == message
    assert lab.notes() == []


async def test_no_nodes_can_be_fine_and_tasks_on_them_are_left_out(lab: Lab) -> None:
    ran = await lab.run("""
        nodes:
          none: {type: listed, names: [], empty_ok: true}
          some: {type: listed, names: [a]}
        tasks:
          - note: {name: on none, nodes: "{{ nodes.none }}"}
          - note: {name: on some, nodes: "{{ nodes.some }}"}
    """)

    assert ran.ended.is_ok
    assert lab.notes() == ["on some"]
    assert ran.states["tasks[0]"] is State.SKIPPED


async def test_words_of_sets_take_templates(lab: Lab) -> None:
    given = {"most": "50%", "least": 2, "who": ["a", "b", "c"]}
    text = """
        inputs: {most: {type: String}, least: {type: Integer}, who: {type: Array}}
        nodes:
          web:
            type: listed
            names: "{{ inputs.who }}"
            limit: "{{ inputs.most }}"
            at_least: "{{ inputs.least }}"
            when_empty: "nobody in {{ metadata.name }}"
        tasks: [{note: {value: "{{ nodes.web }}"}}]
    """
    assert (await lab.run(text, inputs=given)).ended.is_ok
    assert lab.values() == [["a", "b"]]
    few = await lab.run(text, inputs={**given, "least": 3})
    assert few.ended.error == "node set web has 2 nodes, and needs at least 3"
    empty = await lab.run(text, inputs={**given, "who": []})
    assert empty.ended.error == "nobody in test"
    wrong = await lab.run(text, inputs={**given, "most": "half"})
    assert wrong.ended.exit_code == 2
    assert "nodes.web.limit" in wrong.ended.error


async def test_the_operator_can_limit_all_sets(lab: Lab) -> None:
    ran = await lab.run(
        """
        nodes:
          web: {type: listed, names: [a, b, c], at_least: 3}
          db: {type: listed, names: [d]}
        tasks:
          - note: {value: "{{ nodes.web }}", nodes: "{{ nodes.web }}"}
          - note: {value: "{{ nodes.db }}", nodes: "{{ nodes.db }}"}
        """,
        only_nodes=frozenset(("b", "x")),
    )

    assert ran.ended.is_ok
    assert lab.values() == [["b"]]
    assert ran.states["tasks[1]"] is State.SKIPPED
    assert "no node set has x, which the run is limited to" in ran.lines("prep.nodes")


async def test_a_limit_that_leaves_nobody_is_a_mistake(lab: Lab) -> None:
    ran = await lab.run(book(""), only_nodes=frozenset(("x", "y")))

    assert ran.ended.exit_code == 5
    assert ran.ended.error == "no node set has any of x, y, which the run is limited to"
    assert lab.notes() == []


async def test_sets_are_found_in_the_order_of_the_book(lab: Lab) -> None:
    ran = await lab.run("""
        nodes:
          z: {type: listed, names: [a]}
          b: {type: listed, names: [b]}
          a: {type: listed, names: []}
          c: {type: listed, names: [never]}
    """)

    assert ran.ended.error == "node set a has no nodes"
    assert lab.diary.sets == ["a", "b", ""]
    assert [event.name for event in ran.of(NodesFound)] == ["z", "b"]


async def test_a_kind_that_breaks_says_which_set_it_was(lab: Lab) -> None:
    ran = await lab.run("nodes: {web: {type: listed, crash: by zero}}\n")

    assert ran.ended.exit_code == 1
    assert ran.ended.error == "node set web (listed): ZeroDivisionError: by zero"


async def test_an_error_of_a_set_names_it(lab: Lab) -> None:
    ran = await lab.run("""
        data_stores: {box: {type: spy}}
        nodes: {web: {type: data, key: box/nodes}}
    """)

    assert ran.ended.error.startswith("node set web: ")


async def test_a_source_of_nodes_that_fails_is_told_by_its_exit_code(lab: Lab) -> None:
    ran = await lab.run('nodes: {web: {type: shell, script: "exit 3"}}\n')

    assert ran.ended.exit_code == NodesError.exit_code
    assert ran.ended.error.startswith("node set web: ")
