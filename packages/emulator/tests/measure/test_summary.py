"""What a whole run brought."""

import json

import pytest

from choria_core.errors import UsageError
from choria_emulator.measure.comparison import compare, unlike
from choria_emulator.measure.console_lines import request_line, summary_text, trouble_lines
from choria_emulator.measure.notes import notes_of
from choria_emulator.measure.result import Effort
from choria_emulator.measure.summary import Summary, decode_older, encode_summary, summarize
from packages.emulator.tests.measure.conftest import MakeResult

SECOND = 1_000_000_000


def summarized(make_result: MakeResult, **other: object) -> Summary:
    """Two requests, of which the second lacks a node."""
    results = [
        make_result([SECOND, SECOND, 2 * SECOND]),
        make_result([SECOND, 3 * SECOND], number=2, missing=("n3",), late=("n3",)),
    ]
    about = {
        "description": "a try",
        "suite_id": "x",
        "started": 1.0,
        "finished": 9.0,
        "configuration": {},
        "versions": {},
    }
    return summarize(results, suite_seconds=5.0, **(about | other))


def test_times_counts_and_names_are_those_of_the_requests(make_result: MakeResult) -> None:
    found = summarized(make_result)

    assert found.reply_seconds["first"].p50 == 1.0
    assert found.reply_seconds["last"].p100 == 3.0
    assert found.metrics["missing"] == found.metrics["late"] == found.metrics["incomplete"] == 1
    assert found.metrics["rate"] == 1.0
    assert [(one.node, one.requests) for one in found.missing] == [("n3", 1)]
    assert found.nodes_missing == 1


def test_its_document_can_be_compared_with_the_next_run(make_result: MakeResult) -> None:
    document = encode_summary(summarized(make_result))

    older = decode_older(document, source="old.json")

    metrics = older.metrics
    assert older.description == "a try"
    [rate] = [one for one in compare(metrics, {**metrics, "rate": 2.0}) if one.name == "rate"]
    assert (rate.old, rate.new, rate.ratio) == (1.0, 2.0, 2.0)
    [bound] = [one for one in compare(metrics, metrics) if one.name == "bound"]
    assert bound.ratio is None
    assert json.loads(document)["requests"][1]["late"] == 1


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"{", "no summary.json"),
        (b"[]", "no summary.json"),
        (b'{"format": "choria-measure-0"}', "reads choria-measure-1"),
        (b'{"format": "choria-measure-1", "metrics": {"p50": "x"}}', "no summary.json"),
        (b"\xff", "no summary.json"),
    ],
)
def test_another_document_is_refused(document: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=f"old.json .*{said}"):
        decode_older(document, source="old.json")


def test_the_line_of_a_request_is_that_of_the_original(make_result: MakeResult) -> None:
    assert request_line(make_result([1, 2, 3])) == "REQUEST abc #: 1 OK: 3 / 3 ELAPSED TIME 2.00s"


def test_nodes_that_do_not_answer_are_named_five_a_line(make_result: MakeResult) -> None:
    names = tuple(f"n{number}" for number in range(7))

    lines = list(trouble_lines(make_result(missing=names)))

    assert lines == [
        "   7 nodes did not answer in time:",
        "      n0, n1, n2, n3, n4",
        "      n5, n6",
    ]


def test_a_thousand_missing_nodes_do_not_fill_the_terminal(make_result: MakeResult) -> None:
    names = tuple(f"n{number}" for number in range(1000))

    lines = list(trouble_lines(make_result(missing=names)))

    assert lines[-1] == "      and 900 more"
    assert len(lines) == 22


def test_names_that_terminals_obey_are_escaped(make_result: MakeResult) -> None:
    lines = list(trouble_lines(make_result(strangers=("a\x1b[31m",), duplicates=("b\n",))))

    assert all(line.isprintable() for line in lines)


def test_the_tables_have_a_title_and_end_with_verdicts(make_result: MakeResult) -> None:
    text = summary_text(summarized(make_result, description="a [red]try\x1b"))

    assert "a [red]try\\x1b" in text
    assert "1 of 2 requests complete" in text


def test_a_client_that_was_the_bottleneck_is_said_to_be(make_result: MakeResult) -> None:
    busy = make_result([1], effort=Effort(wall_ns=100, cpu_ns=60, waiting_ns=35))
    idle = make_result([1], effort=Effort(wall_ns=100, cpu_ns=60))

    [note] = notes_of([busy, idle], wanted=2)

    assert "the client itself was the bottleneck in 1 request:" in note
    assert "95%" in note
    assert notes_of([idle], wanted=1) == ()
    assert notes_of([idle], wanted=5) == ("the suite was ended after 1 of 5 requests",)


def test_a_connection_that_was_cut_is_explained(make_result: MakeResult) -> None:
    [note] = notes_of(
        [make_result([1, 2], cut="nats://b: the server closed the connection")], wanted=1
    )

    assert "in request 1 behind 2 of 3 replies" in note
    assert "max_pending" in note
    assert "Where the broker itself did not go away" in note


def test_a_comparison_of_what_cannot_be_compared_is_told(make_result: MakeResult) -> None:
    old = {"expected_nodes": 50, "mode": "broadcast", "config": "a.cfg", "workers": 1}
    new = {"expected_nodes": 500, "mode": "directed", "config": "b.cfg", "workers": 1}

    [note] = notes_of([make_result([1])], wanted=1, differing=unlike(old, new))

    assert note.endswith(
        "something else: expected nodes was 50 and is 500, mode was broadcast and is directed"
    )
    assert unlike(new, new) == ()
    assert unlike({}, new) == ()
