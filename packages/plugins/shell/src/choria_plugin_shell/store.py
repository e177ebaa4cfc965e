"""Values that a program of yours keeps."""

import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from choria_core.config.schema import Setting
from choria_core.errors import ConfigError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.options import SECONDS
from choria_core.playbook.stored_text import stored_text
from choria_core.playbook.workbench import Workbench
from choria_core.processes.processes import Finished

Action = Literal["read", "write", "delete"]

KEY: Final = re.compile(r"[a-zA-Z0-9_-]+")
"""What keys are; matched whole."""

_SHELL_WORD: Final = re.compile(r"[$`=~;&|<>(){}*?!\[\]]")
"""In the first word of a command: what it starts only the shell knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellOptions:
    """What a book may say of a shell store."""

    command: Annotated[
        str, Setting("what is run, with --read, --write or --delete behind it", exposed=True)
    ]
    timeout: Annotated[
        float, Setting("how long the command may take", grammar=SECONDS, minimum=0)
    ] = 10.0
    cwd: Annotated[str, Setting("where the command works; the system's temporary folder")] = ""
    environment: Annotated[
        Mapping[str, str], Setting("variables that the command has besides those of the run")
    ] = field(default_factory=dict)


class ShellStore(DataStore):
    """Asks a program, which has key, action and value in its environment."""

    Options: ClassVar[type] = ShellOptions
    holds_text: ClassVar[bool] = True
    is_passive: ClassVar[bool] = False

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: ShellOptions = options
        self._bench = bench

    @cached_property
    def _folder(self) -> Path:
        """Where the command works; not known before, as it is looked for by making a file."""
        return self._bench.folder / Path(self._options.cwd or tempfile.gettempdir()).expanduser()

    async def open(self) -> None:
        """Look at what can be looked at without starting anything.

        Raises:
            ConfigError: the command, the folder or a variable cannot work.
        """
        options = self._options
        if not options.command.strip():
            raise self._unfit("no command is given", "add `command`")
        self._check_program(options.command)
        if not self._folder.is_dir():
            raise self._unfit(f"{self._folder} is no folder", "correct `cwd`")
        for name, value in options.environment.items():
            if not name or "=" in name or "\0" in name + value:
                raise self._unfit(f"{name!r} is no variable", "correct `environment`")

    async def close(self) -> None:
        """Nothing is kept."""

    async def read(self, key: str) -> object:
        """What the command says, without the end of its last line.

        Raises:
            WorkError: the command failed, as it does where it has no such key.
        """
        finished = await self._run("read", key, {})
        return "\n".join(finished.output)

    async def write(self, key: str, value: object) -> object:
        """Have a text kept, or the JSON of something else."""
        text = stored_text(value)
        if "\0" in text:
            raise WorkError(f"the value of {key!r} has a character that no command can be given")
        await self._run("write", key, {"CHORIA_DATA_VALUE": text})
        return None

    async def delete(self, key: str) -> object:
        """Have a value forgotten."""
        await self._run("delete", key, {})
        return None

    async def _run(self, action: Action, key: str, value: Mapping[str, str]) -> Finished:
        if not KEY.fullmatch(key):
            wanted = "letters, digits, _ and -"
            raise WorkError(f"store {self._name!r} takes keys of {wanted}; {key!r} is none")
        processes = await self._bench.processes()
        finished = await processes.run(
            f"{self._options.command} --{action}",
            folder=self._folder,
            environment={
                **self._bench.environment,
                "LC_ALL": "C",
                **self._options.environment,
                "CHORIA_DATA_KEY": key,
                "CHORIA_DATA_ACTION": action,
                **value,
            },
            timeout_seconds=self._options.timeout,
            separate_errors=True,
        )
        self._require_success(finished, action, key)
        return finished

    def _require_success(self, finished: Finished, action: Action, key: str) -> None:
        if finished.code == 0 and not finished.is_timed_out:
            return
        for line in finished.errors:
            self._bench.warn(f"store {self._name!r}, {action} of {key!r}: {line}")
        if finished.is_timed_out:
            how = f"took more than {self._options.timeout:g} s"
        elif finished.code < 0:
            how = f"was ended by signal {-finished.code}"
        else:
            how = f"ended with code {finished.code}"
        why = f": {finished.errors[-1]}" if finished.errors else ""
        raise WorkError(f"store {self._name!r}, {action} of {key!r}: the command {how}{why}")

    def _check_program(self, command: str) -> None:
        """The first word must be a program, unless only the shell knows what it is."""
        try:
            word = shlex.split(command)[0]
        except (ValueError, IndexError) as error:
            raise self._unfit(f"the command {command!r} is none: {error}", "check quotes") from None
        if _SHELL_WORD.search(word):
            return
        path = self._bench.environment.get("PATH", "")
        program = str(self._folder / word) if "/" in word else word
        if shutil.which(program, path=path) is None:
            text = f"the command {word!r} is no program that we may start"
            raise self._unfit(text, "correct `command`, or make the file executable")

    def _unfit(self, text: str, fix: str) -> ConfigError:
        return ConfigError(f"data store {self._name!r}: {text}; {fix}")
