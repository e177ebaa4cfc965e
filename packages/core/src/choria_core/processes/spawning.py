"""Start a program so that it is registered with the guardian before it does anything."""

import os
import shlex
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SHELL: Final = "/bin/sh"

_REGISTER: Final = "echo $$ >&3; exec 3>&-; "
"""The first thing that the shell does; it keeps its number when it becomes a program."""

_NO_FOLDER: Final = 126

_RESET: Final = [
    number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)
]


def spawn(
    command: str | Sequence[str],
    *,
    folder: Path | None,
    environment: Mapping[str, str],
    descriptors: tuple[int, int, int, int],
) -> int:
    """Start a command in a session and group of its own.

    Every signal has its default effect there, and none is blocked.

    Args:
        command: a text for the shell, or the words of a command.
        folder: where it works; ours when None.
        environment: all of it.
        descriptors: become its input, output, errors, and the guardian's pipe, which it
            closes before the command begins.

    Returns:
        Its process number, which is its group's too.

    Raises:
        OSError: it cannot be started: the command is too long for the system.
        ValueError: the command or environment has a NUL, or a name has ``=``.
    """
    words = _words(command, folder)
    actions = [
        (os.POSIX_SPAWN_DUP2, descriptor, target) for target, descriptor in enumerate(descriptors)
    ]
    try:
        return os.posix_spawn(
            SHELL,
            words,
            environment,
            file_actions=actions,
            setsid=True,
            setsigmask=[],
            setsigdef=_RESET,
        )
    except NotImplementedError:  # an older system: a group must do
        return os.posix_spawn(
            SHELL,
            words,
            environment,
            file_actions=actions,
            setpgroup=0,
            setsigmask=[],
            setsigdef=_RESET,
        )


def _words(command: str | Sequence[str], folder: Path | None) -> list[str]:
    begin = _REGISTER
    if folder is not None:
        path = shlex.quote(str(folder.absolute()))
        begin += f"cd {path} || exit {_NO_FOLDER}; unset OLDPWD; "
    if isinstance(command, str):
        return ["sh", "-c", begin + command]
    return ["sh", "-c", begin + 'exec "$@"', "sh", *command]
