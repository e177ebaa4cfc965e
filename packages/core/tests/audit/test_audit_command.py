"""``choria audit``: it reads the recorded log and others, and follows them."""

import contextlib
import gzip
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import Raw

from choria_core.audit.appending import AuditFile
from choria_core.audit.entry import AuditEntry
from choria_core.audit.json_lines import json_line, read_json_line
from choria_core.audit.text_lines import text_line
from choria_core.cli import main
from choria_testing import vectors
from choria_testing.programs import Program, run_choria
from choria_testing.serving import core_plugins

RECORDED = vectors.path("audit.jsonl")
SECOND_NS = 1_000_000_000
START_NS = 1_795_425_826 * SECOND_NS
"""2026-11-23 09:23:46."""


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Told]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``choria audit`` in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: str | Path) -> Told:
        code = main(["audit", *map(str, words)], plugins=core_plugins())
        return Told(code, *capsys.readouterr())

    return run


def entry(number: int, *, action: str = "ping", data: bytes = b"{}") -> AuditEntry:
    return AuditEntry(
        START_NS + number * SECOND_NS,
        f"{number:032x}",
        1_795_425_826 + number,
        "choria=alice.mcollective",
        "client.example",
        "rpcutil",
        action,
        Raw(data),
    )


def rows(text: str) -> list[list[str]]:
    return [line.split(maxsplit=6) for line in text.splitlines()[1:]]


def test_the_recorded_log_is_a_table(run: Run) -> None:
    told = run(RECORDED)

    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert len(lines) == 25
    assert lines[0].split("  ")[0] == "time (UTC)"
    assert rows(told.stdout)[2] == [
        "2026-11-23",
        "09:23:48",
        "choria=client.example",
        "client.example",
        "rpcutil",
        "get_fact",
        '{"fact":"country"}',
    ]
    assert len({line.index("client.example  ", 30) for line in lines[1:]}) == 1


def test_as_json_the_recorded_log_is_as_it_was(run: Run) -> None:
    assert run(RECORDED, "--json").stdout == RECORDED.read_text()


@pytest.mark.parametrize(
    ("words", "actions"),
    [
        (["--agent", "choria_util"], {"info", "machine_states"}),
        (["--action", "get_fact"], {"get_fact"}),
        (["--action", "/^get_fact/"], {"get_fact", "get_facts"}),
        (["--action", "info", "--action", "/inv/"], {"info", "inventory", "agent_inventory"}),
        (["--agent", "choria_util", "--action", "ping"], set()),
        (["--caller", "choria=nobody"], set()),
        (["--caller", "/=client/", "--action", "ping"], {"ping"}),
        (["--sender", "other.example"], set()),
        (["--sender", "client.example", "--action", "ping"], {"ping"}),
        (["--since", "2026-11-23 09:24:16"], {"collective_info"}),
        (["--since", "2026-11-23T10:24:16+01:00"], {"collective_info"}),
        (["--since", "2100-01-01"], set()),
    ],
)
def test_entries_are_chosen_by_what_they_say(run: Run, words: list[str], actions: set[str]) -> None:
    told = run(RECORDED, "--json", *words)

    assert (told.returncode, told.stderr) == (0, "")
    assert {json.loads(line)["action"] for line in told.stdout.splitlines()} == actions


def test_a_duration_counts_back_from_now(run: Run, tmp_path: Path) -> None:
    now = time.time_ns()
    for age in (7200, 60):
        old = AuditEntry(now - age * SECOND_NS, str(age), 1, "a=b", "c", "d", "e", Raw(b"{}"))
        AuditFile(tmp_path / "a.log", mode=0o600).append(json_line(old))

    told = run("a.log", "--since", "1h", "--json")

    assert [json.loads(line)["request_id"] for line in told.stdout.splitlines()] == ["60"]


def test_several_logs_of_all_forms_are_one_in_the_order_of_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(json_line(entry(1)) + json_line(entry(4)))
    (tmp_path / "b.log").write_bytes(text_line(entry(2, data=b'{"msg":"hi"}')))
    (tmp_path / "c.log.gz").write_bytes(gzip.compress(text_line(entry(0)) + json_line(entry(3))))

    told = run("a.log", "b.log", "c.log.gz", "--json")

    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [int(one["request_id"], 16) for one in found] == [0, 1, 2, 3, 4]
    assert found[2]["data"] == {"msg": "hi"}
    assert found[2]["timestamp"] == "2026-11-23T09:23:48.000000+0000"


def test_a_broken_line_is_named_and_left_out(run: Run, tmp_path: Path) -> None:
    broken = b'hello\n\n{"timestamp":1}\n[2026] x\n'
    (tmp_path / "a.log").write_bytes(broken + text_line(entry(1)) + json_line(entry(2))[:50])

    told = run("a.log", "--json")

    assert told.returncode == 1
    assert len(told.stdout.splitlines()) == 1
    places = [line.split(": ")[1] for line in told.stderr.splitlines()[:-1]]
    assert places == ["a.log:1", "a.log:3", "a.log:4", "a.log:6"]
    assert told.stderr.splitlines()[-1] == "error: 4 lines are no entry of an audit log"


