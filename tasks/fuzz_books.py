"""Check and rehearse thousands of broken playbooks: only our own errors, and nothing done.

``python -m tasks.fuzz_books [COUNT] [--seed N]`` from the root; the session ``fuzz`` runs it.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from choria_core.config.problems import InvalidConfigError
from choria_core.errors import ChoriaError
from choria_core.event_loop import Stop
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.lint import lint
from choria_playbooks.book.model import Book, Input
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book
from choria_playbooks.engine.events import Event
from choria_playbooks.engine.request import RunRequest
from choria_playbooks.engine.run import run_book
from choria_playbooks.inputs.input import ABSENT, InputType
from tasks.book_mutations import BookMutations

FOLDERS = tuple(
    Path("packages/playbooks") / name for name in ("tests/books", "tests/fuzzed_books", "src")
)
AGENTS = {"emulator": "0.0.1", "puppet": "1.10.0", "service": "4.0.1"}
MAX_SECONDS = 2.0
MOST_FAILURES = 5

_DONE = (
    *("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"),
    *("os.spawn", "pty.spawn", "socket.connect", "socket.bind", "socket.sendto"),
    *("socket.getaddrinfo", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate"),
    *("os.link", "os.symlink", "os.chmod", "os.putenv", "os.unsetenv", "os.kill", "shutil.move"),
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

_AUDIT = """\
schema: 1
name: audit
version: 1.0.0
author: Example Author
description: Is called by others
inputs:
  release: {description: Which, type: String, default: none}
  nodes: {description: Where, type: Array, default: []}
data_stores: {own: {type: memory}}
locks: [own]
tasks:
  - shell: {loop: "{{ inputs.nodes }}", command: "audit {{ item }} {{ inputs.release }}"}
"""

_VALUES: Mapping[InputType, object] = {
    InputType.STRING: "1.0.0",
    InputType.INTEGER: 2,
    InputType.FLOAT: 2.5,
    InputType.NUMERIC: 2,
    InputType.ARRAY: ["alpha", "bravo"],
    InputType.BOOLEAN: True,
    InputType.HASH: {"a": "b"},
    InputType.SECRET: "hush-hush",
    InputType.ANY: "anything",
}
_DEEP: dict[str, Any] = {}
for _ in range(150):
    _DEEP = {"a": _DEEP}
_ODD_VALUES: Mapping[InputType, object] = {
    InputType.STRING: "{{ inputs.cluster }} \0 \x1b[31m \u202e ' ; $(true)",
    InputType.INTEGER: 10**400,
    InputType.FLOAT: float("nan"),
    InputType.NUMERIC: float("-inf"),
    InputType.ARRAY: [],
    InputType.BOOLEAN: False,
    InputType.HASH: _DEEP,
    InputType.SECRET: "1.0.0",
    InputType.ANY: [None, _DEEP, float("inf"), "{{ item }}"],
}


OUTCOMES = ("refused", "not begun", "rehearsed", "rehearsed, would fail")
TRIED = "a rehearsal wanted to use"
"""What a closed workbench says to who would do something."""

NO_REASON = "refused without a reason"


@dataclass
class Report:
    """What became of the books.

    Attributes:
        outcomes: how many ended how.
        failures: what went wrong, each with its book.
        slowest_seconds: of the processor, that one book took.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0


