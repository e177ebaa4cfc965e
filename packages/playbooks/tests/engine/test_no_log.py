"""What ``no_log`` hides where it is said of a step that holds others."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from choria_playbooks.report.report_file import ReportFile

if TYPE_CHECKING:
    from .conftest import Lab

TELL = "shell: {description: tell, command: echo token-of-today, register: told}"
BOOKS = {
    "task": "tasks: [{shell: {command: echo token-of-today, register: told, no_log: true}}]\n",
    "block": f"tasks: [{{block: {{no_log: true, tasks: [{{{TELL}}}]}}}}]\n",
    "loop": f"tasks: [{{block: {{no_log: true, loop: [a], tasks: [{{{TELL}}}]}}}}]\n",
    "list": f"tasks: [{{tasks: {{list: it, no_log: true}}}}]\ntask_lists: {{it: [{{{TELL}}}]}}\n",
    "book": "tasks: [{playbook: {file: inner.yaml, no_log: true}}]\n",
}


@pytest.mark.parametrize("place", BOOKS)
async def test_nothing_is_told_of_what_stands_below_it(
    lab: "Lab", tmp_path: Path, place: str
) -> None:
    lab.book("inner.yaml", f"tasks: [{{{TELL}}}]\n")
    report = tmp_path / "report.yaml"

    ran = await lab.run(BOOKS[place], listener=ReportFile(report, digest="0"))

    assert ran.ended.is_ok, ran.lines()
    assert "token-of-today" not in repr(ran.events).replace("echo token-of-today", "")
    assert "token-of-today" not in report.read_text()
