"""The task ``data``: a value of a data store is written or deleted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from choria_core.config.schema import Setting
from choria_core.playbook.task import HostResult, Outcome, TaskRun

HERE: Final = "localhost"

_is_path: Final = re.compile(r"[a-zA-Z0-9_-]+/.+", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """What is done to a value of a store."""

    action: Annotated[Literal["write", "delete"], Setting("what is done")]
    key: Annotated[str, Setting("which value, as store/key")]
    value: Annotated[object, Setting("what is written; anything but null")] = None

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        if not _is_path(self.key):
            yield "key", f"is no path of a value: {self.key!r}", "write store/key"
        if self.action == "write" and self.value is None:
            yield "value", "is required for write but has no value", "add what is to be written"


class DataTask:
    """Writes or deletes a value of a store; deleting what is not there is no failure."""

    Options: ClassVar[type] = DataOptions

    async def run(self, options: DataOptions, run: TaskRun) -> Outcome:
        """Do it.

        Raises:
            ConfigError: the book has no such store.
            ChoriaError: the store cannot do it.
        """
        if options.action == "write":
            said = await run.stores.write(options.key, options.value)
            message = f"wrote {options.key}"
        else:
            said = await run.stores.delete(options.key)
            message = f"deleted {options.key}"
        return Outcome(
            is_ok=True,
            message=message,
            data=(said,),
            results={HERE: HostResult(is_ok=True, value=said)},
        )

    def foretell(self, options: DataOptions) -> str:
        """Which value it would change."""
        return f"would {options.action} {options.key}"
