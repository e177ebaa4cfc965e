"""The machine that the tests run on."""

import os
import socket
from pathlib import Path

import pytest

from choria_core.network_config.host import derive_identity
from choria_core.network_config.this_host import dns_name, facter, this_host


def test_this_machine_has_an_identity() -> None:
    identity, source = derive_identity(this_host().names)

    assert identity
    assert source


def test_the_surroundings_are_those_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")

    host = this_host()

    assert host.home == "/somewhere"
    assert host.folder == Path.cwd()
    assert host.is_root == (os.geteuid() == 0)


def test_a_deleted_folder_has_no_project_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    assert this_host().folder is None


def test_dns_tells_a_name_or_nothing() -> None:
    assert dns_name() in ("", *_names())


def _names() -> list[str]:
    try:
        address = socket.gethostbyname(socket.gethostname())
        return [socket.gethostbyaddr(address)[0]]
    except OSError:
        return []


@pytest.mark.parametrize(
    ("script", "told"),
    [("echo $1.example", "fact.example"), ("echo wrong; exit 1", ""), ("printf '\\377'", "")],
)
def test_facter_is_asked_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    program = tmp_path / "facter"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert facter("fact") == told


def test_a_machine_without_facter_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("choria_core.network_config.this_host._FACTER_FOLDERS", ())

    assert facter("networking.fqdn") == ""
