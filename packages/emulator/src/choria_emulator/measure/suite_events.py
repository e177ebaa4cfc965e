"""The events of a suite, published for whoever watches.  Pure.

Each is a CloudEvent whose type is the subject that it is published on.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, json

from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.rows import Suite, suite_of

SUITE_SUBJECT: Final = "io.choria.event.emulator.test_suite"
RESULT_SUBJECT: Final = "io.choria.event.emulator.test_result"
SOURCE: Final = "io.choria.choria-emulator.measure"


class ResultData(Struct, frozen=True):
    """What the event of a request says; durations in nanoseconds."""

    suite_id: str
    instance: int
    time_buckets: list[int]
    discovered: int
    publish_duration: int
    request_duration: int
    failed: int
    ok: int
    noresponses: int
    unexpected: int
    responded: int


def suite_event(plan: MeasurePlan, *, event_id: str, now: float) -> bytes:
    """That a suite begins; ``now`` in unix seconds."""
    return _event(SUITE_SUBJECT, suite_of(plan), event_id, now)


def result_event(plan: MeasurePlan, result: RequestResult, *, event_id: str, now: float) -> bytes:
    """That a request is over; ``now`` in unix seconds."""
    data = ResultData(
        suite_id=plan.suite_id,
        instance=result.number,
        time_buckets=result.buckets(),
        discovered=result.discovered,
        publish_duration=result.publish_ns,
        request_duration=result.request_ns,
        failed=result.failed,
        ok=result.ok,
        noresponses=len(result.missing),
        unexpected=result.unexpected,
        responded=result.responded,
    )
    return _event(RESULT_SUBJECT, data, event_id, now)


def _event(kind: str, data: Suite | ResultData, event_id: str, now: float) -> bytes:
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
    return json.encode(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": kind,
            "time": moment.replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }
    )
