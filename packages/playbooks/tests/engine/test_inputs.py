"""Inputs of a run: given, read from stores each time, kept there, or missing."""

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.engine.events import InputsKnown, Line
from packages.playbooks.tests.engine.conftest import Lab

STORE = """
data_stores: {box: {type: spy}}
"""


async def test_a_given_value_comes_before_store_and_default(lab: Lab) -> None:
    lab.diary.kept["box"] = {"size": "stored"}
    book = f"""{STORE}
inputs: {{size: {{type: String, data: box/size, default: usual}}}}
tasks: [{{note: {{value: "{{{{ inputs.size }}}}"}}}}]
"""

    await lab.run(book, inputs={"size": "given"})
    assert lab.values() == ["given"]
    await lab.run(book)
    assert lab.values() == ["stored"]
    del lab.diary.kept["box"]["size"]
    ran = await lab.run(book)
    assert lab.values() == ["usual"]
    warnings = ran.lines("prep.inputs")
    assert len(warnings) == 1
    assert "input size could not be had from box/size" in warnings[0]
    assert "its default is used" in warnings[0]


async def test_a_dynamic_input_is_read_anew_at_every_reference(lab: Lab) -> None:
    ran = await lab.run(f"""{STORE}
inputs: {{size: {{type: String, data: box/size}}}}
tasks:
  - data: {{action: write, key: box/size, value: one}}
  - note: {{value: "{{{{ inputs.size }}}} {{{{ inputs.size }}}}"}}
  - data: {{action: write, key: box/size, value: two}}
  - note: {{value: "{{{{ inputs.size }}}}"}}
""")

    assert ran.ended.is_ok
    assert lab.values() == ["one one", "two"]
    assert lab.diary.stores.count("read box/size") == 3


async def test_a_dynamic_input_without_value_or_default_fails_its_task(lab: Lab) -> None:
    ran = await lab.run(f"""{STORE}
inputs: {{size: {{type: String, data: box/size}}}}
tasks: [{{note: {{value: "{{{{ inputs.size }}}}"}}}}]
hooks: {{on_fail: [{{note: {{name: failed}}}}]}}
""")

    assert lab.notes() == ["failed"]
    message = ran.steps["tasks[0]"].message
    assert "input size could not be had from box/size: KeyMissingError" in message


async def test_a_stored_value_must_obey_its_rule(lab: Lab) -> None:
    lab.diary.kept["box"] = {"size": "rm -rf /; true"}
    ran = await lab.run(f"""{STORE}
inputs: {{size: {{type: String, data: box/size, validation: ":shellsafe"}}}}
tasks: [{{note: {{value: "{{{{ inputs.size }}}}"}}}}]
""")

    assert not ran.ended.is_ok
    assert lab.notes() == []
    assert "input size" in ran.steps["tasks[0]"].message


async def test_dynamic_inputs_cannot_be_given(lab: Lab) -> None:
    lab.diary.kept["box"] = {"size": "stored"}
    ran = await lab.run(
        f"""{STORE}
inputs: {{size: {{type: String, data: box/size, dynamic: true}}}}
tasks: [{{note: {{value: "{{{{ inputs.size }}}}"}}}}]
""",
        inputs={"size": "given"},
    )

    assert lab.values() == ["stored"]
    assert "input size is dynamic: the given value is not used" in ran.lines("prep.inputs")


async def test_saved_inputs_are_written_after_locks_and_before_nodes(lab: Lab) -> None:
    ran = await lab.run(
        f"""{STORE}
locks: [box]
inputs:
  size: {{type: String, data: box/size, save: true}}
  fast: {{type: Boolean, data: box/fast, save: true}}
  read: {{type: String, data: box/read, save: true, required: false}}
nodes: {{web: {{type: listed, names: [a]}}}}
""",
        inputs={"size": "big", "fast": False},
    )

    assert ran.ended.is_ok
    lock = "box/choria/locks/playbook/test"
    assert lab.diary.stores == [
        "open box",
        f"want {lock}",
        f"lock {lock}",
        "write box/size",
        "write box/fast",
        f"unlock {lock}",
        "close box",
    ]
    contexts = [event.context for event in ran.of(Line)]
    assert contexts.index("prep.inputs") < contexts.index("prep.nodes")
    assert lab.diary.kept["box"] == {"size": "big", "fast": False}


