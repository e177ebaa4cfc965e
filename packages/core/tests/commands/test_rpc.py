"""``choria rpc`` asks nodes of our own over a real broker."""

import json
import re

import pytest

from packages.core.tests.commands.conftest import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = ("--expect", "2")


async def test_replies_come_with_their_summary_and_how_long_it_took(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "get_fact", "fact=country", "--sort", *BOTH)

    assert (told.code, told.err) == (0, "")
    assert re.sub(r"in [\d.m]+s$", "in 1s", told.out.rstrip()) == (
        "node1.example                            \n\n"
        "    Fact: country\n   Value: mt\n\n"
        "node2.example                            \n\n"
        "    Fact: country\n   Value: de\n\n"
        "Summary of Value:\n\n   mt: 1\n   de: 1\n\n\n"
        "Finished processing 2 / 2 hosts in 1s"
    )


async def test_json_has_the_keys_of_the_original(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "get_fact", "fact=country", "-j", *BOTH)

    document = json.loads(told.out)
    assert list(document) == ["agent", "action", "replies", "request_stats", "summaries"]
    assert document["summaries"] == {"value": {"mt": 1, "de": 1}}
    assert document["request_stats"]["discovered"] == document["request_stats"]["ok"] == 2


async def test_json_of_one_call_names_the_nodes_of_the_next(fleet: Fleet) -> None:
    first = await fleet.choria("rpc", "rpcutil", "ping", "-j", "-F", "country=mt", "--expect", "1")

    second = await fleet.choria("rpc", "rpcutil", "ping", "--senders", piped=first.out)

    assert (second.code, second.out) == (0, "node1.example\n")


@pytest.mark.parametrize(
    "piped", ["node1.example\n", '["node1.example"]', "{}", '{"replies": [{"sender": 1}]}', "{x}"]
)
@pytest.mark.parametrize("words", [("rpc", "rpcutil", "ping"), ("find",), ("facts", "country")])
async def test_what_is_piped_and_names_no_nodes_is_refused(
    fleet: Fleet, words: tuple[str, ...], piped: str
) -> None:
    told = await fleet.choria(*words, *BOTH, piped=piped)

    assert (told.code, told.out) == (2, "")
    assert "error: standard input is not what choria rpc -j prints" in told.err
    assert "add </dev/null" in told.err


