"""What the page about old playbooks says of runs, in both modes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from choria_core.config.problems import InvalidConfigError
from choria_core.plugins import Plugins
from packages.playbooks.tests.engine.conftest import Lab

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "playbook-compatibility.md"

BOTH = pytest.mark.parametrize("strict", [False, True], ids=["old", "strict"])


Test = TypeVar("Test", bound=Callable[..., Any])


def row(name: str) -> Callable[[Test], Test]:
    """Says which row of the page a test is about; it must be there."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert any(name in line for line in lines), name
    return lambda test: test


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab of its own."""
    plugins = Plugins()
    plugins.load_installed()
    environment = {"PATH": "/usr/bin:/bin", "SAID": str(tmp_path / "said")}
    return Lab(tmp_path, plugins, environment)


SAYS = """tasks: [{shell: {command: 'echo {{ inputs.a }} >> "$SAID"'}}]\n"""


async def said(
    lab: Lab, text: str, *, strict: bool, inputs: Mapping[str, Any] | None = None
) -> list[str]:
    """What the tasks of a book say, which does its work."""
    ran = await lab.run(text, strict=strict, inputs=inputs)
    assert ran.ended.is_ok, ran.lines()
    return ran.said


@row("`required` is the default")
@BOTH
async def test_a_default_satisfies_required(lab: Lab, *, strict: bool) -> None:
    text = f"inputs: {{a: {{type: String, default: alpha}}}}\n{SAYS}"
    assert await said(lab, text, strict=strict) == ["alpha"]


@row("pattern for a value that is no text")
@BOTH
async def test_a_number_is_held_against_a_pattern(lab: Lab, *, strict: bool) -> None:
    text = f"inputs: {{a: {{type: Integer, validation: /^4.$/}}}}\n{SAYS}"
    assert await said(lab, text, strict=strict, inputs={"a": 42}) == ["42"]

    truth = f"inputs: {{a: {{type: Boolean, validation: /t/}}}}\n{SAYS}"
    with pytest.raises(InvalidConfigError, match="must be a text to be held against a pattern"):
        await lab.run(truth, strict=strict, inputs={"a": True})


@row("required Boolean")
@BOTH
async def test_a_required_boolean_may_be_false(lab: Lab, *, strict: bool) -> None:
    text = f"inputs: {{a: {{type: Boolean}}}}\n{SAYS}"
    assert await said(lab, text, strict=strict, inputs={"a": False}) == ["false"]


@row("input without value")
@BOTH
async def test_an_input_without_a_value_is_left_out_of_the_report(
    lab: Lab, tmp_path: Path, *, strict: bool
) -> None:
    ran = await lab.run(
        "inputs: {a: {type: String, required: false}, b: {type: String, default: c}}\n",
        strict=strict,
        report="report.yaml",
    )

    assert ran.ended.is_ok
    assert yaml.safe_load((tmp_path / "report.yaml").read_text())["inputs"]["static"] == {"b": "c"}


@row("several inputs are missing")
@BOTH
async def test_all_missing_inputs_are_named(lab: Lab, *, strict: bool) -> None:
    with pytest.raises(InvalidConfigError) as raised:
        await lab.run("inputs: {a: {type: String}, b: {type: String}}\n", strict=strict)
    assert [one.key for one in raised.value.problems] == ["inputs.a", "inputs.b"]


@row("`validation` of an Array")
@row("`:shellsafe`")
@row("patterns in `validation`")
@BOTH
@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (":shellsafe", ["a", "b c"], ["a", "b\nc"]),
        (":shellsafe", ["a"], ["a & b"]),
        ("/^[a-z]+$/", ["a", "b"], ["a", "b\n1"]),
    ],
)
async def test_rules_hold_for_each_value_as_a_whole(
    lab: Lab, rule: str, good: list[str], bad: list[str], *, strict: bool
) -> None:
    text = f"inputs: {{a: {{type: Array, validation: '{rule}'}}}}\n"
    assert await said(lab, text, strict=strict, inputs={"a": good}) == []
    with pytest.raises(InvalidConfigError):
        await lab.run(text, strict=strict, inputs={"a": bad})


@row("type of a value")
async def test_a_value_of_another_type(lab: Lab) -> None:
    text = f"inputs: {{a: {{type: Integer}}}}\n{SAYS}"
    old = await lab.run(text, strict=False, inputs={"a": "many"})
    assert old.said == ["many"]
    assert "it is used as it is" in "".join(old.lines("prep.inputs"))
    with pytest.raises(InvalidConfigError):
        await lab.run(text, strict=True, inputs={"a": "many"})


@row("`save` of false")
@pytest.mark.parametrize(("strict", "kept"), [(False, "true"), (True, "false")])
async def test_false_is_saved_by_strict_books(lab: Lab, kept: str, *, strict: bool) -> None:
    text = """data_stores: {m: {type: memory}}
