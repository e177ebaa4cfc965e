"""`.ci/collectd` brings collectd where it may, and says so where it may not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """The first folder on PATH: it has `id`, which says that we are root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "id", "echo 0")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
    path.chmod(0o755)


def run(root: Path, bin_folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The script, with no folder of the system's but what is in ``bin_folder``."""
    script = tmp_path / "step"
    script.write_text((root / ".ci" / "collectd").read_text().replace("/usr/sbin", "/nowhere"))
    words = [str(shutil.which("sh")), str(script)]
    return subprocess.run(
        words, env={"PATH": str(bin_folder)}, capture_output=True, text=True, check=True
    )


def test_one_that_is_there_is_left_alone(root: Path, bin_folder: Path, tmp_path: Path) -> None:
    program(bin_folder, "collectd", "exit 1")
    program(bin_folder, "apt-get", "echo asked; exit 1")

    done = run(root, bin_folder, tmp_path)

    assert (done.stdout, done.stderr) == ("", "")


def test_a_missing_one_is_installed_from_a_list_that_is_renewed(
    root: Path, bin_folder: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "asked"
    known = tmp_path / "known"
    program(
        bin_folder,
        "apt-get",
        f'echo "$1" >> {seen}; [ "$1" = update ] && : > {known}; [ -e {known} ]',
    )

    run(root, bin_folder, tmp_path)

    assert seen.read_text().split() == ["install", "update", "install"]


def test_where_there_is_no_way_it_says_what_to_do(
    root: Path, bin_folder: Path, tmp_path: Path
) -> None:
    assert "install it with its plugin curl_json" in run(root, bin_folder, tmp_path).stderr


def test_this_machine_has_one_in_ci() -> None:
    if not os.environ.get("CI"):
        pytest.skip("only CI must have collectd")
    assert shutil.which("collectd", path=f"{os.environ['PATH']}:/usr/sbin")
