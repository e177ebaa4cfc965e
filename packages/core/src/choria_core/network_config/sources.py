"""The files that a configuration is read from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from choria_core.config.problems import InvalidConfigError, Location, Problem, at
from choria_core.network_config.lines import Lines, read_lines

PROJECT_FILE: Final = "choria.conf"
PLUGIN_FOLDER: Final = "plugin.d"
USER_FILES: Final = (".choriarc", ".mcollective")
SYSTEM_FILES: Final = (
    Path("/etc/choria/client.conf"),
    Path("/usr/local/etc/choria/client.conf"),
    Path("/etc/puppetlabs/mcollective/client.cfg"),
)


def user_file_places(home: str) -> tuple[Path, ...]:
    """Where the file of a user is looked for, the first place first."""
    own = tuple(Path(home, name) for name in USER_FILES) if home else ()
    return own + SYSTEM_FILES


def user_file(home: str, places: tuple[Path, ...] | None = None) -> Path:
    """The file of a user who names none.

    Args:
        home: the user's home folder; empty for none.
        places: where to look in place of the usual.

    Raises:
        InvalidConfigError: there is none; the text names the places.
    """
    places = user_file_places(home) if places is None else places
    found = next((place for place in places if place.exists()), None)
    if found is None:
        looked = ", ".join(str(place) for place in places)
        problem = at(Location("configuration"), "", f"there is none in {looked}", "use --config")
        raise InvalidConfigError([problem])
    return found


def read_file(file: Path, *, prefix: str = "") -> Lines:
    """Read one file.

    Raises:
        InvalidConfigError: it cannot be read.
    """
    try:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fix = "check the path and its permissions"
        problem = at(Location(str(file)), "", f"cannot be read: {reason}", fix)
        raise InvalidConfigError([problem]) from None
    return read_lines(text, file=str(file), prefix=prefix)


def plugin_files(main_file: Path, home: str) -> Iterator[Path]:
    """The files of ``plugin.d`` beside ``main_file``, in order.

    There are none for a file below the home folder: what a user has there is the user's
    alone.
    """
    if home and main_file.absolute().is_relative_to(home):
        return
    folder = main_file.parent / PLUGIN_FOLDER
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".cfg", ".conf"))


def read_plugin_file(file: Path) -> Lines:
    """Read one file of ``plugin.d``: each key of ``NAME.cfg`` begins with ``plugin.NAME.``.

    A ``.conf`` file is passed over, as the original does, but not in silence.

    Raises:
        InvalidConfigError: it cannot be read.
    """
    if file.suffix == ".cfg":
        return read_file(file, prefix=f"plugin.{file.stem}")
    warning: Problem = at(Location(str(file)), "", "is not read", f"rename it to {file.stem}.cfg")
    return Lines((), (), (warning,))


def project_files(folder: Path) -> Iterator[Path]:
    """The project files that count in ``folder``: the root's first, its own last."""
    for above in (*reversed(folder.parents), folder):
        file = above / PROJECT_FILE
        if file.is_file():
            yield file
