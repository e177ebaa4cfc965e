"""The end of a suite: its summary, its report, and whether it was good enough."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from choria_core.errors import UsageError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_emulator.measure import result_files
from choria_emulator.measure.comparison import compare, unlike
from choria_emulator.measure.console_lines import summary_text
from choria_emulator.measure.metrics import metrics_of
from choria_emulator.measure.notes import notes_of
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.suite_report import suite_page
from choria_emulator.measure.suite_run import Outcome
from choria_emulator.measure.summary import decode_older, encode_summary, summarize
from choria_emulator.measure.thresholds import judge

LARGEST_BYTES: Final = 64 << 20
SLOWEST: Final = 15


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """Another run, to be compared with.

    Attributes:
        source: its file, as it was named.
        metrics: its figures.
        configuration: what was measured, and how.
    """

    source: str
    metrics: Mapping[str, float]
    configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What is left to be told.

    Attributes:
        text: for the terminal.
        report: the page.
        is_kept: whether every threshold was.
    """

    text: str
    report: Path
    is_kept: bool


def earlier_run(file: Path) -> EarlierRun:
    """What ``summary.json`` of another run says.

    Raises:
        UsageError: the file cannot be read, or is something else.
    """
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{file} is too large for a summary.json")
        older = decode_older(file.read_bytes(), source=str(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return EarlierRun(str(file), older.metrics, older.configuration)


def finish(
    plan: MeasurePlan, outcome: Outcome, config: ClientConfig, *, earlier: EarlierRun | None
) -> Done:
    """Write ``summary.json`` and the report.

    Raises:
        WorkError: they cannot be written.
    """
    results = outcome.results
    metrics = metrics_of(results, suite_seconds=outcome.suite_seconds)
    verdicts = tuple(judge(threshold, metrics) for threshold in plan.thresholds)
    configuration = _configuration(plan, outcome, config)
    summary = summarize(
        results,
        suite_seconds=outcome.suite_seconds,
        description=plan.description,
        suite_id=plan.suite_id,
        started=outcome.started,
        finished=outcome.finished,
        configuration=configuration,
        versions=_versions(outcome),
        discovery_seconds=outcome.discovery_seconds,
        slowest=outcome.times.slowest(SLOWEST),
        notes=notes_of(
            results,
            wanted=plan.count,
            events_lost=outcome.events_lost,
            differing=unlike(earlier.configuration, configuration) if earlier else (),
        ),
        thresholds=verdicts,
        comparison=compare(earlier.metrics, metrics) if earlier else (),
        compared_with=earlier.source if earlier else "",
        files=result_files.ALL,
    )
    report = plan.folder / result_files.REPORT
    try:
        (plan.folder / result_files.SUMMARY).write_bytes(encode_summary(summary))
        report.write_text(suite_page(summary, results), encoding="utf-8")
    except OSError as error:
        raise WorkError(
            f"results cannot be written to {plan.folder_given}: {error.strerror}"
        ) from error
    is_kept = all(verdict.is_kept for verdict in verdicts)
    return Done(summary_text(summary), report, is_kept)


def _configuration(plan: MeasurePlan, outcome: Outcome, config: ClientConfig) -> dict[str, Any]:
    protection = config.security.protection
    return {
        "count": plan.count,
        "warmup": plan.warmup,
        "expected_nodes": plan.expect,
        "agent": plan.agent,
        "action": "generate",
        "payload_bytes": plan.size,
        "mode": "directed" if plan.force_direct else "broadcast",
        "timeout_seconds": plan.timeout_seconds,
        "grace_seconds": plan.grace_seconds,
        "discovery_timeout_seconds": plan.discovery_timeout_seconds,
        "workers": plan.workers,
        "tls": protection.tls.value,
        "tls_verified": protection.verify_tls,
        "signed": protection.signed,
        "broker": outcome.server[0],
        "collective": config.main_collective,
        "config": str(config.file),
    }


def _versions(outcome: Outcome) -> dict[str, str]:
    return {
        "choria-emulator": version("choria-emulator"),
        "choria-core": version("choria-core"),
        "python": platform.python_version(),
        "nats-server": outcome.server[1],
        "platform": platform.platform(),
    }
