"""The files of a suite, written as it goes: a run that breaks off keeps what it has."""

import contextlib
import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from choria_core.errors import UsageError, WorkError
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.rows import (
    OUTCOMES_HEADER,
    REQUESTS_HEADER,
    outcome_row,
    request_row,
    suite_document,
)

REQUESTS: Final = "requests.csv"
TIMES: Final = "times.csv"
BUCKETS: Final = "time_buckets.csv"
OUTCOMES: Final = "outcomes.csv"
SUITE: Final = "suite.json"
SUMMARY: Final = "summary.json"
REPORT: Final = "report.html"

TABLES: Final = (REQUESTS, TIMES, BUCKETS, OUTCOMES)
ALL: Final = (*TABLES, SUITE, SUMMARY, REPORT)


class ResultFiles:
    """Files of one suite; made by :func:`opened`."""

    def __init__(self, plan: MeasurePlan, files: Mapping[str, IO[str]]) -> None:
        self._plan = plan
        self._files = files
        self._write(REQUESTS, REQUESTS_HEADER)
        self._write(OUTCOMES, OUTCOMES_HEADER)
        self._write_suite()

    def add(self, result: RequestResult) -> None:
        """Write what a request brought."""
        self._write(REQUESTS, request_row(self._plan, result))
        self._write(TIMES, result.times_ns)
        self._write(BUCKETS, result.buckets())
        self._write(OUTCOMES, outcome_row(result))
        self._write_suite()

    def _write(self, name: str, row: Iterable[object]) -> None:
        with _told_of(self._plan):
            csv.writer(self._files[name], lineterminator="\n").writerow(row)
            self._files[name].flush()

    def _write_suite(self) -> None:
        with _told_of(self._plan):
            (self._plan.folder / SUITE).write_bytes(suite_document(self._plan))


def prepare(folder: Path, *, shown: str) -> None:
    """Make the folder, which must not hold results yet.

    Raises:
        UsageError: it does, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{shown} cannot be a folder for results: {error.strerror}") from error
    there = next((name for name in ALL if (folder / name).exists()), None)
    if there is not None:
        raise UsageError(f"{shown} holds the results of another run ({there}); name another folder")


@contextlib.contextmanager
def opened(plan: MeasurePlan) -> Iterator[ResultFiles]:
    """The files of a suite, with their headers.

    Raises:
        WorkError: they cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with _told_of(plan):
            files = {
                name: stack.enter_context(
                    (plan.folder / name).open("x", encoding="utf-8", newline="")
                )
                for name in TABLES
            }
        yield ResultFiles(plan, files)


@contextlib.contextmanager
def _told_of(plan: MeasurePlan) -> Iterator[None]:
    """An error of the file system, in words for people."""
    try:
        yield
    except OSError as error:
        raise WorkError(
            f"results cannot be written to {plan.folder_given}: {error.strerror}"
        ) from error
