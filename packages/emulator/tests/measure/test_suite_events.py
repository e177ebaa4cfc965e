"""The events of a suite."""

import json

from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.suite_events import (
    RESULT_SUBJECT,
    SUITE_SUBJECT,
    result_event,
    suite_event,
)
from choria_testing import vectors
from packages.emulator.tests.measure.conftest import MakeResult


def test_a_suite_is_announced_as_a_cloudevent_whose_data_is_the_suite(plan: MeasurePlan) -> None:
    event = json.loads(suite_event(plan, event_id="one", now=1_800_000_000.25))

    assert event.pop("data") == json.loads(vectors.path("measure-suite.json").read_bytes())
    assert event == {
        "specversion": "1.0",
        "id": "one",
        "source": "io.choria.choria-emulator.measure",
        "type": SUITE_SUBJECT,
        "time": "2027-01-15T08:00:00.250000Z",
        "datacontenttype": "application/json",
    }


def test_a_result_is_announced_with_its_counts(plan: MeasurePlan, make_result: MakeResult) -> None:
    result = make_result([5_000_000], missing=("a", "b"), strangers=("c",), failed=1)

    event = json.loads(result_event(plan, result, event_id="two", now=1.0))

    assert event["type"] == RESULT_SUBJECT
    assert event["data"] == {
        "suite_id": plan.suite_id,
        "instance": 1,
        "time_buckets": [0, 1],
        "discovered": 3,
        "publish_duration": 1_000,
        "request_duration": 2_000_000_000,
        "failed": 1,
        "ok": 1,
        "noresponses": 2,
        "unexpected": 1,
        "responded": 2,
    }
