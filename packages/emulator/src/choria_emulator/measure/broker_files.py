"""The files of a broker's samples, written as they come."""

import contextlib
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from choria_core.errors import UsageError, WorkError
from choria_emulator.measure.broker_plan import BrokerPlan, Sample, Sampled
from choria_emulator.measure.broker_report import broker_page, broker_summary
from choria_emulator.measure.stability import BUCKET_SECONDS


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Where results go.

    Attributes:
        samples: a row for each look.
        increments: two rows: times, and what came back in each 0.1 s.
        summary, report: JSON and the page.
    """

    samples: Path
    increments: Path
    summary: Path
    report: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them."""
        return self.samples, self.increments, self.summary, self.report


def files_of(out: Path, plan: BrokerPlan) -> BrokerFiles:
    """Names below ``out``: a folder, or where it ends with ``.csv``, that file and its sisters."""
    if out.suffix != ".csv":
        return BrokerFiles(
            out / "samples.csv", out / "increments.csv", out / "summary.json", out / "report.html"
        )
    is_storm = plan.stable_seconds is not None
    return BrokerFiles(
        samples=out.with_name(f"{out.stem}-samples.csv") if is_storm else out,
        increments=out if is_storm else out.with_name(f"{out.stem}-increments.csv"),
        summary=out.with_suffix(".json"),
        report=out.with_suffix(".html"),
    )


def prepare(files: BrokerFiles) -> None:
    """Make the folder; none of the files may be there.

    Raises:
        UsageError: one is, or the folder cannot be made.
    """
    folder = files.samples.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out: {folder} cannot be made: {error.strerror}") from error
    there = next((file for file in files.all if file.exists()), None)
    if there is not None:
        raise UsageError(f"--out: {there} is there already; name another place")


class SampleWriter:
    """Writes samples as they come."""

    def __init__(self, plan: BrokerPlan, file: IO[str]) -> None:
        self._file = file
        self._rows: Any = csv.writer(file, lineterminator="\n")
        self._width = len(plan.variables)
        self._write(["time", "seconds", *plan.variables])

    def take(self, sample: Sample) -> None:
        """One look; its figures are empty where the monitor did not answer."""
        values: list[object] = [_plain(value) for value in sample.values]
        values = values or [""] * self._width
        self._write([f"{sample.time:.6f}", f"{sample.seconds:.6f}", *values])

    def _write(self, row: Sequence[object]) -> None:
        self._rows.writerow(row)
        self._file.flush()


@contextlib.contextmanager
def opened(files: BrokerFiles, plan: BrokerPlan) -> Iterator[SampleWriter]:
    """The file of samples, with its header.

    Raises:
        WorkError: it cannot be written.
    """
    try:
        with files.samples.open("x", encoding="utf-8", newline="") as file:
            yield SampleWriter(plan, file)
    except OSError as error:
        raise WorkError(f"{files.samples} cannot be written: {error.strerror}") from error


def finish(files: BrokerFiles, plan: BrokerPlan, sampled: Sampled) -> None:
    """Write what there is to say in the end.

    Raises:
        WorkError: it cannot be written.
    """
    try:
        if plan.stable_seconds is not None:
            _write_increments(files.increments, sampled)
        files.summary.write_bytes(broker_summary(plan, sampled))
        files.report.write_text(broker_page(plan, sampled), encoding="utf-8")
    except OSError as error:
        raise WorkError(f"{error.filename} cannot be written: {error.strerror}") from error


def _write_increments(file: Path, sampled: Sampled) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened_file:
        rows = csv.writer(opened_file, lineterminator="\n")
        rows.writerow(
            [round(number * BUCKET_SECONDS, 1) for number in range(len(sampled.increments))]
        )
        rows.writerow([_plain(value) for value in sampled.increments])


def _plain(value: float) -> int | float:
    """A whole number as such."""
    return int(value) if value.is_integer() else value
