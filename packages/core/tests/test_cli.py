"""``choria`` as a user meets it: real processes, their output and their exit codes."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

CHORIA = str(Path(sys.executable).parent / "choria")

SOUND = """
from choria_core.hookspecs import Command, hookimpl

@hookimpl
def choria_commands():
    return [Command("errors", "sound_commands:app", "Fail in many ways."),
            Command("hello", "sound_commands:hello", "Say hello."),
            Command("gone", "sound_commands:nothing_here", "Point nowhere."),
            Command("broker", "sound_commands:hello", "Be the second.")]
"""

SOUND_COMMANDS = """
import asyncio
import os
import signal
import typer
from choria_core import errors
from choria_core.event_loop import run_async, run_until_stopped

app = typer.Typer()

def hello(name: str, loudly: bool = False) -> None:
    "Say hello."
    print(f"hello {name}")

@app.command()
def work() -> None:
    raise errors.WorkError("the work failed")

@app.command()
def config() -> None:
    raise errors.ConfigError("a.yaml:1: one\\na.yaml:2: two")

@app.command()
def network() -> None:
    async def main():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
    async def fail():
        raise errors.ConnectError("nobody at nats://127.0.0.1:1")
    run_async(main())

@app.command()
def bug() -> None:
    raise ZeroDivisionError("division by password=hunter2\\nand more")

@app.command()
def flood() -> None:
    for number in range(1_000_000):
        print(number)

@app.command()
def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass
"""


def install(folder: Path, name: str, hooks: str, **modules: str) -> None:
    """Put a distribution with one plugin into ``folder``, as an installer would."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(hooks)
    for other, text in modules.items():
        (folder / f"{other}.py").write_text(text)
    info = folder / f"{module}-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[choria.plugins]\n{name} = {module}\n")


def choria(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHORIA, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": "160", **(environment or {})},
    )


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment with plugins of others, sound and broken."""
    folder = tmp_path_factory.mktemp("plugins")
    install(folder, "sound", SOUND, sound_commands=SOUND_COMMANDS)
    install(folder, "broken-import", "import no_such_module")
    install(folder, "quitter", "raise SystemExit(5)")
    install(
        folder,
        "misspelt",
        "from choria_core.hookspecs import hookimpl\n@hookimpl\ndef choria_comands(): pass\n",
    )
    install(
        folder,
        "raising",
        "from choria_core.hookspecs import hookimpl\n@hookimpl\ndef choria_commands(): 1 / 0\n",
    )
    return {"PYTHONPATH": str(folder)}


def error_line(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error, warnings of plugins apart."""
    [line] = [line for line in ended.stderr.splitlines() if not line.startswith("warning: ")]
    return line


def test_help_names_the_commands() -> None:
    ended = choria("--help")

    assert ended.returncode == 0
    assert "broker" in ended.stdout
    assert "Show what is plugged in" in ended.stdout
    assert not ended.stderr


def test_without_arguments_it_shows_its_help() -> None:
    ended = choria()

    assert (ended.returncode, ended.stdout) == (0, choria("--help").stdout)


def test_help_imports_no_command_and_no_service() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", CHORIA, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}

    assert "choria_core.plugins" in imported
    for heavy in ("choria_core.broker.server", "asyncio", "nats", "aiohttp", "structlog", "uvloop"):
        assert heavy not in imported


def test_version_names_every_distribution() -> None:
    ended = choria("--version")

    assert ended.returncode == 0
    names = [line.split()[0] for line in ended.stdout.splitlines()]
    assert "choria-core" in names
    assert names == sorted(names)


def test_broken_plugins_are_reported_and_the_rest_works(plugged: Mapping[str, str]) -> None:
    ended = choria("hello", "you", environment=plugged)

    assert (ended.returncode, ended.stdout) == (0, "hello you\n")
    warnings = ended.stderr.splitlines()
    assert len(warnings) == 5
    assert all(line.startswith("warning: plugin ") for line in warnings)


def test_the_list_tells_what_became_of_each_plugin(plugged: Mapping[str, str]) -> None:
    ended = choria("plugin", "list", "--json", environment=plugged)
    rows = {row["name"]: row for row in json.loads(ended.stdout)}

    assert ended.returncode == 0
    assert rows["core"]["state"] == "ok"
    assert rows["sound"]["distribution"] == "sound"
    assert rows["sound"]["version"] == "1.2.3"
    assert rows["sound"]["hooks"] == ["choria_commands"]
    assert "plugin core offers one of that name" in rows["sound"]["problems"][0]
    assert rows["broken-import"]["state"] == "failed"
    assert "No module named 'no_such_module'" in rows["broken-import"]["problems"][0]
    assert rows["quitter"]["state"] == "failed"
    assert "choria_comands" in rows["misspelt"]["problems"][0]
    assert "ZeroDivisionError" in rows["raising"]["problems"][0]


def test_the_list_is_a_table_for_people(plugged: Mapping[str, str]) -> None:
    lines = choria("plugin", "list", environment=plugged).stdout.splitlines()

    assert lines[0].split() == ["plugin", "distribution", "version", "hooks", "state"]
    assert lines[1].split()[0] == "core"
    assert any(line.split()[:2] == ["quitter", "quitter"] for line in lines)


