"""The recipes of docs/howto/watch-nodes.md, with the programs that they are for."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_plugin_stats import hooks
from choria_testing.collectd import require_collectd, running_collectd
from choria_testing.fixtures import MakeBroker
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.registering import node_config, plugins_with, registering

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "watch-nodes.md"
DOCUMENTED = "/var/log/choria/choria-stats.json"
PERFDATA = re.compile(r"[a-z]+=[0-9]+[sc]( [a-z]+=[0-9]+[sc])*")


def block(language: str, file: Path) -> str:
    """The one block of a language that names the documented file, with ``file`` in its place."""
    found = re.findall(
        rf"^```{language}\b[^\n]*\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    [text] = [one for one in found if DOCUMENTED in one]
    return str(text).replace(DOCUMENTED, str(file))


@pytest_asyncio.fixture
async def statistics(make_broker: MakeBroker, tmp_path: Path) -> AsyncIterator[Path]:
    """The file of a server that was connected when it wrote it, and has ended."""
    broker = await make_broker(jetstream=False)
    file = tmp_path / "choria-stats.json"
    lines = (
        "registration = choria",
        "registerinterval = 1",
        f"plugin.choria.registration.file = {file}",
    )
    config = node_config(tmp_path, *lines, broker=broker)
    async with registering(config, broker, plugins_with(hooks)):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_connected(file):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
    yield file


def told(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def is_connected(file: Path) -> bool:
    return file.exists() and "nats://" in told(file)["nats"]["connected_server"]


def numbers(value: Any, path: tuple[str, ...] = ()) -> dict[str, float]:
    """Every number of a document by its path, as collectd names it."""
    if isinstance(value, dict):
        return {
            name: number
            for key, one in value.items()
            for name, number in numbers(one, (*path, key)).items()
        }
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"-".join(path): float(value)} if is_number else {}


async def test_collectd_reads_every_number(statistics: Path, tmp_path: Path) -> None:
    program = require_collectd()
    document = told(statistics)
    counted = numbers({"stats": {"stats": document["stats"]["stats"]}, "nats": document["nats"]})
    measured = numbers(
        {"timestamp": document["timestamp"], "stats": {"times": document["stats"]["times"]}}
    )
    wanted = {f"curl_json-choria/derive-{name}": value for name, value in counted.items()}
    wanted |= {f"curl_json-choria/gauge-{name}": value for name, value in measured.items()}
    assert len(wanted) == 8 + 5 + 1 + 4

    async with running_collectd(program, block("apache", statistics), tmp_path) as collected:
        assert await collected.until(wanted) == wanted


def test_the_check_for_sensu_is_one_that_sensu_takes(statistics: Path) -> None:
    check = json.loads(block("json", statistics))
    assert (check["type"], check["api_version"]) == ("CheckConfig", "core/v2")
    spec = check["spec"]
    assert 0 < spec["timeout"] < spec["interval"]

    done = run(spec["command"])
    assert done.returncode == 0
    line, _, figures = done.stdout.rstrip("\n").partition(" | ")
    assert line.startswith("Choria OK: node1.example: connected to nats://127.0.0.1:")
    assert PERFDATA.fullmatch(figures)
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("age", "code", "word"), [(400, 1, "WARNING"), (1_000, 2, "CRITICAL"), (None, 3, "UNKNOWN")]
)
def test_the_check_for_sensu_ends_with_its_codes(
    statistics: Path, age: int | None, code: int, word: str
) -> None:
    if age is None:
        statistics.unlink()
    else:
        document = told(statistics)
        document["timestamp"] -= age
        statistics.write_text(json.dumps(document))

    done = run(json.loads(block("json", statistics))["spec"]["command"])

    assert done.returncode == code
    assert done.stdout.startswith(f"Choria {word}: ")
    assert not done.stderr


def run(command: str) -> subprocess.CompletedProcess[str]:
    """What a shell of Sensu's agent would do."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        shlex.split(command),
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        executable=str(Path(sys.executable).parent / "choria"),
    )