async def test_an_empty_pipe_names_no_nodes_and_is_no_mistake(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--senders", *BOTH, piped="\n")

    assert sorted(told.out.split()) == ["node1.example", "node2.example"]


async def test_where_nodes_are_named_standard_input_is_left_alone(fleet: Fleet) -> None:
    told = await fleet.choria(
        "rpc", "rpcutil", "ping", "--senders", "-I", "node1.example", piped="node2.example\n"
    )

    assert (told.code, told.out) == (0, "node1.example\n")


async def test_json_of_a_call_of_nobody_calls_nobody_next(fleet: Fleet) -> None:
    first = await fleet.choria("rpc", "rpcutil", "ping", "-j", "-F", "country=xx")
    second = await fleet.choria("rpc", "rpcutil", "ping", "-j", piped=first.out)

    for told in (first, second):
        assert told.code == 1
        assert "no nodes were found" in told.err
        document = json.loads(told.out)
        assert document["replies"] == []
        assert document["request_stats"]["discovered"] == 0


async def test_names_of_nobody_are_an_empty_list(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--senders", "-j", "-F", "country=xx")

    assert (told.code, json.loads(told.out)) == (1, [])


async def test_lines_of_json_come_one_for_each_thing_that_happens(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--jsonl", *BOTH)

    lines = [json.loads(line) for line in told.out.splitlines()]
    kinds = [line["k"] for line in lines]
    assert kinds == ["discovery", "discovery", "result", "result", "summaries", "stats"]
    assert lines[1]["count"] == 2
    assert {line["pr"]["envelope"]["senderid"] for line in lines[2:4]} == {
        "node1.example",
        "node2.example",
    }


async def test_an_error_is_a_line_of_json_too(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--jsonl", "-F", "country=xx")

    assert told.code == 1
    assert json.loads(told.out.splitlines()[-1]) == {"k": "error", "err": "no nodes were found"}


async def test_a_node_that_does_not_answer_is_named_and_ends_it_with_1(fleet: Fleet) -> None:
    told = await fleet.choria(
        "rpc", "rpcutil", "ping", "-I", "node1.example", "-I", "nosuch.example", "-t", "1"
    )

    assert told.code == 1
    assert "Finished processing 1 / 2 hosts in " in told.out
    assert told.out.endswith("\nNo Responses from: 1\n\n    nosuch.example\n")


async def test_failures_are_told_by_their_cause(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "nasty", "fail", *BOTH)

    assert told.code == 1
    assert "Failures: 1\n\n   1 x Request Aborted: [/x] [red]red" in told.out
    assert "       node1.example\n" in told.out


@pytest.mark.parametrize("form", [[], ["-v"], ["-j"]])
@pytest.mark.parametrize("action", ["say", "fail"])
async def test_terminals_obey_nothing_that_nodes_say(
    fleet: Fleet, form: list[str], action: str
) -> None:
    told = await fleet.choria("rpc", "nasty", action, *form, *BOTH)

    assert told.err == ""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told.out)
    assert len(re.findall(r"^Finished processing", told.out, re.MULTILINE)) <= 1


async def test_any_one_node_answers_for_a_service(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "clerk", "serve", "-j")

    document = json.loads(told.out)
    assert told.code == 0
    assert len(document["replies"]) == document["request_stats"]["discovered"] == 1


async def test_an_expression_says_which_replies_are_shown(fleet: Fleet) -> None:
    wanted = 'ok() && data("value") == "de"'

    told = await fleet.choria(
        "rpc", "rpcutil", "get_fact", "fact=country", "--filter-replies", wanted, "-j", *BOTH
    )

    document = json.loads(told.out)
    assert [reply["sender"] for reply in document["replies"]] == ["node2.example"]
    assert document["request_stats"]["ok"] == 2


async def test_an_expression_that_is_none_is_refused_before_anyone_is_asked(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--filter-replies", "ok( &&")

    assert told.code == 2
    assert told.err.startswith("error: --filter-replies: ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["rpcutl", "ping"], "unknown agent rpcutl, perhaps rpcutil is meant"),
        (["rpcutil", "pung"], "unknown action rpcutil#pung, perhaps ping is meant"),
        (["rpcutil", "get_fact"], "needs the input fact"),
        (["rpcutil", "get_fact", "country"], "'country' is no argument: write key=value"),
        (["rpcutil", "ping", "-T", "uk"], "collective 'uk' is none of this client's"),
        (["rpcutil", "ping", "-j", "--table"], "--json and --table exclude each other"),
        (["rpcutil", "ping", "--limit", "some"], "a limit is a number of nodes"),
        (["rpcutil", "ping", "--limit-seed", "3"], "give that too"),
        (["rpcutil", "ping", "-F", "country"], "is not a fact filter"),
        (["rpcutil", "ping", "--do", "x"], "write key=value"),
        (["rpcutil", "ping", "-S", "with('a'"], "error: -S: the expression ends too early"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_2(
    fleet: Fleet, words: list[str], problem: str
) -> None:
    told = await fleet.choria("rpc", *words)

    assert told.code == 2
    assert problem in told.err
    assert told.out == ""


async def test_a_limit_and_batches_hold(fleet: Fleet) -> None:
    one = await fleet.choria("rpc", "rpcutil", "ping", "--limit", "1", "--senders", *BOTH)
    all_of_them = await fleet.choria(
        "rpc", "rpcutil", "ping", "--batch", "1", "--batch-sleep", "0.1", "--senders", *BOTH
    )

    assert len(one.out.split()) == 1
    assert sorted(all_of_them.out.split()) == ["node1.example", "node2.example"]


async def test_nodes_of_a_file_are_called(fleet: Fleet) -> None:
    (fleet.folder / "nodes.txt").write_text("node2.example\n")

    told = await fleet.choria("rpc", "rpcutil", "ping", "--senders", "--nodes", "nodes.txt")

    assert (told.code, told.out) == (0, "node2.example\n")


async def test_results_go_to_a_file(fleet: Fleet) -> None:
    told = await fleet.choria(
        "req", "rpcutil", "ping", "--table", "-o", "found.txt", "-I", "node1.example"
    )

    assert (told.code, told.out) == (0, "")
    assert "node1.example" in (fleet.folder / "found.txt").read_text()


async def test_only_the_id_is_printed_where_replies_go_elsewhere(fleet: Fleet) -> None:
    told = await fleet.choria("rpc", "rpcutil", "ping", "--reply-to", "some.where")

    assert told.code == 0
    assert re.fullmatch(r"[0-9a-f]{32}\n", told.out)


async def test_a_broker_that_is_not_there_ends_it_with_3(fleet: Fleet) -> None:
    text = (fleet.folder / "client.cfg").read_text()
    (fleet.folder / "lost.cfg").write_text(re.sub(r"127.0.0.1:\d+", "127.0.0.1:9", text))

    told = await fleet.choria("rpc", "rpcutil", "ping", config="lost.cfg")

    assert told.code == 3
    assert "127.0.0.1:9" in told.err


async def test_a_subject_that_cannot_take_replies_is_refused(fleet: Fleet) -> None:
    told = await fleet.choria(
        "rpc", "rpcutil", "ping", "-I", "node1.example", "--reply-to", "two words"
    )

    assert (told.code, told.out) == (2, "")
    assert "--reply-to: not a valid reply subject: 'two words'" in told.err