def test_of_many_broken_lines_some_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x\n" * 1000)

    told = run("a.log")

    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 22
    assert "1000 lines" in told.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["absent.log"], "error: absent.log: cannot be read: No such file or directory\n"),
        (["."], "error: .: cannot be read: Is a directory\n"),
        (["bad.gz"], "error: bad.gz: cannot be read: Not a gzipped file"),
        ([], "Missing argument 'FILE'"),
        ([RECORDED, "--since", "soon"], "--since soon: write a duration, like 2h or 7d"),
        ([RECORDED, "--since", "-1h"], "give a duration back from now"),
        ([RECORDED, "--agent", "/(/"], "error: --agent /(/: not a usable pattern"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, tmp_path: Path, words: list[str], problem: str
) -> None:
    (tmp_path / "bad.gz").write_text("no")

    told = run(*words)

    assert told.returncode == 2
    assert told.stdout == ""
    assert problem in told.stderr


def test_no_word_of_a_stranger_reaches_the_terminal(run: Run, tmp_path: Path) -> None:
    nasty = entry(1, action="\x1b[2J\x9b\u202e[/x]", data='{"a":"\x9b\u202e"}'.encode())
    (tmp_path / "a.log").write_bytes(json_line(nasty))

    table, document = run("a.log").stdout, run("a.log", "--json").stdout

    assert table.replace("\n", "").isprintable()
    assert "\\x1b[2J\\x9b\\u202e[/x]" in table
    assert document.isascii()
    assert read_json_line(document.encode()).action == nasty.action


class Followed:
    """A program that follows ``audit.log``."""

    def __init__(self, program: Program, file: Path) -> None:
        self.program = program
        self.file = file

    def append(self, *numbers: int) -> None:
        for number in numbers:
            AuditFile(self.file, mode=0o600).append(json_line(entry(number)))

    async def shown(self, number: int) -> None:
        await self.program.said(f"{number:032x}")

    @property
    def numbers(self) -> list[int]:
        lines = [line for line in self.program.lines if line.startswith("{")]
        return [int(json.loads(line)["request_id"], 16) for line in lines]


@contextlib.asynccontextmanager
async def following(file: Path, *words: str) -> AsyncIterator[Followed]:
    async with run_choria("audit", str(file), "--follow", "--json", *words) as program:
        yield Followed(program, file)
        program.send(signal.SIGINT)
        assert await program.ended() == 0


async def test_what_is_written_later_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.write_bytes(json_line(entry(1)))
    async with following(file) as followed:
        await followed.shown(1)
        followed.append(2, 3)
        await followed.shown(3)

    assert followed.numbers == [1, 2, 3]


async def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "other.log").write_bytes(json_line(entry(1)))
    file = tmp_path / "audit.log"
    async with following(file, str(tmp_path / "other.log")) as followed:
        await followed.shown(1)
        followed.append(2)
        await followed.shown(2)


async def test_a_log_is_followed_through_rotations(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    async with following(file) as followed:
        followed.append(0)
        await followed.shown(0)
        for number in range(1, 13, 3):
            followed.append(number, number + 1)
            if number % 2:  # now and then before it has been looked at
                await followed.shown(number + 1)
            file.rename(tmp_path / f"audit.log.{number}")
            followed.append(number + 2)
            await followed.shown(number + 2)

    assert followed.numbers == list(range(13))


async def test_whoever_had_it_open_may_write_once_more(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.touch()
    async with following(file) as followed:
        with file.open("ab") as late:
            followed.append(1)
            await followed.shown(1)
            late.write(json_line(entry(2))[:30])
            late.flush()
            file.rename(tmp_path / "audit.log.1")
            late.write(json_line(entry(2))[30:])
        followed.append(3)
        await followed.shown(3)
        await followed.shown(2)

    assert sorted(followed.numbers) == [1, 2, 3]


async def test_a_log_that_is_emptied_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    async with following(file) as followed:
        followed.append(1, 2)
        await followed.shown(2)
        file.write_bytes(b"")
        followed.append(3)
        await followed.shown(3)
        followed.append(4)
        await followed.shown(4)

    assert followed.numbers == [1, 2, 3, 4]


async def test_a_line_is_shown_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.touch()
    line = json_line(entry(2))
    async with following(file) as followed:
        with file.open("ab") as slow:
            slow.write(json_line(entry(1)) + line[:40])
            slow.flush()
            await followed.shown(1)
            slow.write(line[40:])
        await followed.shown(2)

    assert followed.numbers == [1, 2]


async def test_a_broken_line_is_named_while_following(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.touch()
    async with following(file) as followed:
        with file.open("ab") as foreign:
            foreign.write(b"hello\n")
        await followed.program.said("audit.log:1: no entry of an audit log")
        followed.append(1)
        await followed.shown(1)
