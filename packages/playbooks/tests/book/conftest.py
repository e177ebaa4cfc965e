"""Kinds of parts as plugins describe them, and the books to read with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import pytest

from choria_core.config.problems import InvalidConfigError, Problem
from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import Share
from choria_playbooks.book.parsing import ReadBook, parse_book
from choria_playbooks.book.shares import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class _RpcOptions:
    action: Annotated[str, Setting("agent.action")]
    nodes: tuple[str, ...]
    properties: Mapping[str, object] = field(default_factory=dict)
    batch_size: Annotated[Share | None, Setting(grammar=SHARE)] = None
    batch_sleep_time: float | None = None
    silent: bool = False
    post: tuple[Literal["summarize"], ...] = ()
    # "assert" is no name of a field
    expectation: Annotated[str, Setting("condition", key="assert")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _AssertOptions:
    action: str
    nodes: tuple[str, ...]
    properties: Mapping[str, object] = field(default_factory=dict)
    expression: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShellOptions:
    command: Annotated[object, Setting("what is run", exposed=True)]
    cwd: str = ""
    timeout: Annotated[float | None, Setting(grammar=SECONDS)] = None
    environment: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataOptions:
    action: Literal["write", "delete"]
    key: str
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SlackOptions:
    channel: str
    text: str
    token: Annotated[str, Setting("of the bot", secret=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _GraphiteOptions:
    what: str
    data: str
    graphite: str
    tags: tuple[str, ...] = ("choria",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ConsulOptions:
    timeout: Annotated[float, Setting(grammar=SECONDS)] = 120.0
    ttl: Annotated[float, Setting(grammar=SECONDS, minimum=10)] = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _MemoryOptions:
    timeout: Annotated[float, Setting(grammar=SECONDS)] = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileOptions:
    file: str
    format: Literal["json", "yaml"]
    create: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _DiscoveryOptions:
    discovery_method: str = "mc"
    agents: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    compound: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ScriptOptions:
    script: Annotated[str, Setting("what prints the nodes", exposed=True)]


_KINDS: Final = Kinds(
    tasks={
        "choria": _RpcOptions,
        "mcollective": _RpcOptions,
        "mcollective_assert": _AssertOptions,
        "shell": _ShellOptions,
        "data": _DataOptions,
        "slack": _SlackOptions,
        "graphite_event": _GraphiteOptions,
    },
    data_stores={"memory": _MemoryOptions, "consul": _ConsulOptions, "file": _FileOptions},
    node_sets={
        "choria": _DiscoveryOptions,
        "mcollective": _DiscoveryOptions,
        "shell": _ScriptOptions,
    },
    stores_without_locks=frozenset({"file"}),
)

HEAD: Final = """name: example
version: 1.0.0
author: somebody
description: does things
run_as: choria=deployer
"""


@pytest.fixture
def kinds() -> Kinds:
    """What these tests' books may use."""
    return _KINDS


@pytest.fixture
def parse() -> Callable[[str], ReadBook]:
    """Reads a book of which only the part behind the metadata is given."""
    return lambda text: parse_book(HEAD + text, _KINDS, file="book.yaml")


@pytest.fixture
def problems(parse: Callable[[str], ReadBook]) -> Callable[[str], list[str]]:
    """What is wrong with a book, without the metadata; places count from its first line."""

    def of(text: str) -> list[str]:
        try:
            parse(text)
        except InvalidConfigError as error:
            return [_line(problem) for problem in error.problems]
        return []

    return of


@pytest.fixture
def warnings(parse: Callable[[str], ReadBook]) -> Callable[[str], list[str]]:
    """What is odd in a book, told alike."""
    return lambda text: [_line(problem) for problem in parse(text).warnings]


def _line(problem: Problem) -> str:
    line = problem.line - HEAD.count("\n")
    fix = f"; {problem.fix}" if problem.fix else ""
    return f"{line}:{problem.column}: {problem.key}: {problem.text}{fix}"
