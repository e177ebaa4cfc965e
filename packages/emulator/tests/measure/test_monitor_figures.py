"""Figures in what a monitor says."""

import pytest

from choria_core.errors import UsageError, WorkError
from choria_emulator.measure.monitor_figures import decode_document, pick

VARZ = (
    b'{"connections": 3, "cpu": 1.5, "tls": true, "name": "x", "jetstream": {"stats": {"mem": 7}}}'
)


def test_figures_are_found_by_name_at_any_depth() -> None:
    document = decode_document(VARZ, source="varz")

    assert pick(document, ("cpu", "connections", "jetstream.stats.mem"), source="varz") == [
        1.5,
        3.0,
        7.0,
    ]


@pytest.mark.parametrize("name", ["name", "tls", "jetstream", "conections"])
def test_what_is_no_figure_is_told_with_those_there_are(name: str) -> None:
    document = decode_document(VARZ, source="varz")

    with pytest.raises(UsageError, match=r"there are connections, cpu, jetstream\.stats\.mem"):
        pick(document, (name,), source="varz")


def test_a_slip_of_the_pen_is_understood() -> None:
    with pytest.raises(UsageError, match="did you mean connections"):
        pick(decode_document(VARZ, source="varz"), ("conections",), source="varz")


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff", b"3"])
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(WorkError, match="http://x/varz does not answer with"):
        decode_document(body, source="http://x/varz")
