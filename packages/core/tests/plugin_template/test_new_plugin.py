"""``choria plugin new``: what it writes, and what it refuses."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from choria_core.cli import main
from choria_core.plugin_template.kinds import KINDS
from choria_core.plugin_template.names import MOST_CHARACTERS, PluginNames
from choria_testing.serving import core_plugins

New = Callable[..., tuple[int, str, str]]

LONG = "-".join(["a123456789", *["abcdefghi"] * 3])


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> New:
    """Runs the command in an empty folder: its exit code, and what it printed and complained."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["plugin", "new", *map(str, words)], plugins=core_plugins())
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_a_package_needs_is_written(kind: str, new: New, tmp_path: Path) -> None:
    code, out, err = new(kind, "disk-space")

    folder = tmp_path / "choria-plugin-disk-space"
    module = f"src/choria_plugin_disk_space/{KINDS[kind].module}.py"
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert (code, err) == (0, "")
    assert files == {
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/choria_plugin_disk_space/__init__.py",
        "src/choria_plugin_disk_space/hooks.py",
        "src/choria_plugin_disk_space/py.typed",
        module,
        f"tests/test_{KINDS[kind].module}.py",
    }
    assert {f"choria-plugin-disk-space/{file}" for file in files} < set(out.splitlines())
    assert f"Change {module}, and test it:" in out


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_the_template_is_left(kind: str, new: New, tmp_path: Path) -> None:
    _, out, _ = new(kind, "x")

    texts = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(texts) == 8
    assert not [found for text in (out, *texts) for found in re.findall(r"@[a-z]+@", text)]


@pytest.mark.parametrize("name", ["x", "disk-space", LONG])
def test_what_is_written_passes_ruff(name: str, new: New, tmp_path: Path) -> None:
    for kind in KINDS:
        new(kind, name, "--directory", kind)

    ruff = [sys.executable, "-m", "ruff"]
    _must_pass(*ruff, "check", "--no-cache", str(tmp_path))
    _must_pass(*ruff, "format", "--no-cache", "--check", "--diff", str(tmp_path))


def test_the_pins_are_those_of_the_core_that_is_here(new: New, tmp_path: Path) -> None:
    new("command", "hi")

    project = tomllib.loads((tmp_path / "choria-plugin-hi" / "pyproject.toml").read_text())
    core = f"choria-core>={version('choria-core')},<0.2"
    assert project["project"]["dependencies"] == [core, "typer>=0.29"]
    assert project["project"]["entry-points"] == {
        "choria.plugins": {"hi": "choria_plugin_hi.hooks"}
    }


@pytest.mark.parametrize("name", ["disk-space", "disk_space"])
def test_all_names_are_made_of_one(name: str) -> None:
    names = PluginNames.of(name, KINDS["agent"])

    assert names.part == names.plugin == "disk_space"
    assert names.distribution == "choria-plugin-disk-space"
    assert names.package == "choria_plugin_disk_space"
    assert names.pascal == "DiskSpace"
    assert PluginNames.of(name, KINDS["command"]).part == "disk-space"


def test_another_folder_may_be_named(new: New, tmp_path: Path) -> None:
    (tmp_path / "my own").mkdir()
    code, out, _ = new("task", "say", "--directory", "my own/say")

    assert code == 0
    assert (tmp_path / "my own" / "say" / "pyproject.toml").is_file()
    assert "  pip install './my own/say'\n" in out
    assert "  pip install -e './my own/say[test]'\n" in out

    _, out, _ = new("task", "say", "--directory", tmp_path / "say")
    assert f"  pip install {tmp_path}/say\n" in out


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Disk Space", "use disk-space"),
        ("DiskSpace", "use disk-space"),
        ("disk--space", "use disk-space"),
        ("disk.space", "use disk-space"),
        ("-disk", "use disk"),
        ("7zip", "use zip"),
        ("choria-plugin-disk", "use disk"),
        ("../etc", "use etc"),
        ("", "use something like disk-space"),
        ("7", "use something like disk-space"),
        ("A" * 60, "use something like disk-space"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(
    name: str, fix: str, new: New, tmp_path: Path
) -> None:
    code, _, err = new("agent", "--", name)

    assert code == 2
    assert err == (
        f"error: {name!r} is no name for a plugin "
        f"(small letters, digits, and - or _ between them): {fix}\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_name_may_not_be_too_long(new: New) -> None:
    assert len(LONG) == MOST_CHARACTERS
    assert new("agent", LONG)[0] == 0
    code, _, err = new("agent", "a" * (MOST_CHARACTERS + 1))

    assert code == 2
    assert "use at most 40 characters" in err


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("agent", "rpcutil", "there is an agent rpcutil already"),
        ("command", "plugin", "there is a command plugin already"),
        ("task", "core", "there is a plugin core already"),
        ("data-store", "memory", "choria-plugin-memory is installed already"),
        ("task", "block", "block means something else where a task is named"),
    ],
)
def test_a_name_that_is_taken_is_refused(
    kind: str, name: str, told: str, new: New, tmp_path: Path
) -> None:
    code, _, err = new(kind, name)

    assert (code, err) == (2, f"error: {told}: choose another name\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("agnet", "did you mean agent?"),
        ("Agent", "did you mean agent?"),
        ("data_store", "did you mean data-store?"),
        ("auditor", "did you mean auditing?"),
        ("nodeset", "did you mean node-set?"),
        (
            "wheel",
            "use one of: agent, registration, auditing, data-store, node-set, task, command",
        ),
    ],
)
def test_an_unknown_kind_is_refused_with_the_one_that_is_meant(
    word: str, hint: str, new: New, tmp_path: Path
) -> None:
    code, _, err = new(word, "x")

    assert (code, err) == (2, f"error: there is no kind of plugin {word!r}; {hint}\n")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(new: New, tmp_path: Path) -> None:
    there = tmp_path / "choria-plugin-x"
    there.mkdir()
    (there / "notes").write_text("mine")

    code, _, err = new("agent", "x")

    assert (code, err) == (
        2,
        "error: choria-plugin-x is there already: remove it, or name another with --directory\n",
    )
    assert [file.name for file in there.iterdir()] == ["notes"]


def test_the_folder_around_it_must_be_there(new: New) -> None:
    code, _, err = new("agent", "x", "--directory", "some/where")

    assert (code, err) == (
        2,
        "error: some/where has no folder to be in: make some first\n",
    )


def test_a_folder_that_cannot_be_made_is_told(new: New) -> None:
    code, _, err = new("agent", "x", "--directory", "a" * 300)

    assert code == 1
    assert err.endswith("a cannot be made: File name too long\n")


def test_nothing_is_left_of_a_package_that_cannot_be_written(new: New, tmp_path: Path) -> None:
    """The folder's own path is as long as it may be, and those of its files too long."""
    most = os.pathconf(tmp_path, "PC_PATH_MAX")
    parent = tmp_path
    while most - len(str(parent)) > 220:
        parent = parent / ("d" * 150)
    parent.mkdir(parents=True)
    folder = parent / ("x" * (most - len(str(parent)) - 12))

    code, _, err = new("agent", "x", "--directory", folder)

    assert code == 1
    assert err.endswith("x cannot be written: File name too long\n")
    assert list(parent.iterdir()) == []


def _must_pass(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
