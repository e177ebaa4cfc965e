"""Values in one JSON or YAML file."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from choria_core.config.schema import Setting
from choria_core.errors import ConfigError, KeyMissingError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.options import SECONDS
from choria_core.playbook.workbench import Workbench
from choria_plugin_file.data_file import DataFile, Version, version_of
from choria_plugin_file.texts import DataText, JsonText, Values, YamlText, own_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """What a book may say of a file store."""

    file: Annotated[str, Setting("the data file; `~` is your home")]
    format: Annotated[Literal["json", "yaml"], Setting("how it is written")]
    create: Annotated[bool, Setting("make it where it is missing, for its owner alone")] = False
    sync: Annotated[bool, Setting("after each write, wait until the disk has it")] = False
    timeout: Annotated[
        float,
        Setting("how long another process may keep it locked", grammar=SECONDS, minimum=0),
    ] = 120.0


class FileStore(DataStore):
    """Values in a file that several processes may change at a time, and people read."""

    Options: ClassVar[type] = FileOptions
    holds_text: ClassVar[bool] = False
    is_passive: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: FileOptions = options
        self._text: DataText = JsonText() if options.format == "json" else YamlText()
        path = bench.folder / _expanded(options.file, bench)
        self._file = DataFile(path, sync=options.sync)
        self._values: Values = {}
        self._version: Version | None = None

    async def open(self) -> None:
        """Look at the file, and make it where that is wanted.

        Raises:
            ConfigError: it cannot be a data file.
        """
        path = self._file.path
        if not self._options.file:
            raise self._unfit("no file is given", "add `file`")
        if self._options.create:
            self._create()
        if not path.exists():
            raise self._unfit(f"{path} does not exist", "make it, or say `create: true`")
        if not path.is_file():
            raise self._unfit(f"{path} is no file", "name a file")
        if not os.access(path, os.R_OK):
            raise self._unfit(f"{path} is not readable for us", "change its mode or owner")
        if not os.access(path, os.W_OK):
            raise self._unfit(f"{path} is not writable for us", "change its mode or owner")
        folder = path.resolve().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            why = "a write puts a new file in place of the old one"
            raise self._unfit(f"the folder {folder} is not writable for us", why)
        self._read_again()

    async def close(self) -> None:
        """Wait until the disk has all that was written."""
        await asyncio.to_thread(self._file.settle)

    async def read(self, key: str) -> object:
        """A value, as the file has it now."""
        values = self._present(self._file.status())
        if key not in values:
            raise KeyMissingError(f"store {self._name!r} has no key {key!r} in {self._file.path}")
        return own_copy(values[key])

    async def write(self, key: str, value: object) -> object:
        """Keep a value; what the file has now."""
        _check_key(key)
        kept = own_copy(value)
        async with self._file.locked(timeout_seconds=self._options.timeout) as status:
            self._replace({**self._present(status), key: kept}, key, status)
        return own_copy(kept)

    async def delete(self, key: str) -> object:
        """Forget a value."""
        async with self._file.locked(timeout_seconds=self._options.timeout) as status:
            values = dict(self._present(status))
            if key in values:
                del values[key]
                self._replace(values, key, status)
        return None

    def _present(self, status: os.stat_result) -> Values:
        """What the file says; parsed only where it is another one than before."""
        if version_of(status) != self._version:
            try:
                self._read_again()
            except ConfigError as error:
                raise WorkError(f"store {self._name!r} is damaged: {error}") from None
        return self._values

    def _read_again(self) -> None:
        text, version = self._file.read()
        self._values = self._text.read(text, file=str(self._file.path))
        self._version = version

    def _replace(self, values: Values, changed: str, like: os.stat_result) -> None:
        self._version = None  # until all went well: `_text` has the new value already
        self._version = self._file.replace(self._text.write(values, changed), like=like)
        self._values = values

    def _create(self) -> None:
        try:
            self._file.create()
        except OSError as error:
            text = f"{self._file.path} cannot be made: {error.strerror}"
            raise self._unfit(text, "make its folder, or name another") from None

    def _unfit(self, text: str, fix: str) -> ConfigError:
        return ConfigError(f"data store {self._name!r}: {text}; {fix}")


def _check_key(key: str) -> None:
    try:
        key.encode()
    except UnicodeEncodeError:
        raise WorkError(f"the key {key!r} has something that is no character") from None


def _expanded(path: str, bench: Workbench) -> Path:
    """A path whose ``~`` is the home of the environment, as a shell sees it."""
    home = bench.environment.get("HOME")
    if home and (path == "~" or path.startswith("~/")):
        return Path(home + path[1:])
    return Path(path).expanduser()
