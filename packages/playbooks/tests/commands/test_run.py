"""``choria playbook run``: what it prints, keeps and ends with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from choria_core.broker.server import Broker
from choria_plugin_nats_kv.store import NatsKvStore
from choria_testing.lock_holder import held_elsewhere
from packages.playbooks.tests.commands.conftest import HEAD, Choria, Running, Told, WriteBook

SHELL = """
tasks:
  - shell: {description: greet, command: echo hello}
"""


def events(text: str, kind: str = "") -> list[dict[str, Any]]:
    """What ``--json`` printed, of one kind where one is named."""
    found = [json.loads(line) for line in text.splitlines()]
    return [event for event in found if kind in {"", event["event"]}]


def done(told: Told) -> list[str]:
    """Descriptions of the tasks that ran, in order."""
    ended = events(told.out, "step_ended")
    return [event["description"] for event in ended if event["started"]]


def test_a_good_run_logs_and_sums_up(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book(SHELL))

    assert told.code == 0
    assert re.search(r"^I \d\d:\d\d:\d\d: deploy#\S+ +.*hello", told.err, re.MULTILINE)
    assert re.fullmatch(
        r"  Playbook: deploy version 1\.2\.0\n"
        r"   Started: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n"
        r"   Outcome: success\n"
        r"     Tasks: 1\n"
        r"  Run time: \d+\.\d\d seconds\n",
        told.out,
    )


def test_a_failed_task_is_a_failed_run(choria: Choria, book: WriteBook) -> None:
    told = choria(
        "run",
        book(
            """
            tasks:
              - shell: {description: break, command: exit 3}
              - shell: {description: never, command: echo never}
            """
        ),
    )

    assert told.code == 1
    assert "Outcome: failed" in told.out
    assert "break" in told.err
    assert "never" not in told.err


def test_json_lines_are_all_that_is_printed(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book(SHELL), "--json")

    found = events(told.out)
    assert (told.code, told.err) == (0, "")
    assert (found[0]["event"], found[-1]["event"]) == ("run_began", "run_ended")
    assert (found[-1]["is_ok"], found[-1]["exit_code"]) == (True, 0)
    assert [one["text"] for one in events(told.out, "log") if one["is_output"]] == ["hello"]


def test_what_the_command_of_a_store_complains_of_is_told_without_secrets(
    choria: Choria, book: WriteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2secret")
    file = book(
        """
        data_stores: {s: {type: shell, command: 'echo no $PASSWORD >&2; exit 3; :'}}
        inputs: {pw: {description: it, type: secret, environment: PASSWORD}}
        tasks:
          - data: {action: delete, key: s/k, fail_ok: true}
        """
    )
    told = choria("run", file, "--json")

    said = [line["text"] for line in events(told.out, "log") if line["context"] == "stores"]
    assert said == ["store 's', delete of 'k': no ***"]
    assert "hunter2" not in told.out + told.err


def test_json_lines_are_unicode_on_any_terminal(book: WriteBook) -> None:
    file = book('tasks: [{shell: {command: echo "\u4e16"}}]\n')
    told = subprocess.run(
        [sys.executable, "-m", "choria", "playbook", "run", str(file), "--json"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )

    said = events(told.stdout.decode(), "log")
    assert [one["text"] for one in said if one["is_output"]] == ["\u4e16"]


def test_nobody_may_be_there_to_type_or_to_read(book: WriteBook, tmp_path: Path) -> None:
    program = f"{sys.executable} -m choria playbook run {book(SHELL)} --report-file report.yaml"
    told = subprocess.run(["/bin/sh", "-c", f"{program} 0<&- 1>&- 2>&-"], check=False, cwd=tmp_path)

    report = yaml.safe_load((tmp_path / "report.yaml").read_text())
    assert (told.returncode, report["report"]["success"]) == (0, True)


def test_a_report_is_kept_where_it_is_told(choria: Choria, book: WriteBook, tmp_path: Path) -> None:
    told = choria("run", book(SHELL), "--report-file", "report.yaml")

    report = yaml.safe_load((tmp_path / "report.yaml").read_text())
    assert told.code == 0
    assert report["report"]["success"] is True
    assert [task["description"] for task in report["tasks"]] == ["greet"]


def test_a_page_of_a_report_is_as_private_as_the_report(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    choria("run", book(SHELL), "--report-file", "report.yaml")
    told = choria("report", "report.yaml")

    modes = {(tmp_path / name).stat().st_mode & 0o777 for name in ("report.yaml", "report.html")}
    assert (told.code, modes) == (0, {0o600})


def test_a_report_has_a_usual_name(choria: Choria, book: WriteBook, tmp_path: Path) -> None:
    told = choria("run", book(SHELL), "--report")

    (report,) = tmp_path.glob("playbook-deploy-*.yaml")
    assert told.code == 0
    assert re.fullmatch(r"playbook-deploy-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.yaml", report.name)


def test_a_run_that_never_began_leaves_no_report(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    file = book("inputs: {cluster: {description: Where, type: string}}\n" + SHELL)

    told = choria("run", file, "--report-file", "report.yaml")

    assert told.code == 2
    assert "give --cluster VALUE: Where" in told.err
    assert not (tmp_path / "report.yaml").exists()


TAGGED = """
tasks:
  - shell: {description: one, command: "true", tags: [first, odd]}
  - shell: {description: two, command: "true", tags: [even]}
  - shell: {description: three, command: "true", tags: [odd]}
