"""Writes the package of a new plugin."""

import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from choria_core.errors import UsageError, WorkError
from choria_core.plugin_template.kinds import PluginKind
from choria_core.plugin_template.names import PluginNames

FILES: Final = Path(__file__).with_name("files")
COMMON: Final = "common"
SUFFIX: Final = ".template"
CORE: Final = "choria-core"

_WORD: Final = re.compile(r"@([a-z]+)@")


def write_package(kind: PluginKind, names: PluginNames, folder: Path) -> tuple[Path, ...]:
    """Write the package into ``folder``, which is made for it; the files, below ``folder``.

    Raises:
        UsageError: the folder is there already, or the one that it would be in is not.
        WorkError: it cannot be written; nothing is left of it.
    """
    contents = dict(sorted(_contents(kind, names)))
    _make(folder)
    try:
        for path, text in contents.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise WorkError(f"{folder} cannot be written: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return tuple(contents)


def filled(text: str, words: Mapping[str, str]) -> str:
    """A template with its words exchanged; raises KeyError for one that is unknown."""
    return _WORD.sub(lambda found: words[found[1]], text)


def words_of(kind: PluginKind, names: PluginNames) -> dict[str, str]:
    """What the words of templates stand for."""
    release = _release(version(CORE))
    wanted = (f"{CORE}{release}", *kind.dependencies)
    return {
        "name": names.part,
        "plugin": names.plugin,
        "distribution": names.distribution,
        "package": names.package,
        "pascal": names.pascal,
        "summary": kind.summary,
        "release": release,
        "dependencies": ", ".join(f'"{one}"' for one in wanted),
    }


def _contents(kind: PluginKind, names: PluginNames) -> Iterator[tuple[Path, str]]:
    """The files of the package, and what they hold."""
    words = words_of(kind, names)
    for source in (FILES / COMMON, FILES / kind.word):
        for file in sorted(source.rglob(f"*{SUFFIX}")):
            path = filled(str(file.relative_to(source)), words)
            yield Path(path.removesuffix(SUFFIX)), filled(file.read_text(encoding="utf-8"), words)


def _release(core: str) -> str:
    """The releases that go with ``core``: from it on, up to the next that may break something."""
    major, minor = core.split(".")[:2]
    below = f"0.{int(minor) + 1}" if major == "0" else str(int(major) + 1)
    return f">={core},<{below}"


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except FileExistsError:
        fix = "remove it, or name another with --directory"
        raise UsageError(f"{folder} is there already: {fix}") from None
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{folder} has no folder to be in: make {folder.parent} first") from None
    except OSError as error:
        raise WorkError(f"{folder} cannot be made: {error.strerror}") from error
