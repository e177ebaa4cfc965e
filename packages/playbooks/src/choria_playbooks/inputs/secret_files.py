"""Files that hold one secret each."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from choria_playbooks.inputs.errors import InputError

MOST_BYTES: Final = 64 * 1024


def secret_reader(folder: Path) -> Callable[[str], str | None]:
    """What reads the files that inputs name; relative ones begin in ``folder``."""
    return lambda name: read_secret(folder / Path(name).expanduser())


def read_secret(file: Path) -> str | None:
    """The text of a file without the line end that editors leave; None where there is no file.

    Raises:
        InputError: it cannot be read, is no text, or is larger than a secret may be.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read from {file}: {reason}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"cannot be read from {file}: it has more than {MOST_BYTES} bytes")
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(f"cannot be read from {file}: it is no text") from None
