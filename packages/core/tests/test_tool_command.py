"""``choria tool config`` as a user meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from choria_testing.vectors import path

CHORIA = str(Path(sys.executable).parent / "choria")
GOLDEN = Path(__file__).parent / "golden"

CLIENT = """\
identity = client.example.net
plugin.nats.user = ada
plugin.nats.pass = geheim
plugin.choria.middleware_hosts = a.example.net:4222, [::1]:4222
libdir = /opt/one
libdir = ~/two
plugin.mine.token = geheim
plugin.mine.colour = blue
plugin.nats.pas = geheim
discovery_timeot = 5
ttl = never
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command for a user whose home is empty, in the test's folder."""
    (tmp_path / "own").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    own = {"HOME": str(tmp_path / "own"), "USER": "ada", "NO_COLOR": "1"}

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CHORIA, "tool", "config", *words],
            cwd=tmp_path,
            env=kept | own | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_it_prints_every_key_with_its_value_and_its_origin(run: Run, tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CLIENT)
    (tmp_path / "plugin.d").mkdir()
    (tmp_path / "plugin.d" / "choria.cfg").write_text("use_srv = no\n")

    told = run("--config", "client.cfg", HOME="/srv/ada", MCOLLECTIVE_NATS_PASSWORD="geheim too")

    assert told.returncode == 0
    assert told.stdout == golden("tool_config_client.txt")
    assert told.stderr == (
        "warning: client.cfg:9: plugin.nats.pas: is not known; did you mean plugin.nats.pass?\n"
        "warning: client.cfg:10: discovery_timeot: is not known; "
        "did you mean discovery_timeout?\n"
        'warning: client.cfg:11: ttl: must be a whole number, not "never"; it stays at 60; '
        "write digits only\n"
    )


def test_it_prints_what_a_server_reads(run: Run, tmp_path: Path) -> None:
    text = path("server-v2.cfg").read_text() + "plugin.choria.network.system.password = geheim\n"
    (tmp_path / "server.cfg").write_text(text)

    told = run("--server", "--config", "server.cfg")

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == golden("tool_config_server.txt")


def test_keys_are_named_or_searched(run: Run, tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CLIENT)

    told = run("--config", "client.cfg", "plugin.mine", "ttl", "main_collective")

    assert told.stdout == (
        "main_collective     mcollective  from collectives\n"
        "ttl                 60           default\n"
        "plugin.mine.token   ***          client.cfg:7 (kept for plugins)\n"
        "plugin.mine.colour  blue         client.cfg:8 (kept for plugins)\n"
    )


def test_json_has_typed_values(run: Run, tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CLIENT)

    told = run("--config", "client.cfg", "--json", "libdir", "middleware_hosts", "pass", "color")

    values = {row["key"]: row for row in json.loads(told.stdout)}
    assert values["libdir"] == {
        "key": "libdir",
        "value": ["/opt/one", f"{tmp_path}/own/two"],
        "note": "",
        "origins": [
            {"source": "file", "name": "client.cfg", "line": 5},
            {"source": "file", "name": "client.cfg", "line": 6},
        ],
    }
    assert values["plugin.nats.pass"]["value"] == "***"
    assert values["color"]["value"] is True
    assert values["plugin.choria.middleware_hosts"]["value"] == [
        "nats://a.example.net:4222",
        "nats://[::1]:4222",
    ]


def test_a_wrong_file_is_shown_and_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "server.cfg").write_text("identity = a\nttl = 1\nrpcaudit = y\n")

    told = run("--server", "--config", "server.cfg", "ttl")

    assert told.returncode == 2
    assert told.stdout == "ttl  60  default\n"
    assert told.stderr == (
        "warning: server.cfg:3: rpcaudit: audits nothing; set plugin.rpcaudit.logfile\n"
        "error: server.cfg:2: ttl: must be at least 30, not 1\n"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--server"], "--server needs --config"),
        (["--config", "client.cfg", "identty"], "no key is called identty; did you mean identity?"),
        (["--config", "missing.cfg"], "missing.cfg: cannot be read: No such file or directory"),
    ],
)
def test_wrong_usage_is_told(run: Run, tmp_path: Path, words: list[str], error: str) -> None:
    (tmp_path / "client.cfg").write_text(CLIENT)

    told = run(*words)

    assert told.returncode == 2
    assert error in told.stderr


def golden(name: str) -> str:
    """What the command is known to print; a change of it belongs into the changelog."""
    return (GOLDEN / name).read_text()