"""


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        (("--tags", "odd"), ["one", "three"]),
        (("--tags", "first,even"), ["one", "two"]),
        (("--skip-tags", "first, even"), ["three"]),
        (("--tags", "odd", "--skip-tags", "first"), ["three"]),
        (("--start-at", "two"), ["two", "three"]),
        (("--start-at", "tasks[2]"), ["three"]),
    ],
)
def test_steps_are_chosen(
    choria: Choria, book: WriteBook, words: tuple[str, ...], ran: list[str]
) -> None:
    told = choria("run", book(TAGGED), "--json", *words)

    assert told.code == 0
    assert done(told) == ran


def test_a_step_to_start_at_must_be_there(choria: Choria, book: WriteBook) -> None:
    told = choria("run", book(TAGGED), "--start-at", "tow")

    assert told.code == 2
    assert "tow" in told.err


REHEARSED = """
inputs:
  color: {description: Which, type: string, dynamic: true, data: facts/color}
data_stores:
  facts: {type: file, file: facts.yaml, format: yaml}
tasks:
  - shell: {description: "paint it {{ inputs.color }}", command: touch painted}
"""


def test_warnings_of_a_wrong_book_are_told_with_its_errors(choria: Choria, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(
        "name: old\nversion: 1.0.0\nauthor: a\ndescription: d\nrun_as: a=b\n"
        "taks: []\ntasks: [{shell: {command: 'true', tires: 3}}]\n"
    )

    told = choria("check", "old.yaml")

    assert told.code == 2
    assert "error: old.yaml:6:1: taks: is not known; did you mean tasks?" in told.err
    assert "warning: old.yaml:7:35: tasks[0].shell.tires: is not known" in told.err


def test_a_check_looks_at_the_books_that_are_called(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    (tmp_path / "good.yaml").write_text(HEAD + "inputs: {a: {type: string}}\ntasks: []\n")
    (tmp_path / "bad.yaml").write_text(HEAD + "taks: []\n")
    file = book(
        """
        inputs: {which: {type: string, validation: ":shellsafe"}}
        tasks:
          - playbook: {file: good.yaml, inputs: {a: 1}}
          - playbook: {file: good.yaml, inputs: {b: 1}}
          - playbook: bad.yaml
          - playbook: missing.yaml
          - playbook: "{{ inputs.which }}.yaml"
        """
    )

    told = choria("check", file)

    warnings = [line for line in told.err.splitlines() if line.startswith("warning: ")]
    assert told.code == 0
    assert "good.yaml has no input b; its inputs are: a" in warnings[0]
    assert "taks: is not known" in warnings[1]
    assert "missing.yaml: cannot be read" in warnings[2]
    assert len(warnings) == 3


def test_a_check_does_nothing(choria: Choria, book: WriteBook, tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("color: red\n")

    told = choria("run", book(REHEARSED), "--check")

    assert told.code == 0
    assert "touch painted" in told.out
    assert "Outcome" not in told.out
    assert not (tmp_path / "painted").exists()


def test_a_check_that_resolves_reads_stores(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    (tmp_path / "facts.yaml").write_text("color: red\n")

    told = choria("run", book(REHEARSED), "--check", "--resolve")

    assert told.code == 0
    assert "paint it red" in told.out
    assert not (tmp_path / "painted").exists()


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        (("--loglevel", "error"), set()),
        (("--loglevel", "info"), {"I"}),
        (("--verbose",), {"D", "I"}),
        (("-v", "--loglevel", "error"), set()),
    ],
)
def test_options_choose_what_is_logged(
    choria: Choria, book: WriteBook, words: tuple[str, ...], levels: set[str]
) -> None:
    told = choria("run", book("loglevel: warn\n" + SHELL), *words)

    assert {line[0] for line in told.err.splitlines()} == levels


INPUTS = """
inputs:
  cluster: {description: Where, type: string}
  count: {description: How many, type: integer, default: 3}
  hosts: {description: Which, type: array, required: false}
  force: {description: Whether, type: boolean, default: true}
  extra: {description: More, type: hash, required: false}
  tags: {description: Named like an option, type: string, default: none}
