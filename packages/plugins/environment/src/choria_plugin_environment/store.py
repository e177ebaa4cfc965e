"""Values in the environment of the programs that a run starts."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from choria_core.config.schema import Setting
from choria_core.errors import KeyMissingError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.options import SECONDS
from choria_core.playbook.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions:
    """What a book may say of an environment store."""

    prefix: Annotated[str, Setting("before each key, in the names of variables")] = ""
    timeout: Annotated[
        float, Setting("as other stores have it; nothing waits here", grammar=SECONDS, minimum=0)
    ] = 120.0


class EnvironmentStore(DataStore):
    """Environment variables of the run: what is written later shell tasks see, and nobody else."""

    Options: ClassVar[type] = EnvironmentOptions
    holds_text: ClassVar[bool] = True
    is_passive: ClassVar[bool] = True
    ends_with_run: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        self._name = name
        self._options: EnvironmentOptions = options
        self._variables = bench.environment

    async def open(self) -> None:
        """Nothing has to be made ready."""

    async def close(self) -> None:
        """The variables are the run's, and end with it."""

    async def read(self, key: str) -> object:
        """The text of a variable."""
        variable = self._variable(key)
        if variable not in self._variables:
            raise KeyMissingError(
                f"store {self._name!r} has no key {key!r}: "
                f"the environment has no variable {variable!r}"
            )
        return self._variables[variable]

    async def write(self, key: str, value: object) -> object:
        """Set a variable, which takes texts alone."""
        variable = self._variable(key)
        if not isinstance(value, str):
            kind = type(value).__name__
            raise WorkError(f"store {self._name!r} holds texts alone: {key!r} cannot be a {kind}")
        if "\0" in value or not _can_be_passed_on(value):
            raise WorkError(
                f"the value of {key!r} has a character that no environment variable can have"
            )
        self._variables[variable] = value
        return None

    async def delete(self, key: str) -> object:
        """Remove a variable."""
        self._variables.pop(self._variable(key), None)
        return None

    def _variable(self, key: str) -> str:
        variable = self._options.prefix + key
        if not key or "=" in variable or "\0" in variable or not _can_be_passed_on(variable):
            raise WorkError(f"no environment variable can be named {variable!r}, as {key!r} wants")
        return variable


def _can_be_passed_on(text: str) -> bool:
    """Whether a program can be given it: bytes that were no UTF-8 came as surrogates."""
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
