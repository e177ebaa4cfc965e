"""Books that are run as a test writes them, with what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

import pytest

from choria_core.event_loop import Stop
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book
from choria_playbooks.engine.events import (
    Event,
    Line,
    NodeDone,
    NodesWaiting,
    RunBegan,
    RunEnded,
    State,
    StepBegan,
    StepEnded,
    TryBegan,
    TryEnded,
)
from choria_playbooks.engine.request import Listener, Resumption, RunRequest
from choria_playbooks.engine.run import run_book
from choria_playbooks.report.reading import read_report, resumption
from choria_playbooks.report.report_file import ReportFile
from packages.playbooks.tests.engine.recording import Diary, RecordingPlugin

HEAD = """\
name: test
version: 1.0.0
author: R.I. Pienaar <rip@example.net>
description: a book of a test
"""

Kind = TypeVar("Kind", bound=Event)


@dataclass
class Ran:
    """A run that is over.

    Attributes:
        ended: how.
        events: all that happened, in order.
        said: lines that its shell tasks wrote into the file ``$SAID``.
    """

    ended: RunEnded
    events: list[Event]
    said: list[str]

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def steps(self) -> dict[str, StepEnded]:
        """How steps ended, by id."""
        return {event.id: event for event in self.of(StepEnded)}

    @property
    def states(self) -> dict[str, State]:
        """The same, and no more than that."""
        return {name: event.state for name, event in self.steps.items()}

    def lines(self, context: str = "") -> list[str]:
        """Texts of log lines, all or those of a context."""
        return [line.text for line in self.of(Line) if context in ("", line.context)]


def check_told(events: list[Event]) -> None:
    """Whatever a run was: what began has ended, within what surrounds it, and masks agree."""
    open_steps: dict[str, StepBegan] = {}
    for event in events:
        if isinstance(event, StepBegan):
            assert event.id not in open_steps, f"{event.id} began twice"
            open_steps[event.id] = event
        elif isinstance(event, StepEnded):
            began = open_steps.pop(event.id, None)
            inner = [one.id for one in open_steps.values() if one.parent == event.id]
            assert not inner, f"{event.id} ended before {inner}"
            assert began is None or began.parent == event.parent
            assert began is not None or event.state is State.SKIPPED or event.is_resumed
        elif isinstance(event, TryBegan | TryEnded | NodesWaiting | NodeDone):
            assert event.id in open_steps, f"{event.id} is told of and did not begin"
        if isinstance(event, StepBegan | StepEnded) and not _is_outside(event):
            assert event.parent in open_steps, f"{event.id} is told of outside of its parent"
    assert not open_steps, f"{list(open_steps)} never ended"
    assert isinstance(events[0], RunBegan)
    assert isinstance(events[-1], RunEnded)


def _is_outside(event: StepBegan | StepEnded) -> bool:
    """Whether a step has no parent, or stands around it: a hook of a task."""
    within = event.id.removeprefix(event.parent)
    return not event.parent or within.startswith(("/hooks.pre_task[", "/hooks.post_task["))


def _no_config() -> ClientConfig:
    raise AssertionError("a book of this test has nothing to do with the network")


@dataclass
class Lab:
    """Runs books in one folder.

    Attributes:
        folder: where books, files and ``$SAID`` are.
        plugins: all that are installed, and those that a test adds.
        environment: of programs; more can be added.
        diary: what the tests' own plugin did.
        load_config: of the client of RPC tasks.
        stop: ends a run when it is set.
    """

    folder: Path
    plugins: Plugins
    environment: dict[str, str]
    diary: Diary = field(default_factory=Diary)
    load_config: Callable[[], ClientConfig] = _no_config
    stop: Stop = field(default_factory=Stop)

    async def run(
        self,
        text: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        listener: Listener | None = None,
        strict: bool = True,
        report: str = "",
        **request: Any,
    ) -> Ran:
        """Run a book, of which ``text`` is all but its head.

        Args:
            text: of the book.
            inputs: as they are given.
            listener: one more.
            strict: the book says ``schema: 1``.
            report: name of the file of its report; empty for none.
            **request: all else that a request takes.
        """
        head = f"schema: 1\n{HEAD}" if strict else HEAD
        kinds, file = kinds_of(self.plugins), str(self.folder / "book.yaml")
        book = parse_book(head + dedent(text), kinds, file=file).book
        events: list[Event] = []
        listeners: list[Listener] = [events.append]
        if listener is not None:
            listeners.append(listener)
        if report:
            listeners.append(ReportFile(self.folder / report, digest=book.digest))
        wanted = RunRequest(book=book, inputs=inputs or {}, caller="up=rip", **request)
        bench = Workbench(
            plugins=self.plugins,
            load_config=self.load_config,
            environment=self.environment,
            folder=self.folder,
            is_closed=wanted.check and not wanted.resolve,
        )
        async with bench:
            ended = await run_book(wanted, bench=bench, listeners=listeners, stop=self.stop)
        check_told(events)
        return Ran(ended, events, self.said())

    def resumption(self, report: str) -> Resumption:
        """What a run needs to go on with the one that left a report."""
        text = (self.folder / report).read_text(encoding="utf-8")
        return resumption(read_report(text, file=report))

    def notes(self) -> list[str]:
        """Names of the ``note`` tasks that were tried since this was asked last."""
        noted, self.diary.notes = self.diary.notes, []
        return noted

    def values(self) -> list[Any]:
        """What they were given, likewise."""
        given, self.diary.values = self.diary.values, []
        return given

    def said(self) -> list[str]:
        """Lines of the file ``$SAID``."""
        file = self.folder / "said"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def write(self, name: str, text: str) -> Path:
        """Put a file into the folder."""
        file = self.folder / name
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def book(self, name: str, text: str) -> Path:
        """Put a strict book into the folder, of which ``text`` is all but its head."""
        return self.write(name, f"schema: 1\n{HEAD}{dedent(text)}")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab of its own, with the tests' plugin beside all that are installed."""
    plugins, diary = Plugins(), Diary()
    plugins.load_installed()
    plugins.register(RecordingPlugin(diary), "recording")
    environment = {"PATH": "/usr/bin:/bin", "SAID": str(tmp_path / "said")}
    return Lab(tmp_path, plugins, environment, diary)
