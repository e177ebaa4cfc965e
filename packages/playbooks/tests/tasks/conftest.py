"""One try of a task, which remembers what the task tells."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.config.record import RecordReader
from choria_core.config.yaml_text import read_yaml
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.playbook.task import HostResult, Outcome, Task
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_testing.certificates import Certificates, make_certificates


@dataclass
class RecordedRun:
    """A try that remembers what it was told."""

    bench: Workbench
    stores: Any = None
    book: str = "deploy"
    description: str = "say hello"
    caller: str = "up=rip"
    lock_token: int | None = None
    on_line: Callable[[str], object] = lambda _: None
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)
        self.on_line(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def waiting_for(self, nodes: Sequence[str]) -> None:
        raise AssertionError(f"nobody is asked, but {nodes}")

    def answered(self, node: str, result: HostResult) -> None:
        raise AssertionError(f"nobody was asked, but {node} says {result}")


def read_options(kind: type, text: str) -> tuple[Any, list[str]]:
    """Options as a book has them, and what is wrong with them."""
    reader = RecordReader(kind, unknown="error")
    document = read_yaml(text, file="book.yaml")
    assert document.root is not None
    options = reader.record(kind, document.root, "", document.root.location)
    return options, [str(problem) for problem in reader.problems]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What programs of the run have."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "xx", "FROM_RUN": "yes"}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For a server with TLS and its clients."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def client_lines() -> list[str]:
    """What the configuration of the Choria client says beyond its broker."""
    return []


@pytest.fixture
def client_variables(tmp_path: Path) -> dict[str, str]:
    """The environment in which that configuration is read."""
    return {"HOME": str(tmp_path), "USER": "rip", "MCOLLECTIVE_CERTNAME": "rip.mcollective"}


@pytest.fixture
def load_config(
    tmp_path: Path, client_lines: list[str], client_variables: dict[str, str]
) -> Callable[[], ClientConfig]:
    """Reads the configuration of the Choria client."""

    def load() -> ClientConfig:
        file = tmp_path / "client.cfg"
        common = ("identity = client.example", "plugin.choria.middleware_hosts = 127.0.0.1:1")
        file.write_text("\n".join((*common, *client_lines)) + "\n")
        names = HostNames(host_name=lambda: "machine.example.net")
        return load_client(file, host=Host(names, client_variables))

    return load


@pytest_asyncio.fixture
async def bench(
    tmp_path: Path, environment: dict[str, str], load_config: Callable[[], ClientConfig]
) -> AsyncIterator[Workbench]:
    """Of a run in an empty folder."""
    made = Workbench(
        plugins=Plugins(), load_config=load_config, environment=environment, folder=tmp_path
    )
    async with made:
        yield made


@pytest.fixture
def run(bench: Workbench) -> RecordedRun:
    """A try."""
    return RecordedRun(bench)


Attempt = Callable[[type[Task], str], Awaitable[Outcome]]


@pytest.fixture
def attempt(run: RecordedRun) -> Attempt:
    """Try a task of a kind, with options as a book has them."""

    async def tried(kind: type[Task], text: str) -> Outcome:
        options, problems = read_options(kind.Options, text)
        assert not problems, "\n".join(problems)
        return await kind().run(options, run)

    return tried


@pytest.fixture
def problems_of() -> Callable[[type[Task], str], list[str]]:
    """What is wrong with options."""
    return lambda kind, text: read_options(kind.Options, text)[1]


@pytest.fixture
def foretold() -> Callable[[type[Task], str], str]:
    """What a task would do."""

    def said(kind: type[Task], text: str) -> str:
        options, problems = read_options(kind.Options, text)
        assert not problems, "\n".join(problems)
        return kind().foretell(options)

    return said
