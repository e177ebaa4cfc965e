"""Which replies an expression holds for."""

import pytest

from choria_core.client.records import NodeReply
from choria_core.errors import UsageError
from choria_core.filters.limits import FilterError
from choria_core.presentation.reply_condition import ReplyCondition

GOOD = NodeReply(
    sender="n1.example",
    statusmsg="OK",
    data={
        "idling": False,
        "count": 3,
        "version": "1.4.2",
        "nested": {"list": ["a", "b"]},
        "tags": ["needle", 2],
    },
)
BAD = NodeReply(sender="n2.example", statuscode=1, statusmsg="it failed", data={})


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("ok()", True, False),
        ("!ok()", False, True),
        ("aborted()", False, True),
        ("code == 1", False, True),
        ('ok() && !data("idling")', True, False),
        ('ok() && data("count") > 2', True, False),
        ('ok() && data("nested.list.1") == "b"', True, False),
        ('ok() && include(data("tags"), "needle")', True, False),
        ('ok() && include(data("tags"), 2)', True, False),
        ('include(data("tags"), "needle")', True, False),
        ('sender() == "n2.example"', False, True),
        ('sender() matches "^n[12]"', True, True),
        ('msg contains "fail"', False, True),
        ('ok() && semver(data("version"), ">= 1.4.0")', True, False),
        ("unknown_action() || missing_data() || invalid_data() || unknown_error()", False, False),
        ('data("absent") == nil', True, True),
    ],
)
def test_conditions_hold_for_replies(text: str, *, good: bool, bad: bool) -> None:
    condition = ReplyCondition(text)

    assert (condition.holds(GOOD), condition.holds(BAD)) == (good, bad)


@pytest.mark.parametrize(
    "text",
    [
        "ok(",
        "",
        "nobody_knows()",
        "okay",
        'ok && data("x")',
        '__import__("os").system("true")',
        "1 + 1",
        "ok() &&",
        "time > 3",
        "x" * 100_000,
    ],
)
def test_what_is_no_condition_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--filter-replies"):
        ReplyCondition(text)


def test_what_cannot_be_told_of_a_reply_is_an_error_of_the_filter() -> None:
    condition = ReplyCondition('data("count") contains "3"')

    with pytest.raises(FilterError):
        condition.holds(GOOD)
