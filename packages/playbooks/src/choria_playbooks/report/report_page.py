"""A report as a page that stands alone.  Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any, Final

from choria_core.presentation import page
from choria_playbooks.report.reading import Report
from choria_playbooks.report.timeline import Bar, timeline

_MOST_NODES: Final = 500
"""Rows of a table of results; those that failed come first."""
_MOST_LINES: Final = 5000
"""Lines of the log that are shown, the last ones: why a run failed is said at its end."""
_LONGEST: Final = 400


def report_page(report: Report) -> str:
    """The page."""
    book = report.playbook
    title = f"{book.get('name', 'playbook')} {book.get('version', '')}".strip()
    return page.page(
        title,
        f"playbook run of {_text(report.report.get('timestamp'))}",
        (
            page.cards(_cards(report)),
            _failure(report),
            page.section("Tasks over time", timeline(_bars(report))),
            page.section("Results", "\n".join(_results(report)), said=_said(report)),
            page.section("Inputs", page.pairs(_inputs(report)) if _inputs(report) else ""),
            page.section("Nodes", page.pairs(_node_sets(report)) if report.nodes else ""),
            page.section("Types of tasks", _types(report)),
            page.section("Log", _log(report)),
        ),
    )


def _cards(report: Report) -> list[tuple[str, str]]:
    is_running = report.report.get("state") == "running"
    outcome = "unfinished" if is_running else ("success" if _is_ok(report) else "failed")
    nodes = {node for task in report.tasks for node in _mapping(task, "results")}
    return [
        (outcome, "outcome"),
        (str(report.metrics.get("task_count", len(report.tasks))), "tasks ran"),
        (f"{float(report.metrics.get('run_time') or 0):,.2f} s", "run time"),
        (f"{len(nodes):,}", "nodes and places"),
    ]


def _is_ok(report: Report) -> bool:
    return report.report.get("success") is True


def _failure(report: Report) -> str:
    error = report.report.get("playbook_error")
    return page.note(_text(error)) if error else ""


def _said(report: Report) -> str:
    failed = sum("error" in result for task in report.tasks for result in _all_results(task))
    return f"{failed} failed" if failed else ""


def _all_results(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (one for one in _mapping(task, "results").values() if isinstance(one, dict))


def _bars(report: Report) -> list[Bar]:
    began = _seconds(report.report.get("timestamp"))
    steps = {str(step.get("id")): step for step in report.steps}
    found = [
        _bar(step, began, steps)
        for step in (*report.steps, *report.tasks)
        if _seconds(step.get("start_time")) and step.get("state") != "skipped"
    ]
    return sorted(found, key=lambda bar: (bar.start, bar.depth))


def _bar(step: Mapping[str, Any], began: float, steps: Mapping[str, Mapping[str, Any]]) -> Bar:
    start = _seconds(step.get("start_time")) - began
    end = _seconds(step.get("end_time")) - began
    name = _text(step.get("description") or step.get("id"))
    state = _state(step)
    hint = f"{name}: {state}, {end - start:.3f} s\n{_text(step.get('msg'))}"
    return Bar(name, _depth(step, steps), start, max(end, start), state, hint)


def _state(step: Mapping[str, Any]) -> str:
    if "state" in step:
        return _text(step["state"])
    return "ok" if step.get("success") else "failed"


def _depth(step: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]) -> int:
    depth, parent = 0, steps.get(str(step.get("parent")))
    while parent is not None and depth < len(steps):
        depth, parent = depth + 1, steps.get(str(parent.get("parent")))
    return depth


def _results(report: Report) -> Iterator[str]:
    for task in report.tasks:
        state = _state(task)
        sign, style = {"ok": ("✓", "good"), "failed": ("✗", "bad")}.get(state, ("-", "soft"))
        attempts = task.get("attempts")
        tries = len(attempts) if isinstance(attempts, list) else 1
        told = [f"{float(task.get('run_time') or 0):.3f} s"]
        told += [f"{tries} tries"] if tries > 1 else []
        told += [_text(task.get("msg"))] if task.get("msg") else []
        opened = " open" if state in {"failed", "stopped"} else ""
        yield (
            f'<details{opened}><summary><span class="{style}">{sign}</span> '
            f"{escape(_text(task.get('description')))} "
            f'<span class="soft">{escape(", ".join(told))}</span></summary>'
            f"{_places(_mapping(task, 'results'))}</details>"
        )


def _places(results: Mapping[str, Any]) -> str:
    """A table of what came of a task at each place, failures first."""
    rows = sorted(
        ((name, one) for name, one in results.items() if isinstance(one, dict)),
        key=lambda row: ("error" not in row[1], row[0]),
    )
    if not rows:
        return ""
    body = "\n".join(_place(name, one) for name, one in rows[:_MOST_NODES])
    more = len(rows) - _MOST_NODES
    rest = f'<p class="soft">… and {more:,} more, all ok or alike</p>' if more > 0 else ""
    return f'<div class="wide"><table><tbody>{body}</tbody></table></div>{rest}'


def _place(name: str, result: Mapping[str, Any]) -> str:
    error = result.get("error")
    if isinstance(error, dict):
        told = f'<td class="bad">failed</td><td>{escape(_cut(_text(error.get("msg"))))}</td>'
    else:
        told = f'<td class="good">ok</td><td>{escape(_cut(_text(result.get("value"))))}</td>'
    return f"<tr><th>{escape(name)}</th>{told}</tr>"


def _inputs(report: Report) -> dict[str, str]:
    static = {name: _text(value) for name, value in report.static.items()}
    return {**static, **dict.fromkeys(report.dynamic, "read from its store")}


def _node_sets(report: Report) -> dict[str, str]:
    return {
        name: f"{len(nodes):,}: {_cut(', '.join(_text(node) for node in nodes))}"
        for name, nodes in report.nodes.items()
    }


def _types(report: Report) -> str:
    types = _mapping(report.metrics, "task_types")
    rows = [
        (name, *(_number(one.get(key)) for key in ("count", "pass", "fail", "total_time")))
        for name, one in types.items()
        if isinstance(one, dict)
    ]
    return page.grid(("type", "count", "passed", "failed", "seconds"), rows) if rows else ""


def _log(report: Report) -> str:
    rows = "\n".join(
        f'<tr><td class="soft">{escape(_text(log.get("time"))[11:19])}</td>'
        f'<td class="soft">{escape(_text(log.get("level")))}</td>'
        f"<td>{escape(_text(log.get('from')))}</td><td>{escape(_cut(_text(log.get('msg'))))}</td></tr>"
        for log in report.logs[-_MOST_LINES:]
    )
    if not rows:
        return ""
    table = f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'
    more = len(report.logs) - _MOST_LINES
    rest = f'<p class="soft">{more:,} lines before these are in the report</p>' if more > 0 else ""
    return f"<details><summary>{len(report.logs):,} lines</summary>{rest}{table}</details>"


def _mapping(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _number(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, int | float) else _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _seconds(value: object) -> float:
    """Unix seconds of a time as reports write it; 0 where there is none."""
    text = _text(value).replace(" Z", "+00:00").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
