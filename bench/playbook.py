"""What a task of a playbook costs beside what it does, and how soon the first one begins.

    nox -s bench -- playbook [--quick]

A book of 500 shell tasks that run ``true``, and one of 500 data tasks that write into a
YAML file; ``--quick`` has 25.  In turn with them a bare loop spawns ``true`` as often, and
``ansible-playbook``, installed from PyPI into a cache of its own, does raw tasks over its
local connection.  All are whole programs, run with a single task and with all of them.
"""

import argparse
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.kit.report import machine_line, print_json, show_goals
from bench.playbooks.ansible import ansible_command
from bench.playbooks.contenders import Contender, contenders
from bench.playbooks.figures import BEYOND, GOALS, Round, figures_of, per_task
from bench.playbooks.names import ANSIBLE, SHELL
from bench.playbooks.trial import FULL, QUICK, Scale, run_trial
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- playbook", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="25 tasks, within 50 seconds")
    scale = QUICK if parser.parse_args().quick else FULL
    try:
        run_async(_bench(scale))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ChoriaError as error:
        sys.exit(f"error: {error}")


async def _bench(scale: Scale) -> None:
    begin = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - begin:5.1f} s  {text}", style="dim")

    tell(machine_line())
    with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
        ansible = await ansible_command(tell)
        those = contenders(Path(name), scale.counts, ansible)
        rounds = await run_trial(those, scale, tell)
    _report(console, rounds, those, scale.tasks)


def _report(
    console: Console, rounds: Sequence[Round], those: Sequence[Contender], tasks: int
) -> None:
    commands = {one.name: shlex.join(one.commands[tasks]) for one in those}
    _show(console, rounds, commands)
    figures = figures_of(rounds)
    met = show_goals(console, figures, GOALS)
    memory = {key: figures[key] for key in figures if key.endswith("memory_mb")}
    console.print("the most memory, MB:", memory)
    print_json({**figures, "tasks": tasks, "goals": met, "commands": commands})


def _show(console: Console, rounds: Sequence[Round], commands: dict[str, str]) -> None:
    """A row for each contender; below, what was run."""
    series = per_task(rounds)
    table = Table("milliseconds for a task", "median", "rounds")
    for name in (*commands, f"{SHELL}{BEYOND}", f"{ANSIBLE}{BEYOND}"):
        middle = series.median(name)
        shown = " ".join(f"{value:.2f}" for value in series.values(name))
        table.add_row(name, "-" if middle is None else f"{middle:.3f}", shown)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    for name, command in commands.items():
        console.print(f"[bold]{name}[/bold]: {escape(command)}")


if __name__ == "__main__":
    main()
