"""The quick reader of reports says what any reader of YAML says, or nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import read_yaml
from choria_core.playbook.outcome import HostResult
from choria_playbooks.engine.events import Level, Line, RunBegan, State, StepEnded
from choria_playbooks.report.document import ReportDocument
from choria_playbooks.report.own_lines import own_document

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def any_document(text: str) -> Any:
    """What the reader of all of YAML says."""
    document = read_yaml(text)
    return plain(document.root) if document.root and not document.problems else None


def report_of(value: object, text: str) -> str:
    """A report that holds both wherever it can."""
    report = ReportDocument(text)
    report.take(RunBegan(time=1.5, book=text, version=text, file=text, run_id=text))
    report.take(Line(time=2.5, level=Level.INFO, context=text, text=text))
    ended = StepEnded(
        time=3.0,
        id=text,
        parent=text,
        list="tasks",
        type="shell",
        description=text,
        state=State.OK,
        message=text,
        started=2.0,
        run_seconds=1.0,
        results={text: HostResult(is_ok=True, value=value)},
        register=text,
        registered=value,
    )
    report.take(ended)
    return report.text()


@given(value=JSON, text=st.text())
def test_a_report_is_read_as_any_yaml_is(value: object, text: str) -> None:
    written = report_of(value, text)

    found = own_document(written)

    assert found == any_document(written)
    assert found is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n",
        "a: 1\n",
        "---\na: 1",
        "---\na: 1\na: 2\n",
        "---\na: {x: 1}\n",
        "---\na: yes\n",
        "---\na: 010\n",
        "---\na: 1 # one\n",
        "---\na: |\n  b\n",
        "---\n  a: 1\n",
        "---\na:\n- one\n",
        "---\na:\n   b: 1\n",
        "---\na:\nb: 1\n",
        "---\na: &x 1\n",
        '---\na: {"b": 1, "b": 2}\n',
        '---\na: "\\ud800"\n',
        "---\na: [NaN]\n",
        f"---\na: {'[' * 100_000}\n",
    ],
)
def test_what_is_not_written_so_is_left_to_others(text: str) -> None:
    assert own_document(text) is None
