"""Result files, beside those of the original."""

import csv
import io
import json

from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.rows import (
    OUTCOMES_HEADER,
    REQUESTS_HEADER,
    outcome_row,
    request_row,
    suite_document,
)
from choria_testing import vectors
from packages.emulator.tests.measure.conftest import MakeResult


def written(row: list[object]) -> str:
    """A row as it stands in a file."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(row)
    return file.getvalue()


def test_requests_have_the_recorded_columns_and_values(
    plan: MeasurePlan, make_result: MakeResult
) -> None:
    [header, first, *_] = vectors.path("measure-requests.csv").read_text().splitlines(keepends=True)
    result = make_result(
        [1] * 1000,
        expected=1000,
        discovered=1000,
        publish_ns=493155,
        request_ns=925661604,
    )

    assert written(list(REQUESTS_HEADER)) == header
    assert written(request_row(plan, result)) == first


def test_the_suite_is_the_recorded_one_to_the_byte(plan: MeasurePlan) -> None:
    assert suite_document(plan) == vectors.path("measure-suite.json").read_bytes()


def test_the_buckets_of_the_recorded_times_are_the_recorded_buckets(
    make_result: MakeResult,
) -> None:
    """The recording has the first columns of both: the buckets before the last of those times."""
    rows = vectors.path("measure-times-first-20-columns.csv").read_text().splitlines()
    counts = vectors.path("measure-time_buckets-first-20-columns.csv").read_text().splitlines()
    for times, recorded in zip(rows, counts, strict=True):
        ours = make_result([int(text) for text in times.split(",")]).buckets()
        theirs = [int(text) for text in recorded.split(",")]
        assert ours[:-1] == theirs[: len(ours) - 1]


def test_buckets_reach_to_the_latest_reply_in_whatever_order_they_came(
    make_result: MakeResult,
) -> None:
    assert make_result([25_000_000, 4_999_999, 5_000_000]).buckets() == [1, 1, 0, 1]
    assert make_result([]).buckets() == []


def test_outcomes_are_the_statistics_of_the_older_tool(make_result: MakeResult) -> None:
    result = make_result([1_000_000_000, 2_000_000_000, 3_000_000_000])

    row = dict(zip(OUTCOMES_HEADER, outcome_row(result), strict=True))

    assert row == {
        "Success": 1,
        "Responses": 3,
        "NoResponses": 0,
        "OKCount": 3,
        "FailedCount": 0,
        "Blocktime": 2.0,
        "Overhead": 0.5,
        "Totaltime": 2.5,
        "ResponseMin": 1.0,
        "ResponseMax": 3.0,
        "ResponseAverage": 2.0,
        "ResponseDeviation": 1.0,
        "ResponseSkew": 0.0,
    }


def test_outcomes_of_one_reply_or_none_are_numbers(make_result: MakeResult) -> None:
    for times in ([], [5]):
        row = outcome_row(make_result(times, missing=("a", "b")))
        assert json.loads(json.dumps(row, allow_nan=False)) == row
        assert row[0] == 0