class Witness:
    """Sees what this process does to the machine, while it is told to look.

    Attributes:
        looks: whether it does.
        seen: what was done.
    """

    def __init__(self) -> None:
        self.looks = False
        self.seen: list[str] = []
        sys.addaudithook(self._take)

    def _take(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.looks:
            return
        if event in _DONE or (event == "open" and self._writes(arguments)):
            self.seen.append(f"{event} {arguments!r}"[:200])

    @staticmethod
    def _writes(arguments: tuple[Any, ...]) -> bool:
        _path, mode, flags = arguments
        return bool(isinstance(flags, int) and flags & _WRITING) or bool(
            isinstance(mode, str) and set(mode) & set("wax+")
        )


class Rehearsal:
    """Reads books, and rehearses those that can be read.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plugins = Plugins()
        self._plugins.load_installed()
        self._kinds: Kinds = kinds_of(self._plugins)
        self._config = _client_config(folder)
        self._file = folder / "book.yaml"
        self._number = 0
        (folder / "audit.yaml").write_text(_AUDIT)

    def try_out(self, text: str) -> str:
        """How the book ended; anything but an error of ours is raised.

        Every fourth one gets odd values for its inputs.
        """
        self._number += 1
        try:
            read = parse_book(text, self._kinds, file=str(self._file))
        except InvalidConfigError as error:
            return "refused" if error.problems and all(map(str, error.problems)) else NO_REASON
        lint(read.book, self._kinds)
        try:
            ended = asyncio.run(self._rehearse(read.book))
        except ChoriaError as error:
            return "not begun" if str(error) else NO_REASON
        return "rehearsed" if ended else "rehearsed, would fail"

    async def _rehearse(self, book: Book) -> bool:
        events: list[Event] = []
        values = _VALUES if self._number % 4 else _ODD_VALUES
        given = {one.name: values[one.type] for one in book.inputs.values() if _is_wanted(one)}
        request = RunRequest(book=book, inputs=given, caller="up=rip", check=True)
        bench = Workbench(
            plugins=self._plugins,
            load_config=lambda: self._config,
            environment={"HOME": str(self._folder), "CHAT_TOKEN": "hush-hush"},
            folder=self._folder,
            is_closed=True,
        )
        async with bench:
            ended = await run_book(request, bench=bench, listeners=[events.append], stop=Stop())
        assert ended.is_ok or ended.exit_code
        assert TRIED not in str(events)
        return ended.is_ok


def main() -> int:
    """Exit 1 where a book did anything, took too long or raised what is no error of ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = [file for folder in FOLDERS for file in sorted(folder.rglob("*.yaml"))]
    books = [file.read_text() for file in files]

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = run_fuzz(books, options.count, seed=options.seed, folder=Path(folder))
    print(described(report, seconds=time.perf_counter() - began))
    is_fine = not report.failures and report.slowest_seconds <= MAX_SECONDS
    return int(not is_fine or set(report.outcomes) != set(OUTCOMES))


def run_fuzz(books: list[str], count: int, *, seed: int, folder: Path) -> Report:
    """Break ``books`` so many times, and try each out."""
    report, witness = Report(), Witness()
    mutations = BookMutations(books, seed=seed)
    rehearsal = Rehearsal(folder)
    for text in books:
        rehearsal.try_out(text)  # whatever is imported late is imported now
    for number in range(1, count + 1):
        (folder / "goodbye.yaml").write_text(text, errors="surrogatepass")
        text = mutations.next()
        began = time.process_time()
        witness.looks = True
        try:
            report.outcomes[rehearsal.try_out(text)] += 1
        except Exception:  # noqa: BLE001 - what we look for
            report.failures.append(f"book {number}:\n{traceback.format_exc()}\n{text}")
        witness.looks = False
        report.slowest_seconds = max(report.slowest_seconds, time.process_time() - began)
        if witness.seen:
            report.failures.append(f"book {number} did {witness.seen}:\n{text}")
            witness.seen.clear()
        if len(report.failures) >= MOST_FAILURES:
            break
    return report


def described(report: Report, *, seconds: float) -> str:
    """The report as lines."""
    ends = ", ".join(f"{end} {number}" for end, number in report.outcomes.most_common())
    lines = [
        f"{report.outcomes.total()} books in {seconds:.0f} s: {ends}",
        f"slowest: {report.slowest_seconds * 1000:.0f} ms",
        *report.failures,
    ]
    return "\n".join(line.encode("utf-8", "backslashreplace").decode() for line in lines)


def _is_wanted(one: Input) -> bool:
    return not one.dynamic and one.default is ABSENT and not one.environment and not one.file


def _client_config(folder: Path) -> ClientConfig:
    """Of a client that reaches nobody."""
    agents = folder / "lib" / "choria" / "agent"
    agents.mkdir(parents=True)
    for name, version in AGENTS.items():
        (agents / f"{name}.json").write_text(json.dumps(_description(name, version)))
    file = folder / "client.cfg"
    file.write_text(
        "identity = client.example\n"
        "collectives = mcollective\n"
        "plugin.choria.use_srv = false\n"
        "plugin.security.provider = file\n"
        "plugin.choria.middleware_hosts = 127.0.0.1:1\n"
        f"libdir = {folder / 'lib'}\n"
    )
    environment = {"INSECURE_YES_REALLY": "true", "HOME": str(folder), "USER": "alice"}
    names = HostNames(host_name=lambda: "machine.example.net")
    return load_client(file, host=Host(names, environment))


def _description(name: str, version: str) -> dict[str, object]:
    return {"metadata": {"name": name, "version": version, "timeout": 5}, "actions": []}


if __name__ == "__main__":
    sys.exit(main())
