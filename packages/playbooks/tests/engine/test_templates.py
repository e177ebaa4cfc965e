"""Templates in a run: what each form gives, where, and that values are never expanded."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.playbooks.tests.engine.conftest import Lab


@pytest.mark.parametrize("braces", ["{{{ %s }}}", "{{%s}}", "{{{%s}}", "{{ %s }}}"])
async def test_a_marker_alone_keeps_the_type_of_its_value(lab: Lab, braces: str) -> None:
    values: dict[str, Any] = {
        "list": ["a", 1, None, {"b": True}],
        "hash": {"a": [1, 2.5]},
        "number": 17,
        "truth": False,
        "text": "17",
    }
    notes = "\n".join(f"""  - note: {{value: "{braces % f"inputs.{name}"}"}}""" for name in values)
    ran = await lab.run(
        f"""
inputs:
  list: {{type: Array}}
  hash: {{type: Hash}}
  number: {{type: Integer}}
  truth: {{type: Boolean}}
  text: {{type: String}}
tasks:
{notes}
""",
        inputs=values,
    )

    assert ran.ended.is_ok
    assert lab.values() == list(values.values())


async def test_values_within_texts_become_texts(lab: Lab) -> None:
    await lab.run(
        """
        inputs:
          list: {type: Array}
          hash: {type: Hash}
          truth: {type: Boolean}
          number: {type: Integer}
        tasks:
          - note:
              value:
                - "l {{ inputs.list }}"
                - {deep: "h {{{ inputs.hash }}}"}
                - "t {{ inputs.truth }}, n {{ input.number }}{{ inputs.number }}"
        """,
        inputs={"list": ["a", "b"], "hash": {"a": 1}, "truth": True, "number": 4},
    )

    assert lab.values() == [["l a, b", {"deep": 'h {"a":1}'}, "t true, n 44"]]


async def test_what_a_task_did_is_known_to_the_next(lab: Lab) -> None:
    keys = ("success", "description", "msg", "message", "data", "runtime")
    asked = ", ".join(f'{key}: "{{{{ previous_task.{key} }}}}"' for key in keys)
    await lab.run(f"""
tasks:
  - note: {{value: {{{asked}}}}}
  - note: {{description: the first, message: well done, value: [1, 2]}}
  - note: {{value: {{{asked}}}, fail: true, message: no luck, fail_ok: true}}
  - note: {{value: "{{{{ previous_task.success }}}} {{{{ previous_task.msg }}}}"}}
  - note: {{value: "{{{{ previous_task.data.0 }}}}"}}
""")

    none, _, first, failed, inner = lab.values()
    assert none["success"] is False
    assert none["data"] == []
    assert none["runtime"] == 0
    assert none["msg"] == none["message"] == none["description"] != ""
    assert first["success"] is True
    assert first["description"] == "the first"
    assert first["msg"] == first["message"] == "well done"
    assert first["data"] == [[1, 2]]
    assert first["runtime"] == round(first["runtime"], 2)
    assert failed == "false no luck"
    assert inner == "false no luck"


async def test_previous_task_stands_in_descriptions_arguments_loops_and_conditions(
    lab: Lab,
) -> None:
    ran = await lab.run("""
        task_lists:
          show: {arguments: {it: {type: Array}}, tasks: [{note: {value: "{{ arguments.it }}"}}]}
        tasks:
          - note: {value: one, message: hello}
          - note: {description: "after {{ previous_task.message }}", value: [x, y]}
          - tasks: {list: show, arguments: {it: "{{ previous_task.data.0 }}"}}
          - note: {loop: "{{ previous_task.data.0 }}", value: "{{ item }}"}
          - note: {when: previous_task.success and previous_task.data.0 = y, value: wanted}
    """)

    assert ran.ended.is_ok
    assert ran.steps["tasks[1]"].description == "after hello"
    assert lab.values() == ["one", ["x", "y"], ["x", "y"], "x", "y", "wanted"]


async def test_after_a_hook_the_task_before_is_that_of_the_hook(lab: Lab) -> None:
    await lab.run("""
        tasks: [{note: {message: main, value: "{{ previous_task.message }}"}}]
        hooks:
          pre_book: [{note: {message: book, value: "{{ previous_task.success }}"}}]
          pre_task: [{note: {message: before, value: "{{ previous_task.message }}"}}]
          post_task: [{note: {message: after, value: "{{ previous_task.message }}"}}]
          on_success: [{note: {message: end, value: "{{ previous_task.message }}"}}]
    """)

    assert lab.values() == [False, "book", "before", "main", "after"]


async def test_on_fail_knows_the_task_that_failed(lab: Lab) -> None:
    await lab.run("""
        data_stores: {memory: {type: memory}}
        tasks: [{note: {message: broken, fail: true, description: a task}}]
        hooks:
          on_fail:
            - note: {value: "{{ previous_task.description }}: {{ previous_task.msg }}"}
    """)

    assert lab.values()[-1] == "a task: broken"


async def test_on_fail_knows_a_task_that_could_not_begin(lab: Lab) -> None:
    await lab.run("""
        data_stores: {box: {type: spy}}
        inputs: {size: {type: String, data: box/size}}
        tasks: [{note: {description: a task, when: inputs.size = 3}}]
        hooks: {on_fail: [{note: {value: "{{ previous_task.msg }}"}}]}
    """)

    assert "input size could not be had" in lab.values()[-1]


async def test_times_and_marks_of_their_own(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - note: {value: "{{ elapsed_time }}"}
          - note: {value: ["{{ uuid }}", "{{ uuid }}"]}
          - note: {value: "{{ date('%Y') }}-{{ utc_date(%m) }}"}
          - note: {value: '{{ utc_date("%Y-%m-%dT%H:%M:%S") }}'}
    """)

    elapsed, (one, two), month, moment = lab.values()
    assert isinstance(elapsed, float)
    assert 0 <= elapsed < 60
    assert one != two
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one)
    assert re.fullmatch(r"20\d\d-\d\d", month)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", moment)


