"""Those who run books: what each is started with, and whether it did all its tasks."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.kit.child import module_command
from bench.kit.program_run import ProgramRun, run_program
from bench.playbooks import ansible
from bench.playbooks.books import ansible_book, data_book, shell_book
from bench.playbooks.figures import OwnAccount, Taken
from bench.playbooks.names import ANSIBLE, BARE, DATA, SHELL
from choria_core.errors import WorkError

Reading = Callable[[ProgramRun], tuple[int, OwnAccount | None]]
"""Tells of a run how many tasks it did well, and what it says of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do tasks.

    Attributes:
        name: for people.
        commands: by number of tasks, what is run.
        reading: see :data:`Reading`; None where an exit code of 0 says it all.
        environment: variables beside ours.
        leaves: a file that is removed before each run.
    """

    name: str
    commands: Mapping[int, Sequence[str]]
    reading: Reading | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    leaves: Path | None = None

    async def run(self, tasks: int) -> Taken:
        """Do so many tasks.

        Raises:
            WorkError: it failed, or did not do them all.
        """
        if self.leaves is not None:
            self.leaves.unlink(missing_ok=True)
        run = await run_program(self.commands[tasks], self.environment)
        done, own = (tasks, None) if self.reading is None else self.reading(run)
        if done != tasks:
            raise WorkError(f"{self.name} did {done} of {tasks} tasks")
        return Taken(
            tasks=tasks,
            seconds=run.seconds,
            peak_bytes=run.peak_bytes,
            own=own,
        )


def contenders(
    folder: Path, counts: Sequence[int], ansible_command: Sequence[str] | None
) -> list[Contender]:
    """All of them, with their books in ``folder``; Ansible only where there is one."""
    values = folder / "values.yaml"
    found = [
        Contender(
            name=SHELL,
            commands=_by_count(counts, folder, "shell", shell_book, _our_words),
            reading=_our_reading,
        ),
        Contender(
            name=DATA,
            commands=_by_count(
                counts, folder, "data", lambda count: data_book(count, values), _our_words
            ),
            reading=_our_reading,
            leaves=values,
        ),
        Contender(
            name=BARE,
            commands={
                count: module_command("bench.playbooks.bare_loop", str(count)) for count in counts
            },
        ),
    ]
    if ansible_command is not None:
        found.append(_ansible(folder, counts, ansible_command))
    return found


def _ansible(folder: Path, counts: Sequence[int], command: Sequence[str]) -> Contender:
    def words(book: Path) -> Sequence[str]:
        return ansible.play_words(command, book)

    return Contender(
        name=ANSIBLE,
        commands=_by_count(counts, folder, "ansible", ansible_book, words),
        reading=_ansible_reading,
        environment=ansible.write_settings(folder),
    )


def _by_count(
    counts: Sequence[int],
    folder: Path,
    stem: str,
    text: Callable[[int], str],
    words: Callable[[Path], Sequence[str]],
) -> dict[int, Sequence[str]]:
    """Write a book of each size; what runs it."""
    commands: dict[int, Sequence[str]] = {}
    for count in counts:
        book = folder / f"{stem}-{count}.yaml"
        book.write_text(text(count))
        commands[count] = words(book)
    return commands


def _our_words(book: Path) -> Sequence[str]:
    program = Path(sys.executable).parent / "choria"
    return (str(program), "playbook", "run", str(book), "--json")


def _our_reading(run: ProgramRun) -> tuple[int, OwnAccount | None]:
    """From the events that it printed."""
    events: list[dict[str, Any]] = [json.loads(line) for line in run.output.splitlines()]
    began = [event["time"] for event in events if event["event"] == "step_began"]
    ended = [event for event in events if event["event"] == "step_ended"]
    if not (began and ended):
        return 0, None
    own = OwnAccount(
        start_seconds=began[0] - run.started, task_seconds=ended[-1]["time"] - began[0]
    )
    return sum(event["state"] == "ok" for event in ended), own


_RECAP: Final = re.compile(rb"^localhost +: ok=(\d+) ", re.MULTILINE)


def _ansible_reading(run: ProgramRun) -> tuple[int, OwnAccount | None]:
    """From its recap, which says nothing of the time."""
    recap = _RECAP.search(run.output)
    return int(recap[1]) if recap else 0, None
