"""The check says what Sensu and its like understand: one line and an exit code."""

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from choria_plugin_stats.check import Limits, Verdict, check
from choria_plugin_stats.commands.stats import app
from choria_plugin_stats.document import (
    Connection,
    Counts,
    ProcessStatistics,
    Statistics,
    Times,
    Traffic,
    encode_statistics,
)

NOW = 1_795_425_828
WELL = Statistics(
    timestamp=NOW - 12,
    identity="node1.example",
    version="0.1.0",
    stats=ProcessStatistics(
        stats=Counts(
            validated=49,
            unvalidated=1,
            passed=49,
            filtered=4,
            starttime=NOW - 212,
            total=54,
            ttlexpired=0,
            replies=48,
        ),
        threads=["MainThread"],
        pid=4711,
        times=Times(utime=1.2, stime=0.1, cutime=0.0, cstime=0.0),
        agents=["rpcutil"],
    ),
    nats=Connection(
        connected_server="nats://broker.example:4222",
        stats=Traffic(in_msgs=54, out_msgs=52, in_bytes=1, out_bytes=1, reconnects=2),
    ),
)
LONELY = replace(WELL, nats=replace(WELL.nats, connected_server="disconnected"))
FIGURES = "total=54c validated=49c unvalidated=1c filtered=4c replies=48c reconnects=2c"


@pytest.mark.parametrize(
    ("statistics", "later", "limits", "verdict", "text"),
    [
        (WELL, 0, Limits(), Verdict.OK, "connected to nats://broker.example:4222"),
        (WELL, 900, Limits(), Verdict.WARNING, "the statistics are 912 s old, more than 900 s"),
        (WELL, 888, Limits(), Verdict.OK, "connected to nats://broker.example:4222"),
        (WELL, 1800, Limits(), Verdict.CRITICAL, "the statistics are 1812 s old, more than 1800 s"),
        (
            WELL,
            9e6,
            Limits(warning_age=0, critical_age=0),
            Verdict.OK,
            "connected to nats://broker",
        ),
        (LONELY, 0, Limits(), Verdict.CRITICAL, "not connected to a broker"),
        (LONELY, 0, Limits(disconnected=Verdict.OK), Verdict.OK, "not connected to a broker"),
        (
            LONELY,
            1000,
            Limits(),
            Verdict.CRITICAL,
            "not connected to a broker; the statistics are 1012 s old, more than 900 s",
        ),
        (
            LONELY,
            1000,
            Limits(disconnected=Verdict.WARNING, critical_age=60),
            Verdict.CRITICAL,
            "the statistics are 1012 s old, more than 60 s; not connected to a broker",
        ),
    ],
)
def test_the_gravest_verdict_counts_and_all_is_told(
    statistics: Statistics, later: float, limits: Limits, verdict: Verdict, text: str
) -> None:
    finding = check(statistics, limits, now=NOW + later)
    assert finding.verdict is verdict
    line = str(finding)
    assert line.startswith(f"Choria {verdict.name}: node1.example: {text}")
    assert line.endswith(f" | age={12 + int(later)}s {FIGURES}")


def test_a_clock_that_went_back_makes_no_age_below_none() -> None:
    assert "age=0s" in str(check(WELL, Limits(), now=NOW - 9_999))


@pytest.mark.parametrize(
    ("content", "options", "code", "line"),
    [
        (WELL, ["--warning", "0", "--critical", "0"], 0, "Choria OK: node1.example: connected to"),
        (WELL, ["--warning", "1s", "--critical", "0"], 1, "Choria WARNING: node1.example: the st"),
        (
            WELL,
            [],
            2,
            r"Choria CRITICAL: node1.example: the statistics are \d+ s old, more than 18",
        ),
        (
            LONELY,
            ["--warning", "0", "--critical", "0"],
            2,
            "Choria CRITICAL: node1.example: not co",
        ),
        (
            LONELY,
            ["--warning", "0", "--critical", "0", "--disconnected", "warning"],
            1,
            "Choria WARNING: node1.example: not connected",
        ),
        (None, [], 3, "Choria UNKNOWN: .*stats.json cannot be read: No such file or directory$"),
        (b"{}", [], 3, "Choria UNKNOWN: .*stats.json: not a file of statistics"),
    ],
)
def test_the_command_ends_with_the_code_of_the_verdict(
    tmp_path: Path, content: Statistics | bytes | None, options: list[str], code: int, line: str
) -> None:
    file = tmp_path / "stats.json"
    old = WELL.timestamp - 10_000  # whenever this runs, the statistics are old
    if isinstance(content, Statistics):
        file.write_bytes(encode_statistics(replace(content, timestamp=old)))
    elif content is not None:
        file.write_bytes(content)

    done = CliRunner().invoke(app, ["check", "--file", str(file), *options])

    assert done.exit_code == code
    assert re.match(line, done.output.strip())
    assert done.output.count("\n") == 1


def test_a_duration_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--file", str(tmp_path / "x"), "--warning", "soon"])
    assert done.exit_code == 2
    assert json.dumps("soon")[1:-1] in done.output