async def test_metadata_and_nodes(lab: Lab) -> None:
    await lab.run("""
        tags: [one, two]
        run_as: choria=deployer
        nodes: {web: {type: listed, names: [a, b]}}
        tasks:
          - note: {value: "{{ metadata.name }} {{ metadata.version }} {{ metadata.author }}"}
          - note: {value: "{{ metadata.tags }}"}
          - note:
              value: "{{ metadata.description }} {{ metadata.on_fail }} {{ metadata.loglevel }}"
          - note: {value: "{{ metadata.run_as }}"}
          - note: {value: "{{ nodes.web }}"}
          - note: {value: "on {{ nodes.web }}"}
    """)

    assert lab.values() == [
        "test 1.0.0 R.I. Pienaar <rip@example.net>",
        ["one", "two"],
        "a book of a test fail info",
        "choria=deployer",
        ["a", "b"],
        "on a, b",
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from(
            ["{{ inputs.other }}", "{{{ uuid }}}", "{{", "}}", "{{ item }}", "a", "{{ nodes.x }}"]
        ),
        max_size=4,
    ).map(" ".join)
)
async def test_values_are_never_expanded(lab: Lab, text: str) -> None:
    lab.values()
    ran = await lab.run(
        """
        inputs: {text: {type: String}, other: {type: String, default: oops}}
        task_lists:
          show: {arguments: {it: {type: String}}, tasks: [{note: {value: "{{ arguments.it }}"}}]}
        tasks:
          - note: {value: "{{ inputs.text }}", register: kept, description: "{{ inputs.text }}"}
          - note: {value: "<{{ inputs.text }}>"}
          - note: {value: "{{ registered.kept.data.0 }}"}
          - note: {loop: ["{{ inputs.text }}"], value: "{{ item }}"}
          - tasks: {list: show, arguments: {it: "{{ inputs.text }}"}}
        """,
        inputs={"text": text},
    )

    assert ran.ended.is_ok
    assert lab.values() == [text, f"<{text}>", text, text, text]
    assert ran.steps["tasks[0]"].description == text


async def test_what_other_programs_read_passes_through(lab: Lab) -> None:
    await lab.run("""
        tasks: [{note: {value: "{{ .Name }} {x} {{ no.such }} {{{ else }}}"}}]
    """)

    assert lab.values() == ["{{ .Name }} {x} {{ no.such }} {{{ else }}}"]


async def test_old_books_know_the_old_forms_alone(lab: Lab) -> None:
    ran = await lab.run(
        """
        tasks:
          - note: {value: one, message: done}
          - note:
              value:
                - "{{{ previous_task.message }}}"
                - "{{ registered.x }}"
                - "{{ item }}"
                - "{{ lock.token }}"
                - "{{ batch }}"
                - "{{ previous_task.data.0 }}"
        """,
        strict=False,
    )

    assert ran.ended.is_ok
    assert lab.values()[1] == [
        "done",
        "{{ registered.x }}",
        "{{ item }}",
        "{{ lock.token }}",
        "{{ batch }}",
        "{{ previous_task.data.0 }}",
    ]


async def test_a_line_that_is_a_marker_leaves_the_other_lines(lab: Lab) -> None:
    await lab.run(
        """
        inputs: {x: {type: String}}
        tasks:
          - note:
              value: |
                first
                {{ inputs.x }}
                last
          - note: {value: "{{ date('%Y') }} and {{ date('%Y') }}"}
        """,
        inputs={"x": "middle"},
    )

    text, dates = lab.values()
    assert text == "first\nmiddle\nlast\n"
    assert re.fullmatch(r"20\d\d and 20\d\d", dates)


async def test_a_task_whose_template_has_no_value_fails_as_any_other(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {name: one, value: "{{ previous_task.data.7 }}", tries: 2, try_sleep: 0}
        hooks: {on_fail: [{note: {name: failed}}], post_book: [{note: {name: post}}]}
    """)

    assert ran.ended.exit_code == 1
    assert lab.notes() == ["failed", "post"]
    assert "book.yaml:8:" in ran.steps["tasks[0]"].message
    assert "previous_task.data has nothing called 7" in ran.steps["tasks[0]"].message


async def test_a_description_that_has_no_value_fails_its_task_whatever_surrounds_it(
    lab: Lab,
) -> None:
    ran = await lab.run("""
        data_stores: {box: {type: spy}}
        tasks:
          - note: {name: one, description: "a {{ previous_task.data.7 }}", lock: box/it}
        hooks: {on_fail: [{note: {name: failed}}], post_book: [{note: {name: post}}]}
    """)

    assert lab.notes() == ["failed", "post"]
    assert ran.steps["tasks[0]"].description == "a {{ previous_task.data.7 }}"
    assert "unlock box/it" in lab.diary.stores


async def test_hash_keys_and_words_of_control_take_no_templates(lab: Lab) -> None:
    await lab.run(
        """
        inputs: {x: {type: String}}
        tasks: [{note: {value: {"{{ inputs.x }}": "{{ inputs.x }}"}}}]
        """,
        inputs={"x": "y"},
    )

    assert lab.values() == [{"{{ inputs.x }}": "y"}]
