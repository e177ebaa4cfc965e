"""What is said when a call is over."""

from choria_core.client.records import CallStats, NodeReply
from choria_core.presentation.call_report import failures_text, footer


def stats(**fields: object) -> CallStats:
    usual: dict[str, object] = {"request_id": "x", "agent": "rpcutil", "action": "ping"}
    return CallStats(**{**usual, **fields})  # type: ignore[arg-type]


def failed(sender: str, message: str, code: int = 1) -> NodeReply:
    return NodeReply(sender=sender, statuscode=code, statusmsg=message)


def test_each_cause_is_told_once_with_its_nodes_the_most_frequent_first() -> None:
    replies = [
        failed("a", "disk full"),
        *(failed(name, "no such package") for name in ("b", "c", "d", "e", "f")),
        NodeReply(sender="g"),
        failed("h", "what?", 77),
    ]

    assert failures_text(replies) == (
        "Failures: 7\n\n"
        "   5 x Request Aborted: no such package\n"
        "       b, c, d and 2 more\n"
        "   1 x Request Aborted: disk full\n"
        "       a\n"
        "   1 x Unknown Request Status: what?\n"
        "       h\n\n"
    )


def test_nothing_is_said_where_nothing_failed() -> None:
    assert failures_text([NodeReply(sender="a")]) == ""


def test_many_causes_are_cut() -> None:
    text = failures_text(failed("a", str(number)) for number in range(25))

    assert text.count("Request Aborted") == 20
    assert text.endswith("   and 5 other causes\n\n")


def test_the_end_says_who_is_missing_and_who_was_not_asked() -> None:
    text = footer(
        stats(
            discovered=("a", "c", "b"),
            ok=1,
            no_responses=("c", "b"),
            unexpected_responses=("z",),
            request_ns=1_500_000_000,
        )
    )

    assert text == (
        "Finished processing 1 / 3 hosts in 1.5s\n"
        "\nNo Responses from: 2\n\n    b    c\n"
        "\nUnexpected Responses from: 1\n\n    z\n"
    )


def test_of_many_missing_nodes_the_first_are_named_unless_all_are_wanted() -> None:
    names = tuple(f"node{number:03}" for number in range(250))

    short = footer(stats(discovered=names, no_responses=names))
    long = footer(stats(discovered=names, no_responses=names), verbose=True)

    assert "No Responses from (showing first 200): 250\n" in short
    assert "node200" not in short
    assert "node249" in long


def test_all_that_is_known_is_told_on_demand() -> None:
    text = footer(
        stats(discovered=("a",), ok=1, discover_ns=2_000_000, publish_ns=1_000, request_ns=5_000),
        verbose=True,
    )

    assert text == (
        "---- request stats ----\n"
        "               Nodes: 1 / 1\n"
        "         Pass / Fail: 1 / 0\n"
        "        No Responses: 0\n"
        "Unexpected Responses: 0\n"
        "          Start Time: 1970-01-01T00:00:00+0000\n"
        "      Discovery Time: 2ms\n"
        "        Publish Time: 1us\n"
        "          Agent Time: 4us\n"
        "          Total Time: 2.005ms\n"
    )


def test_numbers_are_coloured_by_how_it_went() -> None:
    def marked(text: str, colour: str) -> str:
        return f"<{colour}>{text}</>"

    all_answered = footer(stats(discovered=("a",), ok=1), paint=marked)
    nobody = footer(stats(discovered=("a",)), paint=marked)

    assert "<green>1</> / <green>1</> hosts" in all_answered
    assert "<red>0</> / <red>1</> hosts" in nobody
