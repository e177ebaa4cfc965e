"""Which replies people see, why nodes failed, who stayed silent."""

import pytest

from choria_core.client.records import CallStats, NodeReply
from choria_core.ddl.document import ActionDdl, OutputDdl
from choria_core.presentation.call_report import failures_text, footer, summaries_text
from choria_core.presentation.ping_report import ping_graph
from choria_core.presentation.reply_text import Display, is_shown, reply_text

GOOD = NodeReply(sender="n1.example", statusmsg="OK")
BAD = NodeReply(sender="n2.example", statuscode=1, statusmsg="no disk")


@pytest.mark.parametrize(
    ("display", "of_ddl", "good", "bad"),
    [
        (Display.DDL, "failed", False, True),
        (Display.DDL, "ok", True, False),
        (Display.DDL, "always", True, True),
        (Display.OK, "failed", True, False),
        (Display.FAILED, "always", False, True),
        (Display.ALL, "failed", True, True),
        (Display.NONE, "always", False, False),
    ],
)
def test_the_description_says_which_replies_are_shown_unless_people_do(
    display: Display, of_ddl: str, *, good: bool, bad: bool
) -> None:
    action = ActionDdl(action="a", display=of_ddl)

    shown = [is_shown(reply, display, action) for reply in (GOOD, BAD)]

    assert shown == [good, bad]


def test_each_cause_of_failures_is_told_once_with_its_nodes() -> None:
    replies = [
        *(NodeReply(sender=f"n{n}", statuscode=1, statusmsg="no disk") for n in range(5)),
        NodeReply(sender="m1", statuscode=4, statusmsg="too long"),
        GOOD,
    ]

    assert failures_text(replies) == (
        "Failures: 6\n\n"
        "   5 x Request Aborted: no disk\n       n0, n1, n2 and 2 more\n"
        "   1 x Invalid Request Data: too long\n       m1\n\n"
    )
    assert failures_text([GOOD]) == ""


def test_a_thousand_causes_do_not_fill_the_screen() -> None:
    replies = [NodeReply(sender=f"n{n}", statuscode=1, statusmsg=f"cause {n}") for n in range(1000)]

    shown = failures_text(replies)

    assert shown.count("\n") < 60
    assert "and 980 other causes" in shown


def test_nodes_that_did_not_answer_are_named_at_the_end() -> None:
    names = tuple(f"n{number:03}" for number in range(300))
    stats = CallStats(request_id="1", agent="a", action="b", discovered=names, no_responses=names)

    shown = footer(stats)

    assert "Finished processing 0 / 300 hosts" in shown
    assert "No Responses from (showing first 200): 300" in shown
    assert "n199" in shown
    assert "n200" not in shown
    assert "n299" in footer(stats, verbose=True)


def test_a_reply_that_lacks_an_output_shows_its_default() -> None:
    action = ActionDdl(
        action="a",
        output={"state": OutputDdl(display_as="State", default="unknown")},
        display="always",
    )

    assert "State: unknown" in reply_text(GOOD, action)


def test_summaries_without_values_say_so() -> None:
    action = ActionDdl(action="a", output={"value": OutputDdl(display_as="Value")})

    assert summaries_text({"value": []}, action) == (
        "Summary of Value:\n\n   No summary received\n\n"
    )


@pytest.mark.parametrize("seconds", [[0.0], [0.01, 0.06, 0.06], [n / 100 for n in range(2000)]])
def test_a_graph_of_answers_fits_a_terminal_of_eighty_columns(seconds: list[float]) -> None:
    shown = ping_graph(seconds)

    assert max(map(len, shown.splitlines())) <= 80
    assert "Responses per 50ms" in shown
