"""Reports that were written, read again: to go on with a run, and to show one.  Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from choria_core.config.problems import InvalidConfigError, Location, at
from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import UsageError
from choria_core.telemetry.redaction import HIDDEN
from choria_playbooks.engine.request import FinishedStep, Resumption
from choria_playbooks.report.journal import KEY, without_torn_end
from choria_playbooks.report.own_lines import own_document

_JOINT: Final = re.compile(r"[.#@/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it was written.

    Attributes:
        file: its name.
        report, playbook, metrics, resume: sections of that name.
        static: values of inputs.
        dynamic: names of those that were read.
        nodes: names by set.
        books: digests of other books, by id of the step that called it.
        tasks, steps, logs: in the order in which they ended.
    """

    file: str
    report: Mapping[str, Any] = field(default_factory=dict)
    playbook: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    resume: Mapping[str, Any] = field(default_factory=dict)
    static: Mapping[str, Any] = field(default_factory=dict)
    dynamic: tuple[str, ...] = ()
    nodes: Mapping[str, list[str]] = field(default_factory=dict)
    books: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    logs: tuple[Mapping[str, Any], ...] = ()


def read_report(text: str, *, file: str) -> Report:
    """The report in ``text``; one of the original engine is taken too.

    Raises:
        InvalidConfigError: it is none.
    """
    whole = without_torn_end(text)
    found = own_document(whole) or _any_document(whole, file)
    if not isinstance(found, dict) or not isinstance(found.get("report"), dict):
        fix = "name a file that choria playbook run --report wrote"
        raise InvalidConfigError([at(Location(file), "", "is no report of a playbook", fix)])
    inputs = _section(found, "inputs")
    parts = (found, *_records(found, KEY))
    return Report(
        file=file,
        report=_section(found, "report"),
        playbook=_section(found, "playbook"),
        metrics=_section(parts[-1], "metrics"),
        resume=_section(parts[-1], "resume"),
        static=_section(inputs, "static"),
        dynamic=tuple(str(name) for name in _list(inputs, "dynamic")),
        nodes={
            name: _list(_section(part, "nodes"), name)
            for part in parts
            for name in _section(part, "nodes")
        },
        books={
            name: digest
            for one in (_section(found, "playbook"), *parts)
            for name, digest in _section(one, "books").items()
        },
        tasks=tuple(record for part in parts for record in _records(part, "tasks")),
        steps=tuple(record for part in parts for record in _records(part, "steps")),
        logs=tuple(record for part in parts for record in _records(part, "logs")),
    )


def _any_document(text: str, file: str) -> object:
    """What a text says that is YAML of any kind."""
    document = read_yaml(text, file=file)
    if document.problems:
        raise InvalidConfigError(document.problems)
    return plain(document.root) if document.root else None


def resumption(report: Report) -> Resumption:
    """What a run that goes on needs to know.

    Raises:
        UsageError: the report is of the original engine, or its run did all there was to do.
    """
    digest = report.playbook.get("digest")
    if not isinstance(digest, str):
        raise UsageError(
            f"{report.file} does not say which book it is of, so its run cannot be resumed: "
            "run the book from its beginning"
        )
    if report.report.get("success") is True:
        raise UsageError(f"{report.file}: this run did all of its work; there is nothing to resume")
    finished = {step.id: step for step in _finished(report)}
    return Resumption(
        digest=digest,
        inputs={name: value for name, value in report.static.items() if value != HIDDEN},
        finished=finished,
        failed_nodes=frozenset(failed_nodes(report)),
        nodes=report.nodes,
        books={name: str(digest) for name, digest in report.books.items()},
    )


def failed_nodes(report: Report) -> Iterator[str]:
    """Nodes that failed in the end, each at its last task."""
    last: dict[str, bool] = {}
    for task in report.tasks:
        for node, result in _section(task, "results").items():
            last[node] = isinstance(result, dict) and "error" not in result
    return (node for node, is_ok in last.items() if not is_ok)


def _finished(report: Report) -> Iterator[FinishedStep]:
    """Steps that need not be done again, and those whose names others may ask for.

    A step that holds one whose secrets were not written down is not among them.
    """
    found = [*report.tasks, *report.steps]
    hidden = {
        name for one in found if one.get("writes") is None for name in _around(str(one.get("id")))
    }
    for one in found:
        identity = str(one.get("id"))
        writes, register = one.get("writes"), str(one.get("register") or "")
        is_skipped = one.get("state") == "skipped" and bool(register)
        if not isinstance(writes, dict) or not (one.get("state") == "ok" or is_skipped):
            continue
        if identity in hidden:
            continue
        is_last = identity == report.resume.get("last")
        yield FinishedStep(
            id=identity,
            list=str(one.get("set")),
            type=str(one.get("type")),
            parent=str(one.get("parent") or ""),
            description=str(one.get("description")),
            message=str(one.get("msg")),
            data=tuple(_list(report.resume, "data")) if is_last else (),
            register=register,
            registered=one.get("registered"),
            writes=writes,
            is_skipped=is_skipped,
        )


def _around(name: str) -> Iterator[str]:
    """Ids of the steps around a step."""
    return (name[: joint.start()] for joint in _JOINT.finditer(name))


def _section(found: Mapping[str, Any], key: str) -> dict[str, Any]:
    section = found.get(key)
    return section if isinstance(section, dict) else {}


def _list(found: Mapping[str, Any], key: str) -> list[Any]:
    items = found.get(key)
    return items if isinstance(items, list) else []


def _records(found: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    return (record for record in _list(found, key) if isinstance(record, dict))