tasks: []
"""


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ((), {"count": 3, "force": True, "tags": "none"}),
        (("--count", "0x10", "--no-force"), {"count": 16, "force": False, "tags": "none"}),
        (
            ("--hosts", "a", "--hosts", "b", "--extra", '{"a": [1]}'),
            {"count": 3, "force": True, "tags": "none", "hosts": ["a", "b"], "extra": {"a": [1]}},
        ),
        (
            ("--count", "4", "--input", '{"count": 5, "tags": "x"}'),
            {"count": 5, "force": True, "tags": "x"},
        ),
        (
            ("--input", '{"count": 5, "tags": "x"}', "--input", '{"count": 6}'),
            {"count": 6, "force": True, "tags": "x"},
        ),
        (("--input", "@own.json"), {"count": 7, "force": True, "tags": "none"}),
        (("--input", "@own.yaml"), {"count": 8, "force": False, "tags": "none"}),
    ],
)
def test_inputs_have_the_values_that_are_given(
    choria: Choria,
    book: WriteBook,
    tmp_path: Path,
    words: tuple[str, ...],
    values: dict[str, object],
) -> None:
    (tmp_path / "own.json").write_text('{"count": 7}')
    (tmp_path / "own.yaml").write_text("count: 8\nforce: false\n")

    told = choria("run", book(INPUTS), "--cluster", "alpha", "--json", *words)

    (known,) = events(told.out, "inputs")
    assert told.code == 0
    assert known["static"] == {"cluster": "alpha", **values}


def test_a_store_that_cannot_be_reached_is_a_matter_of_the_network(
    choria: Choria, book: WriteBook, unused_tcp_port: int
) -> None:
    file = book(
        f"""
        data_stores:
          pb: {{type: consul, url: "http://127.0.0.1:{unused_tcp_port}"}}
        tasks:
          - data: {{description: keep, action: write, key: pb/a, value: 1}}
        """
    )

    told = choria("run", file)
    silent = choria("run", file, "--loglevel", "fatal")

    assert (told.code, silent.code) == (3, 3)
    assert re.fullmatch(r"E .* the book failed: .*\n", told.err)
    assert re.fullmatch(r"error: .*\n", silent.err)


async def test_a_lock_that_somebody_else_has_is_a_matter_of_locks(
    running: Running, book: WriteBook, broker: Broker
) -> None:
    file = book(
        f"""
        data_stores:
          pb: {{type: nats_kv, servers: "{broker.url}", bucket: pb, create: true, timeout: 0.3}}
        locks: [pb/own]
        tasks:
          - shell: {{description: never, command: touch never}}
        """
    )
    options = {"servers": broker.url, "bucket": "pb", "create": True}

    async with held_elsewhere(NatsKvStore, options, "own"), running("run", file) as program:
        assert await program.ended() == 4
        assert "up=mallory (playbook deploy, process 99 on n9.example" in program.output
        assert "never" not in program.output


def test_too_few_nodes_are_a_matter_of_nodes(
    choria: Choria, book: WriteBook, tmp_path: Path
) -> None:
    (tmp_path / "nodes.yaml").write_text("web: [a.example]\n")
    file = book(
        """
        nodes:
          web: {type: yaml, source: nodes.yaml, group: web, at_least: 2}
        tasks:
          - shell: {description: never, command: touch never}
        """
    )

    told = choria("run", file)

    assert told.code == 5
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("option", ["--limit", "-I"])
def test_nodes_are_limited_to_those_that_are_named(
    choria: Choria, book: WriteBook, tmp_path: Path, option: str
) -> None:
    (tmp_path / "nodes.yaml").write_text("web: [a.example, b.example, c.example]\n")
    file = book(
        """
        nodes:
          web: {type: yaml, source: nodes.yaml, group: web}
        tasks: []
        """
    )

    told = choria("run", file, option, "c.example,a.example,z.example", "--json")

    (found,) = events(told.out, "nodes")
    assert told.code == 0
    assert found["nodes"] == ["a.example", "c.example"]


async def test_the_client_is_configured_by_the_file_that_is_named(
    running: Running, book: WriteBook, make_broker: Any, tmp_path: Path
) -> None:
    broker = await make_broker()
    config = tmp_path / "own.cfg"
    config.write_text(
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
        "plugin.choria.use_srv = false\n"
        "plugin.security.provider = file\n"
    )
    file = book(
        """
        data_stores:
          pb: {type: nats_kv, bucket: pb, create: true}
        tasks:
          - data: {description: keep, action: write, key: pb/a, value: one}
        """
    )

    for option in ("-c", "--config"):
        async with running("run", file, option, config, INSECURE_YES_REALLY="true") as program:
            assert await program.ended() == 0, program.output


def test_a_run_goes_on_when_nobody_reads_what_it_says(book: WriteBook, tmp_path: Path) -> None:
    file = book(
        """
        tasks:
          - shell: {description: one, command: "echo one; read line < pipe"}
          - shell: {description: two, command: "echo two; touch done"}
        """
    )
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen(
        [sys.executable, "-m", "choria", "playbook", "run", str(file), "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        (tmp_path / "pipe").write_text("go on\n")
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert (tmp_path / "done").exists()