async def test_old_books_never_save_false(lab: Lab) -> None:
    await lab.run(
        f"""{STORE}
inputs:
  fast: {{type: Boolean, data: box/fast, save: true}}
  slow: {{type: Boolean, data: box/slow, save: true}}
""",
        inputs={"fast": False, "slow": True},
        strict=False,
    )

    assert lab.diary.kept["box"] == {"slow": True}


async def test_all_missing_inputs_are_named_before_anything_is_done(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError) as raised:
        await lab.run(f"""{STORE}
inputs:
  one: {{type: String}}
  two: {{type: Boolean}}
  three: {{type: String, required: false}}
  four: {{type: String, default: usual}}
  five: {{type: String, data: box/five}}
""")

    text = str(raised.value)
    assert "inputs.one" in text
    assert "inputs.two" in text
    assert not any(name in text for name in ("three", "four", "five"))
    assert lab.diary.stores == []


@pytest.mark.parametrize("strict", [True, False])
async def test_a_default_satisfies_required_and_false_is_a_value(lab: Lab, strict: bool) -> None:  # noqa: FBT001
    ran = await lab.run(
        """
        inputs:
          size: {type: String, default: usual}
          fast: {type: Boolean, required: true}
        tasks:
          - note: {value: "{{ inputs.size }}"}
          - note: {value: "{{ inputs.fast }}"}
        """,
        inputs={"fast": False},
        strict=strict,
    )

    assert ran.ended.is_ok
    assert lab.values() == ["usual", False]


async def test_an_optional_input_without_value_harms_whoever_asks_for_it_alone(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {size: {type: String, required: false}}
        tasks:
          - note: {name: one}
          - note: {name: two, value: "{{ inputs.size }}", fail_ok: true}
        """,
        report="report.yaml",
    )

    assert ran.ended.is_ok
    assert lab.notes() == ["one"]
    assert "input size has no value and no default" in ran.steps["tasks[1]"].message
    assert "static: {}" in (lab.folder / "report.yaml").read_text(encoding="utf-8")


async def test_events_tell_static_values_and_names_of_dynamic_ones(lab: Lab) -> None:
    ran = await lab.run(
        f"""{STORE}
inputs:
  size: {{type: Integer}}
  room: {{type: String, data: box/room}}
  key: {{type: secret}}
""",
        inputs={"size": 3, "key": "hunter22"},
    )

    (known,) = ran.of(InputsKnown)
    assert known.static == {"size": 3, "key": "***"}
    assert known.dynamic == ("room",)


async def test_what_nobody_gave_may_not_be_used_by_a_store(lab: Lab) -> None:
    ran = await lab.run("""
        inputs: {size: {type: Integer, data: box/size}}
        data_stores:
          box: {type: spy}
          other: {type: spy, timeout: "{{ inputs.size }}"}
        tasks: [{note: {name: one}}]
        hooks: {on_fail: [{note: {name: failed}}]}
        """)

    assert ran.ended.exit_code == 2
    assert "the data stores are not open yet" in ran.ended.error
    assert lab.notes() == []
    assert lab.diary.stores == ["open box", "close box"]


async def test_a_secret_that_comes_from_a_store_is_hidden_from_then_on(lab: Lab) -> None:
    lab.diary.kept["box"] = {"key": "hunter22"}
    ran = await lab.run(f"""{STORE}
inputs: {{key: {{type: secret, data: box/key}}}}
tasks:
  - note: {{value: "{{{{ inputs.key }}}}", say: ["it is {{{{ inputs.key }}}}"]}}
""")

    assert lab.values() == ["hunter22"]
    assert "it is ***" in ran.lines("tasks.note")
    assert "hunter22" not in repr(ran.events)
