"""What is said of a run when it is over.  Pure."""

from datetime import UTC, datetime

from choria_core.presentation.safe_text import one_line


def summary_lines(
    *, name: str, version: str, started: float, is_ok: bool, tasks: int, run_seconds: float
) -> list[str]:
    """Lines for people, with the facts that the original told.

    Args:
        name: of the book.
        version: of the book.
        started: unix seconds.
        is_ok: whether the book did its work.
        tasks: how many ran.
        run_seconds: all in all.
    """
    outcome = "success" if is_ok else "failed"
    rows = [
        ("Playbook", f"{one_line(name)} version {one_line(version)}"),
        ("Started", f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d %H:%M:%S} UTC"),
        ("Outcome", outcome),
        ("Tasks", str(tasks)),
        ("Run time", f"{run_seconds:.2f} seconds"),
    ]
    return [f"{key:>10}: {value}" for key, value in rows]