def test_a_plugin_can_be_switched_off(plugged: Mapping[str, str]) -> None:
    off = {**plugged, "CHORIA_DISABLE_PLUGINS": "sound,raising,misspelt,quitter,broken-import"}

    ended = choria("hello", "you", environment=off)

    assert ended.returncode == 2
    assert error_line(ended) == "error: No such command 'hello' (see choria --help)"
    assert "warning" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["errors", "work"], 1, "error: the work failed"),
        (["errors", "network"], 3, "error: nobody at nats://127.0.0.1:1"),
        (["errors", "nothing"], 2, "error: No such command 'nothing' (see choria errors --help)"),
        (["hello"], 2, "error: Missing argument 'name' (see choria hello --help)"),
        (["hello", "a", "--lowdly"], 2, "error: No such option: --lowdly"),
        (["--no-such-option"], 2, "error: No such option: --no-such-option"),
        (["gone"], 1, "error: plugin sound: cannot load its command gone: sound_commands has no"),
        (["errors", "bug"], 1, "error: unexpected ZeroDivisionError: division by"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    plugged: Mapping[str, str], words: list[str], code: int, line: str
) -> None:
    ended = choria(*words, environment=plugged)

    assert error_line(ended).startswith(line)
    assert ended.returncode == code
    assert not ended.stdout


@pytest.mark.parametrize(
    ("setting", "begin"), [({}, "\x1b[31merror: "), ({"NO_COLOR": "1"}, "error: ")]
)
def test_an_error_is_red_on_a_terminal(setting: Mapping[str, str], begin: str) -> None:
    shown, terminal = pty.openpty()
    subprocess.run(
        [CHORIA, "nonsense"], stderr=terminal, check=False, env={**_without_colours(), **setting}
    )
    os.close(terminal)
    text = os.read(shown, 4096).decode()
    os.close(shown)

    assert "No such command 'nonsense'" in text
    assert text.startswith(begin)


def _without_colours() -> dict[str, str]:
    """The environment without what tells programs about colours."""
    return {name: value for name, value in os.environ.items() if name != "NO_COLOR"}


def test_every_problem_of_a_configuration_is_shown(plugged: Mapping[str, str]) -> None:
    ended = choria("errors", "config", environment=plugged)

    assert ended.returncode == 2
    assert "error: a.yaml:1: one\na.yaml:2: two\n" in ended.stderr


def test_the_secrets_of_unexpected_errors_stay_hidden(plugged: Mapping[str, str]) -> None:
    assert "hunter2" not in choria("errors", "bug", environment=plugged).stderr


@pytest.mark.parametrize("words", [["--debug", "errors", "work"], ["errors", "work", "--debug"]])
def test_a_traceback_is_shown_on_request(plugged: Mapping[str, str], words: list[str]) -> None:
    ended = choria(*words, environment=plugged)

    assert ended.returncode == 1
    assert "Traceback (most recent call last)" in ended.stderr
    assert ended.stderr.endswith("error: the work failed\n")


def test_debug_behind_two_dashes_is_left_alone(plugged: Mapping[str, str]) -> None:
    assert choria("hello", "--", "--debug", environment=plugged).stdout == "hello --debug\n"


def test_an_interrupt_ends_quietly(plugged: Mapping[str, str]) -> None:
    ended = choria("errors", "interrupt", environment=plugged)

    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr


def test_a_reader_that_goes_away_is_no_error(plugged: Mapping[str, str]) -> None:
    command = f"{CHORIA} errors flood | head -1"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **plugged, "CHORIA_DISABLE_PLUGINS": "raising"},
    )

    assert ended.stdout == "0\n"
    assert "BrokenPipe" not in ended.stderr
    assert "error: " not in ended.stderr


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_streams_may_be_closed(closed: str, plugged: Mapping[str, str]) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{CHORIA} hello me {closed}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **plugged},
    )

    assert ended.returncode == 0
    assert "error" not in ended.stderr.replace("errors", "")


def test_a_terminal_may_lack_characters(plugged: Mapping[str, str]) -> None:
    ended = choria("hello", "\u4e16", environment={**plugged, "PYTHONIOENCODING": "latin-1"})

    assert ended.stdout == "hello \\u4e16\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_for_a_shell(tmp_path: Path, shell: str) -> None:
    # Without detection the shell is the one named, not the one that runs the tests.
    home = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    ended = choria("--install-completion", shell, environment=home)

    assert ended.returncode == 0
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert any("_CHORIA_COMPLETE" in text for text in written)


def test_commands_and_options_are_completed() -> None:
    def complete(words: str, count: int) -> list[str]:
        ended = choria(
            environment={
                "_CHORIA_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(count),
            }
        )
        assert not ended.stderr
        return ended.stdout.split()

    assert complete("choria bro", 1) == ["broker"]
    assert complete("choria broker ", 2) == ["run"]
    assert "--jetstream" in complete("choria broker run --jet", 3)