inputs:
  b: {type: Boolean, data: m/b, save: true}
  a: {type: Boolean, data: m/b, dynamic: true, default: true}
"""
    assert await said(lab, text + SAYS, strict=strict, inputs={"b": False}) == [kept]


@row("value from a store that keeps texts")
@BOTH
async def test_a_text_of_a_store_becomes_what_its_input_is(lab: Lab, *, strict: bool) -> None:
    lab.environment["NUMBERS"] = "[1, 2]"
    text = (
        "data_stores: {e: {type: environment}}\n"
        f"inputs: {{a: {{type: Array, data: e/NUMBERS}}}}\n{SAYS}"
    )
    assert await said(lab, text, strict=strict) == ["1, 2"]


@row("two braces or three")
@row("marker that is not known")
@row("line of a longer text")
@row("text that begins and ends")
@BOTH
async def test_markers_are_replaced_and_nothing_else(lab: Lab, *, strict: bool) -> None:
    text = """
inputs: {a: {type: Array, default: [x, y]}}
tasks:
  - shell:
      command: |
        cat >> "$SAID" <<'END'
        {{ inputs.a }}
        {{{ inputs.a }} {{input.a}}} {{ .Name }} { inputs.a }
        END
  - shell:
      command: ["sh", "-c", 'echo "$DAY" >> "$SAID"']
      environment: {DAY: '{{ date("%%") }}-{{ date("%%") }}'}
"""
    assert await said(lab, text, strict=strict) == [
        "x, y",
        "x, y x, y {{ .Name }} { inputs.a }",
        "%-%",
    ]


@row("new markers")
@pytest.mark.parametrize(("strict", "shown"), [(False, "{{ registered.a.msg }}"), (True, "ended")])
async def test_new_markers_are_filled_in_by_strict_books(
    lab: Lab, shown: str, *, strict: bool
) -> None:
    register = ", register: a" if strict else ""
    text = (
        f"tasks:\n  - shell: {{command: 'true'{register}}}\n"
        '  - shell: {command: [sh, -c, \'echo "$A" >> "$SAID"\'],'
        " environment: {A: 'it {{ registered.a.msg }}'}}\n"
    )
    (line,) = await said(lab, text, strict=strict)
    assert shown in line


@row("`tries` with `fail_ok`")
@BOTH
async def test_all_tries_are_made_before_a_failure_is_fine(lab: Lab, *, strict: bool) -> None:
    command = """'echo try >> "$SAID"; false'"""
    text = f"tasks: [{{shell: {{command: {command}, tries: 3, try_sleep: 0, fail_ok: true}}}}]\n"
    assert await said(lab, text, strict=strict) == ["try"] * 3


@row("wrong options, templates and stores")
@BOTH
async def test_what_is_wrong_within_a_task_fails_it(lab: Lab, *, strict: bool) -> None:
    ran = await lab.run(
        """
data_stores: {m: {type: memory}}
inputs: {a: {type: String, data: m/none}}
tasks: [{shell: {command: "echo {{ inputs.a }}"}}]
hooks:
  on_fail: [{shell: {command: 'echo on_fail >> "$SAID"'}}]
  post_book: [{shell: {command: 'echo post_book >> "$SAID"'}}]
""",
        strict=strict,
    )
    assert not ran.ended.is_ok
    assert ran.said == ["on_fail", "post_book"]


@row("`locks` on memory")
@BOTH
async def test_memory_has_locks(lab: Lab, *, strict: bool) -> None:
    ran = await lab.run("data_stores: {m: {type: memory}}\nlocks: [m, m/own]\n", strict=strict)

    assert ran.ended.is_ok
    assert ran.lines("locks") == [
        "Lock m/choria/locks/playbook/test is taken",
        "Lock m/own is taken",
        "Lock m/own is given back",
        "Lock m/choria/locks/playbook/test is given back",
    ]


@row("rows of a report")
@row("log lines in a report")
@BOTH
async def test_a_report_has_one_row_for_a_task_and_all_lines(
    lab: Lab, tmp_path: Path, *, strict: bool
) -> None:
    await lab.run(
        "tasks: [{shell: {command: 'false', tries: 2, try_sleep: 0}}]\n",
        strict=strict,
        report="report.yaml",
    )

    report = yaml.safe_load((tmp_path / "report.yaml").read_text())
    (task,) = report["tasks"]
    assert [one["number"] for one in task["attempts"]] == [1, 2]
    assert report["metrics"]["task_count"] == 1
    assert "debug" in {line["level"] for line in report["logs"]}
