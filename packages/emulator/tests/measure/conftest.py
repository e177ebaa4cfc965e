"""Results as requests bring them."""

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.result import Effort, RequestResult
from choria_emulator.measure.thresholds import parse_threshold


class MakeResult(Protocol):
    """A result of three nodes; ``other`` replaces fields."""

    def __call__(self, times_ns: Sequence[int] = (), **other: object) -> RequestResult: ...


@pytest.fixture
def make_result() -> MakeResult:
    """A function that makes results."""

    def make(times_ns: Sequence[int] = (), **other: object) -> RequestResult:
        usual: dict[str, object] = {
            "number": 1,
            "request_id": "abc",
            "start_ns": 1_800_000_000_000_000_000,
            "expected": 3,
            "discovered": 3,
            "publish_ns": 1_000,
            "request_ns": 2_000_000_000,
            "total_ns": 2_500_000_000,
            "ok": len(times_ns),
            "failed": 0,
            "times_ns": array("q", times_ns),
            "effort": Effort(wall_ns=100, cpu_ns=10),
        }
        return RequestResult(**(usual | other))  # type: ignore[arg-type]

    return make


@pytest.fixture
def plan(tmp_path: Path) -> MeasurePlan:
    """A suite of three requests, as the recorded one."""
    return MeasurePlan(
        suite_id="VdyWB7B2eFSPXp27jtIkCj",
        count=3,
        expect=1000,
        description="three requests",
        folder=tmp_path / "mout",
        folder_given="mout",
        timeout_seconds=5.0,
        thresholds=(parse_threshold("p99<2s"), parse_threshold("missing==0")),
    )
