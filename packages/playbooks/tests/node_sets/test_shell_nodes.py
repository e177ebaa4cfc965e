"""Node sets that a script prints, with real scripts."""

import os
from pathlib import Path

import pytest

from choria_core.config.yaml_text import read_yaml
from choria_core.errors import NodesError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.book.exposure import exposed_options
from choria_playbooks.node_sets.shell import ShellNodes, ShellNodesOptions
from packages.playbooks.tests.node_sets.conftest import resolved
from packages.playbooks.tests.rpc.conftest import problems_of


async def test_each_line_is_a_host(lonely_bench: Workbench) -> None:
    script = "script: echo b.example; echo a; echo 10.0.0.1"

    assert await resolved(ShellNodes, script, lonely_bench) == ["b.example", "a", "10.0.0.1"]


async def test_a_script_may_have_arguments_and_is_found_in_the_folder_of_the_run(
    lonely_bench: Workbench, tmp_path: Path
) -> None:
    script = tmp_path / "nodes.sh"
    script.write_text('#!/bin/sh\nfor name in "$@"; do echo "$name.example"; done\n')
    script.chmod(0o700)

    assert await resolved(ShellNodes, "script: ./nodes.sh web1 web2", lonely_bench) == [
        "web1.example",
        "web2.example",
    ]


async def test_a_script_has_the_variables_of_the_run(lonely_bench: Workbench) -> None:
    lonely_bench.environment["WHERE"] = "a.example"

    assert await resolved(ShellNodes, "script: echo $WHERE; echo $LC_ALL", lonely_bench) == [
        "a.example",
        "C",
    ]


async def test_nothing_printed_is_nobody(lonely_bench: Workbench) -> None:
    """Whether that is an error is a matter of the set's other words."""
    assert await resolved(ShellNodes, "script: 'true'", lonely_bench) == []


async def test_what_goes_to_errors_is_no_host(lonely_bench: Workbench) -> None:
    assert await resolved(ShellNodes, "script: echo hm, >&2; echo a", lonely_bench) == ["a"]


@pytest.mark.parametrize("line", ["", " a", "a b", "a_b", "-a", "a-", "a..b", "a.", "größe"])
async def test_a_line_that_is_no_name_of_a_host_is_an_error(
    lonely_bench: Workbench, line: str
) -> None:
    lonely_bench.environment["LINE"] = line
    with pytest.raises(NodesError, match="the script of the node set gives what are no names"):
        await resolved(ShellNodes, 'script: echo a; echo "$LINE"; echo b', lonely_bench)


async def test_another_code_than_0_is_an_error_that_says_why(lonely_bench: Workbench) -> None:
    with pytest.raises(WorkError) as caught:
        await resolved(ShellNodes, "script: echo a; echo no API key >&2; exit 3", lonely_bench)
    text = "the script of the node set ended with code 3: no API key"
    assert str(caught.value) == text


async def test_a_signal_is_named(lonely_bench: Workbench) -> None:
    with pytest.raises(WorkError, match=r"was ended by SIGKILL$"):
        await resolved(ShellNodes, "script: kill -9 $$", lonely_bench)


async def test_a_script_that_takes_too_long_is_ended(
    lonely_bench: Workbench, tmp_path: Path
) -> None:
    """It holds a pipe open, which is at its end when the script is gone."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    holder = os.open(alive, os.O_RDWR)
    reading = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)

    with pytest.raises(WorkError, match=r"took more than 0\.5 s and was ended"):
        await resolved(
            ShellNodes, "script: exec 9>alive; echo a; exec sleep 600\ntimeout: 500ms", lonely_bench
        )
    os.close(holder)

    assert os.read(reading, 1) == b""
    os.close(reading)


def test_ten_seconds_are_the_usual_time() -> None:
    assert ShellNodesOptions(script="ls").timeout == 10


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "script: is required but missing"),
        ("script: ' '", "script: says nothing to run"),
        ('script: "a\\0"', "script: holds a character"),
        ("{script: a, timeout: 0}", "timeout: must be at least"),
    ],
)
def test_what_cannot_work_is_refused(text: str, problem: str) -> None:
    (found,) = problems_of(ShellNodesOptions, text)
    assert problem in found


def test_a_script_is_seen_by_others_and_starts_a_program() -> None:
    document = read_yaml("{script: a, timeout: 1}")
    assert document.root is not None
    assert [key for key, _ in exposed_options(ShellNodesOptions, document.root)] == ["script"]
    assert not ShellNodes.is_passive
