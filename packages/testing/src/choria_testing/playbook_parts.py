"""What tests of tasks and node sets of your own lend them, without a playbook.

options = options_of(PortTask.Options, "{host: localhost, port: 22}")
async with lent_bench(folder) as bench:
    run = TriedTask(bench)
    outcome = await PortTask().run(options, run)
assert run.lines == ["asking localhost:22"]
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from choria_core.config.record import RecordReader
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError, KeyMissingError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.outcome import HostResult
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins

Options = TypeVar("Options")


class MemoryStores:
    """The data stores of a run, whose values the test gives: ``store/key``."""

    def __init__(self, **values: object) -> None:
        self.values: dict[str, object] = dict(values)

    async def read(self, path: str) -> object:
        """A copy of a value."""
        if path not in self.values:
            raise KeyMissingError(f"there is no {path}")
        return deepcopy(self.values[path])

    async def write(self, path: str, value: object) -> None:
        """Keep a copy of a value."""
        self.values[path] = deepcopy(value)

    async def delete(self, path: str) -> None:
        """Forget a value."""
        self.values.pop(path, None)


@dataclass
class TriedTask:
    """One try of a task: a :class:`choria_core.playbook.task.TaskRun` that remembers.

    Attributes:
        lines, warnings: what the task told.
        waiting: the nodes that it said it waits for.
        answers: of those that answered, in their order.
    """

    bench: Workbench
    stores: Stores = field(default_factory=MemoryStores)
    book: str = "tried"
    description: str = "try it"
    caller: str = "up=jane"
    lock_token: int | None = None
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    answers: dict[str, HostResult] = field(default_factory=dict)

    def line(self, text: str) -> None:
        """A line of output."""
        self.lines.append(text)

    def warn(self, text: str) -> None:
        """Something that people should know."""
        self.warnings.append(text)

    def waiting_for(self, nodes: Sequence[str]) -> None:
        """These are asked."""
        self.waiting.extend(nodes)

    def answered(self, node: str, result: HostResult) -> None:
        """One of them is done."""
        self.answers[node] = result


@contextlib.asynccontextmanager
async def lent_bench(
    folder: Path,
    *,
    environment: MutableMapping[str, str] | None = None,
    plugins: Plugins | None = None,
    load_config: Callable[[], ClientConfig] | None = None,
) -> AsyncIterator[Workbench]:
    """What a run lends.

    Args:
        folder: where relative paths begin.
        environment: of programs; PATH alone when None.
        plugins: none when None.
        load_config: the configuration of a Choria client; without it there is none.
    """
    least = {"PATH": os.environ.get("PATH", os.defpath)}
    async with Workbench(
        plugins=Plugins() if plugins is None else plugins,
        load_config=_no_config if load_config is None else load_config,
        environment=least if environment is None else environment,
        folder=folder,
    ) as bench:
        yield bench


def options_of(kind: type[Options], text: str) -> Options:
    """Options as a book writes them, in YAML.

    Raises:
        ConfigError: all that is wrong with them, as ``choria playbook check`` tells it.
    """
    reader = RecordReader(kind, unknown="error")
    document = read_yaml(text, file="book.yaml")
    assert document.root is not None
    options: Options = reader.record(kind, document.root, "", document.root.location)
    if reader.problems:
        raise ConfigError("\n".join(map(str, reader.problems)))
    return options


def _no_config() -> ClientConfig:
    raise ConfigError("this test has no Choria configuration")
