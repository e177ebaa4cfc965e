"""The reference of the metrics is up to date, and complete."""

from pathlib import Path

from choria_core.errors import Refusal
from choria_plugin_adapter.metrics_reference import LOSSES, REFUSALS, page

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "adapter-metrics.md"


def test_the_page_says_what_the_code_says() -> None:
    """`make docs ARGS=--write` renews it."""
    assert PAGE.read_text() == page()


def test_every_reason_is_explained() -> None:
    of_callers = {Refusal.NOT_ALLOWED}

    assert set(REFUSALS) - {"subject"} == set(Refusal) - of_callers
    assert len(LOSSES) == 4
