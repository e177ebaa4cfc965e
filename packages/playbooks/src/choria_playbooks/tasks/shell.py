"""The task ``shell``: a program on this machine."""

import shlex
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS
from choria_core.playbook.task import HostResult, Outcome, TaskRun
from choria_core.processes.processes import Finished

HERE: Final = "localhost"

LOCK_TOKEN: Final = "CHORIA_LOCK_TOKEN"  # noqa: S105 - it fences, and is no secret
"""Variable with the token of the innermost lock that is held."""

LEAST_SECONDS: Final = 0.001

_SAID_CHARS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellOptions:
    """What a book may say of a program.

    It has the variables of the run, ``LC_ALL=C``, and ``CHORIA_LOCK_TOKEN`` while a lock is held.
    """

    command: Annotated[
        str | tuple[str, ...],
        Setting("a text for the shell, or the words of a command as a list", exposed=True),
    ]
    cwd: Annotated[str, Setting("folder where it works; the one of the run")] = ""
    timeout: Annotated[
        float | None,
        Setting(
            "how long it may take, then it is ended with all that it started",
            grammar=SECONDS,
            minimum=LEAST_SECONDS,
        ),
    ] = None
    environment: Annotated[
        Mapping[str, str | None],
        Setting("variables beside those of the run; one without a value is taken away"),
    ] = field(default_factory=dict)
    nodes: Annotated[
        tuple[str, ...] | None,
        Setting("added to the command as --nodes a,b,c", exposed=True),
    ] = None
    stdin: Annotated[str, Setting("what it can read on its standard input")] = ""

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        command = self.command
        words = (command,) if isinstance(command, str) else command
        if not words or not words[0].strip():
            yield "command", "says nothing to run", "write a command, as uptime or [uptime, -p]"
        if any("\0" in word for word in words):
            yield "command", "holds a character that no program can be given", "remove it"
        if self.nodes is not None and not self.nodes:
            yield "nodes", "names no nodes", "name at least one, or leave it out"
        for name, value in self.environment.items():
            if not name or "=" in name or "\0" in name + (value or ""):
                text = f"{name!a} cannot be given to a program"
                yield "environment", text, "names have no =, and nothing has a NUL character"


class ShellTask:
    """Runs a program to its end, and tells each line that it writes at once.

    It does well when it ends with code 0.
    """

    Options: ClassVar[type] = ShellOptions

    async def run(self, options: ShellOptions, run: TaskRun) -> Outcome:
        """Run it; it is ended with all that it started when the task is cancelled.

        Raises:
            ConfigError: there is no such folder.
            WorkError: the system cannot start it.
        """
        bench = run.bench
        processes = await bench.processes()
        finished = await processes.run(
            command_of(options),
            folder=_folder(options.cwd, bench.folder),
            environment=environment_of(options, bench.environment, run.lock_token),
            timeout_seconds=options.timeout,
            standard_input=options.stdin.encode(),
            on_line=run.line,
        )
        return outcome_of(options, finished)

    def foretell(self, options: ShellOptions) -> str:
        """What it would run; of several lines the first."""
        command = command_of(options)
        text = command if isinstance(command, str) else shlex.join(command)
        first, *more = text.strip().splitlines()
        return f"would run: {first}{' …' if more else ''}"


def command_of(options: ShellOptions) -> str | Sequence[str]:
    """The command with the nodes behind it."""
    if options.nodes is None:
        return options.command
    nodes = ",".join(options.nodes)
    if isinstance(options.command, str):
        return f"{options.command.rstrip()} --nodes {shlex.quote(nodes)}"
    return (*options.command, "--nodes", nodes)


def environment_of(
    options: ShellOptions, inherited: Mapping[str, str], lock_token: int | None
) -> dict[str, str]:
    """All variables of the program."""
    variables = {**inherited, "LC_ALL": "C"}
    if lock_token is not None:
        variables[LOCK_TOKEN] = str(lock_token)
    for name, value in options.environment.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    return variables


def outcome_of(options: ShellOptions, finished: Finished) -> Outcome:
    """What came of it."""
    output = finished.output
    value = {"exitcode": finished.code, "stdout": list(output)}
    if finished.code == 0 and not finished.is_timed_out:
        return Outcome(
            is_ok=True,
            message=f"the command ended with code 0 after {finished.seconds:.2f} s",
            data=output,
            results={HERE: HostResult(is_ok=True, value=value)},
        )
    message = _failure(options, finished)
    failed = HostResult(is_ok=False, value=value, error=message, kind="failed")
    return Outcome(is_ok=False, message=message, data=output, results={HERE: failed})


def _folder(cwd: str, folder: Path) -> Path:
    return folder / Path(cwd).expanduser() if cwd else folder


def _failure(options: ShellOptions, finished: Finished) -> str:
    """Why, with what it said last."""
    if finished.is_timed_out:
        how = f"took more than {options.timeout:g} s and was ended"
    elif finished.code < 0:
        how = f"was ended by {_signal_name(-finished.code)} after {finished.seconds:.2f} s"
    else:
        how = f"ended with code {finished.code} after {finished.seconds:.2f} s"
    last = next((line.strip() for line in reversed(finished.output) if line.strip()), "")
    said = f": {last[:_SAID_CHARS]}" if last else ""
    return f"the command {how}{said}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
