"""Rows of the result files.  Pure.

``requests.csv``, ``times.csv``, ``time_buckets.csv`` and ``suite.json`` are those of the Go
emulator, ``outcomes.csv`` has the statistics of the Ruby tool before it.
"""

from typing import Final

from msgspec import Struct, json

from choria_emulator.measure.figures import deviation, mean, skew
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.result import RequestResult

REQUESTS_HEADER: Final = (
    "test",
    "description",
    "payload_bytes",
    "expected",
    "discovered",
    "publish_duration",
    "request_duration",
    "failed",
    "ok",
    "noresponses",
    "unexpected",
    "responded",
)

OUTCOMES_HEADER: Final = (
    "Success",
    "Responses",
    "NoResponses",
    "OKCount",
    "FailedCount",
    "Blocktime",
    "Overhead",
    "Totaltime",
    "ResponseMin",
    "ResponseMax",
    "ResponseAverage",
    "ResponseDeviation",
    "ResponseSkew",
)


class Suite(Struct, frozen=True):
    """What ``suite.json`` says, in its order; durations in nanoseconds."""

    description: str
    output_dir: str
    payload_size: int
    count: int
    rpc_timeout: int
    expected_nodes: int
    workers: int
    id: str


def suite_of(plan: MeasurePlan) -> Suite:
    """The suite of a plan."""
    return Suite(
        description=plan.description,
        output_dir=plan.folder_given,
        payload_size=plan.size,
        count=plan.count,
        rpc_timeout=round(plan.timeout_seconds * 1e9),
        expected_nodes=plan.expect,
        workers=plan.workers,
        id=plan.suite_id,
    )


def suite_document(plan: MeasurePlan) -> bytes:
    """``suite.json``."""
    return json.encode(suite_of(plan))


def request_row(plan: MeasurePlan, result: RequestResult) -> list[object]:
    """A row of ``requests.csv``."""
    return [
        result.number,
        plan.description,
        plan.size,
        result.expected,
        result.discovered,
        result.publish_ns,
        result.request_ns,
        result.failed,
        result.ok,
        len(result.missing),
        result.unexpected,
        result.responded,
    ]


def outcome_row(result: RequestResult) -> list[object]:
    """A row of ``outcomes.csv``; times in seconds, and 0 where a figure needs more replies."""
    block, total = result.request_ns / 1e9, result.total_ns / 1e9
    times = [time_ns / 1e9 for time_ns in result.times_ns]
    return [
        int(result.is_success),
        result.responded,
        len(result.missing),
        result.ok,
        result.failed,
        *map(
            _seconds,
            (
                block,
                max(total - block, 0.0),
                total,
                min(times, default=0.0),
                max(times, default=0.0),
                mean(times),
                deviation(times),
                skew(times),
            ),
        ),
    ]


def _seconds(value: float) -> float:
    """To the nanosecond."""
    return round(value, 9)
