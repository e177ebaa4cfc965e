"""What the bench of playbooks makes of its runs, and what it reads from them."""

import json
from pathlib import Path

import pytest

from bench.kit.program_run import ProgramRun
from bench.playbooks.books import ansible_book, data_book, shell_book
from bench.playbooks.contenders import contenders
from bench.playbooks.figures import OwnAccount, Round, Taken, figures_of
from bench.playbooks.names import ANSIBLE, BARE, DATA, SHELL
from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import WorkError


def ours(*, ms_per_task: float, tasks: int, start_seconds: float = 0.3) -> Taken:
    own = OwnAccount(start_seconds=start_seconds, task_seconds=tasks * ms_per_task / 1e3)
    seconds = start_seconds + own.task_seconds
    return Taken(tasks=tasks, seconds=seconds, peak_bytes=50_000_000, own=own)


def other(*, ms_per_task: float, tasks: int) -> Taken:
    return Taken(tasks=tasks, seconds=0.5 + tasks * ms_per_task / 1e3, peak_bytes=60_000_000)


def a_round(*, shell: float = 2.0, bare: float = 1.0, ansible: float = 21.0) -> Round:
    return {
        SHELL: [ours(ms_per_task=shell, tasks=tasks) for tasks in (1, 500)],
        DATA: [ours(ms_per_task=0.4, tasks=tasks) for tasks in (1, 500)],
        BARE: [other(ms_per_task=bare, tasks=tasks) for tasks in (1, 500)],
        ANSIBLE: [other(ms_per_task=ansible, tasks=tasks) for tasks in (1, 500)],
    }


def test_what_the_loop_takes_is_taken_off_both() -> None:
    figures = figures_of([a_round()])

    assert figures["overhead_ms_per_task"] == pytest.approx(1.0)
    assert figures["ansible_ms_per_task"] == pytest.approx(21.0)
    assert figures["ansible_overhead_ms_per_task"] == pytest.approx(20.0)
    assert figures["ratio_to_ansible"] == pytest.approx(0.05)
    assert figures["data_ms_per_task"] == pytest.approx(0.4)


def test_figures_are_compared_within_a_round() -> None:
    """A machine that is slower in one round than in the others is so for all of them."""
    rounds = [a_round(shell=2 * slow, bare=slow, ansible=21 * slow) for slow in (1, 3, 2)]

    figures = figures_of(rounds)

    assert figures["ratio_to_ansible"] == pytest.approx(0.05)
    assert figures["overhead_ms_per_task"] == pytest.approx(2.0)


def test_the_start_is_that_of_the_large_book() -> None:
    starts = {1: 0.3, 500: 0.35}
    shell = [ours(ms_per_task=2, tasks=n, start_seconds=s) for n, s in starts.items()]

    figures = figures_of([{**a_round(), SHELL: shell}])

    assert figures["start_ms"] == pytest.approx(350)
    assert figures["start_one_task_ms"] == pytest.approx(300)


def test_without_ansible_its_figures_are_empty() -> None:
    rounds = [{name: runs for name, runs in a_round().items() if name != ANSIBLE}]

    figures = figures_of(rounds)

    assert figures["ratio_to_ansible"] is None
    assert figures["ansible_memory_mb"] is None
    assert figures["overhead_ms_per_task"] == pytest.approx(1.0)


@pytest.mark.parametrize("text", [shell_book(3), data_book(3, Path("values.yaml"))])
def test_our_books_have_so_many_tasks(text: str) -> None:
    document = read_yaml(text)
    book = plain(document.root) if document.root else None

    assert isinstance(book, dict)
    assert len(book["tasks"]) == 3


def test_ansible_does_the_same() -> None:
    document = read_yaml(ansible_book(3))
    plays = plain(document.root) if document.root else None

    assert isinstance(plays, list)
    assert [task["ansible.builtin.raw"] for task in plays[0]["tasks"]] == ["true"] * 3


@pytest.mark.parametrize("name", [SHELL, DATA])
async def test_books_are_run_to_their_end(name: str, tmp_path: Path) -> None:
    [contender] = [one for one in contenders(tmp_path, (2,), None) if one.name == name]

    taken = await contender.run(2)

    assert taken.own is not None
    assert 0 < taken.own.start_seconds < taken.seconds
    assert 0 < taken.own.task_seconds < taken.seconds
    assert name == SHELL or (tmp_path / "values.yaml").read_text() == (
        "key1: Value 1\nkey2: Value 2\n"
    )


async def test_the_loop_spawns(tmp_path: Path) -> None:
    [loop] = [one for one in contenders(tmp_path, (2,), None) if one.name == BARE]

    taken = await loop.run(2)

    assert taken.own is None
    assert taken.seconds > 0


def test_tasks_that_were_not_done_do_not_count(tmp_path: Path) -> None:
    [shell] = [one for one in contenders(tmp_path, (2,), None) if one.name == SHELL]
    events = [
        {"event": "step_began", "time": 10.5},
        {"event": "step_ended", "time": 11.0, "state": "ok"},
        {"event": "step_ended", "time": 12.0, "state": "failed"},
    ]
    output = "\n".join(json.dumps(event) for event in events).encode()
    run = ProgramRun(started=10.0, seconds=3.0, cpu_seconds=1.0, peak_bytes=1, output=output)

    assert shell.reading is not None
    done, own = shell.reading(run)

    assert done == 1
    assert own == OwnAccount(start_seconds=0.5, task_seconds=1.5)


async def test_a_book_that_fails_ends_the_bench(tmp_path: Path) -> None:
    [shell] = [one for one in contenders(tmp_path, (1,), None) if one.name == SHELL]
    (tmp_path / "shell-1.yaml").write_text(shell_book(1).replace("true", "false"))

    with pytest.raises(WorkError, match="playbook run"):
        await shell.run(1)
