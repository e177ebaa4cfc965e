"""Data stores of a book: when they are opened and closed, and what their errors become."""

import pytest

from choria_core.config.problems import InvalidConfigError
from packages.playbooks.tests.engine.conftest import Lab


async def test_stores_are_opened_in_order_and_closed_in_reverse(lab: Lab) -> None:
    ran = await lab.run("""
        data_stores: {a: {type: spy}, b: {type: spy}}
        tasks: [{note: {name: one}}]
    """)

    assert ran.ended.is_ok
    assert lab.diary.story == ["open a", "open b", "note one", "close b", "close a"]


async def test_options_take_inputs_that_were_given(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {words: {type: String}}
        data_stores: {box: {type: spy, refuse: "{{ inputs.words }} of {{ metadata.name }}"}}
        """,
        inputs={"words": "the end"},
    )

    assert ran.ended.error == "data store box (spy): ZeroDivisionError: the end of test"


@pytest.mark.parametrize(
    ("options", "exit_code", "error"),
    [
        ("unreachable: true", 3, "box is not there"),
        ("refuse: shut", 1, "data store box (spy): ZeroDivisionError: shut"),
        ("crash: make", 1, "data store box (spy): ZeroDivisionError: make by zero"),
    ],
)
async def test_a_store_that_cannot_be_had_ends_the_run(
    lab: Lab, options: str, exit_code: int, error: str
) -> None:
    ran = await lab.run(f"""
data_stores: {{box: {{type: spy, {options}}}}}
tasks: [{{note: {{name: never}}}}]
hooks: {{on_fail: [{{note: {{name: never}}}}]}}
""")

    assert (ran.ended.exit_code, ran.ended.error) == (exit_code, error)
    assert lab.notes() == []


@pytest.mark.parametrize(
    ("crash", "task", "message"),
    [
        ("read", 'note: {value: "{{ inputs.it }}"}', "box/it: ZeroDivisionError: read by zero"),
        (
            "write",
            "data: {action: write, key: box/it, value: 1}",
            "data store box (spy), box/it: ZeroDivisionError: write by zero",
        ),
        ("lock", "note: {lock: box/a}", "lock box/a: ZeroDivisionError: lock by zero"),
    ],
)
async def test_foreign_errors_say_where_they_came_from(
    lab: Lab, crash: str, task: str, message: str
) -> None:
    ran = await lab.run(f"""
data_stores: {{box: {{type: spy, crash: {crash}}}}}
inputs: {{it: {{type: String, data: box/it}}}}
tasks: [{{{task}}}]
hooks: {{on_fail: [{{note: {{name: failed}}}}]}}
""")

    assert message in ran.steps["tasks[0]"].message
    assert lab.notes() == ["failed"]
    assert ran.ended.exit_code == (4 if crash == "lock" else 1)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("nothing", "nodes.web.key: is no path to data: 'nothing'; write STORE/KEY"),
        ("bxo/key", "the book has no data store 'bxo': did you mean box?"),
        ("other/key", "the book has no data store 'other': define it under data_stores"),
    ],
)
async def test_paths_that_lead_nowhere(lab: Lab, key: str, message: str) -> None:
    """Node sets look them up when the book runs."""
    ran = await lab.run(
        """
        inputs: {key: {type: String}}
        data_stores: {box: {type: spy}}
        nodes: {web: {type: data, key: "{{ inputs.key }}"}}
        """,
        inputs={"key": key},
    )

    assert ran.ended.exit_code == 2
    assert message in ran.ended.error


async def test_stores_of_texts_give_what_inputs_want(lab: Lab) -> None:
    lab.diary.kept["box"] = {"list": '["a", 1]', "number": "7", "truth": "true", "text": "7"}
    await lab.run("""
        data_stores: {box: {type: spy, text: true}}
        inputs:
          list: {type: Array, data: box/list}
          number: {type: Integer, data: box/number}
          truth: {type: Boolean, data: box/truth}
          text: {type: String, data: box/text}
        tasks:
          - note: {value: "{{ inputs.list }}"}
          - note: {value: "{{ inputs.number }}"}
          - note: {value: "{{ inputs.truth }}"}
          - note: {value: "{{ inputs.text }}"}
    """)

    assert lab.values() == [["a", 1], 7, True, "7"]


async def test_who_reads_a_value_may_change_it(lab: Lab) -> None:
    lab.diary.kept["box"] = {"list": [1, 2]}
    await lab.run("""
        data_stores: {box: {type: spy}, memory: {type: memory}}
        inputs:
          list: {type: Array, data: box/list}
          kept: {type: Array, data: memory/list}
        tasks:
          - data: {action: write, key: memory/list, value: "{{ inputs.list }}"}
          - note: {value: "{{ inputs.kept }}"}
    """)
    lab.diary.values[0].append(3)

    assert lab.diary.kept["box"]["list"] == [1, 2]


async def test_each_run_has_memory_of_its_own(lab: Lab) -> None:
    book = """
        data_stores: {memory: {type: memory}}
        inputs: {it: {type: String, data: memory/it, default: nothing}}
        tasks:
          - note: {value: "{{ inputs.it }}"}
          - data: {action: write, key: memory/it, value: something}
    """
    await lab.run(book)
    await lab.run(book)

    assert lab.values() == ["nothing", "nothing"]


async def test_unknown_kinds_are_refused(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError, match="spi"):
        await lab.run("data_stores: {box: {type: spi}}\n")
