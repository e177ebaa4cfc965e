"""The slack task, against a real server on this machine that answers as Slack does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from choria_core.errors import AuthenticationError, ConnectError, RequestTimeoutError
from choria_core.playbook.task import HostResult, Outcome
from choria_playbooks.tasks.slack import SlackOptions, SlackTask
from choria_playbooks.tasks.web_server import host_of
from choria_testing.certificates import Certificates
from choria_testing.web_server import Answer, served, tls_context

TOKEN = "xoxb-s3cr3t"

Try = Callable[[str], Awaitable[Outcome]]


@pytest.fixture
def slack(attempt: Any) -> Try:
    """Try to say something."""
    said = f"channel: '#deploys'\ntext: it is *done*\ntoken: {TOKEN}\n"
    return lambda text: attempt(SlackTask, said + text)


def answering(body: str, status: int = 200, **headers: str) -> Answer:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


FINE = answering('{"ok": true, "ts": "1.2"}')


async def test_a_message_is_posted_with_the_token_in_a_header(slack: Try) -> None:
    async with served(FINE) as server:
        outcome = await slack(f"api: {server.url}/api/")

    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", "/api/chat.postMessage")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(seen.body) == {
        "channel": "#deploys",
        "username": "Choria",
        "attachments": [
            {
                "fallback": "it is *done*",
                "color": "#ffa449",
                "text": "it is *done*",
                "pretext": "Task: say hello",
                "mrkdwn_in": ["text"],
                "footer": "Choria Playbooks",
                "fields": [
                    {"title": "user", "value": "up=rip", "short": True},
                    {"title": "playbook", "value": "deploy", "short": True},
                ],
            }
        ],
    }
    assert TOKEN not in seen.body.decode()
    answer = {"ok": True, "ts": "1.2"}
    assert outcome == Outcome(
        is_ok=True,
        message="said it in #deploys",
        data=(answer,),
        results={"127.0.0.1": HostResult(is_ok=True, value=answer)},
    )


async def test_colour_name_and_picture_can_be_chosen(slack: Try) -> None:
    async with served(FINE) as server:
        await slack(
            f"api: {server.url}\ncolor: good\nusername: Robot\nicon_url: https://a.example/b.png"
        )

    sent = json.loads(server.seen[0].body)
    assert sent["attachments"][0]["color"] == "good"
    assert sent["username"] == "Robot"
    assert sent["icon_url"] == "https://a.example/b.png"


def test_slack_itself_is_asked_where_the_book_does_not_say() -> None:
    options = SlackOptions(channel="a", text="b", token="c")

    assert options.api == "https://slack.com/api"
    assert host_of(options.api) == "slack.com"


@pytest.mark.parametrize(
    ("answer", "problem", "data"),
    [
        (
            answering('{"ok": false, "error": "channel_not_found"}'),
            "channel_not_found",
            {"ok": False, "error": "channel_not_found"},
        ),
        (answering('{"ok": false}'), "it gave no reason", {"ok": False}),
        (answering('{"ok": "yes"}'), "it gave no reason", {"ok": "yes"}),
        (answering('{"ok": true}', status=500), "it answered 500", {"ok": True}),
        (
            answering("slowly", status=429, **{"Retry-After": "30"}),
            "it answered 429; it asks to wait 30 s",
            "slowly",
        ),
        (answering("<html>"), "its answer is no JSON object", "<html>"),
        (answering("[1]"), "its answer is no JSON object", [1]),
        (answering("", status=302, Location="/there"), "it answered 302", ""),
    ],
)
async def test_what_slack_does_not_take_is_a_failure(
    slack: Try, answer: Answer, problem: str, data: object
) -> None:
    async with served(answer) as server:
        outcome = await slack(f"api: {server.url}")

    assert len(server.seen) == 1
    assert not outcome.is_ok
    assert outcome.message == f"127.0.0.1 did not take the message: {problem}"
    assert outcome.data == (data,)
    assert outcome.results == {
        "127.0.0.1": HostResult(is_ok=False, value=data, error=outcome.message, kind="failed")
    }
    assert TOKEN not in str(outcome)


async def test_nobody_listens_and_the_token_is_not_told(slack: Try, run: Any) -> None:
    async with served() as server:
        url = server.url
    with pytest.raises(ConnectError) as caught:
        await slack(f"api: {url}")
    assert TOKEN not in str(caught.value)
    assert run.lines == run.warnings == []


async def test_how_long_it_may_take(slack: Try) -> None:
    never = asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with served(slow) as server:
        with pytest.raises(RequestTimeoutError, match=r"within 0\.2 s"):
            await slack(f"api: {server.url}\ntimeout: 0.2")
        never.set()


async def test_the_systems_authorities_are_trusted_unless_the_book_names_others(
    slack: Try, certificates: Certificates
) -> None:
    async with served(FINE, context=tls_context(certificates)) as server:
        with pytest.raises(AuthenticationError):
            await slack(f"api: {server.url}")
        assert server.seen == []
        assert (await slack(f"api: {server.url}\nca: {certificates.ca_file}")).is_ok
        assert (await slack(f"api: {server.url}\nverify_ssl: n")).is_ok


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{text: a, token: b}", "channel: is required but missing"),
        ("{channel: a, token: b}", "text: is required but missing"),
        ("{channel: a, text: b}", "token: is required but missing"),
        ("{channel: ' ', text: b, token: c}", "channel: names no channel"),
        ("{channel: a, text: b, token: 'xoxb s3cr3t'}", "token: is no token"),
        ('{channel: a, text: b, token: "s3cr3t\\n"}', "token: is no token"),
        ("{channel: a, text: b, token: [s3cr3t]}", "token: must be text, not a list"),
        ("{channel: a, text: b, token: c, api: slack}", "api: is no address of a web server"),
    ],
)
def test_what_cannot_work_is_refused_and_the_token_not_told(
    problems_of: Any, text: str, problem: str
) -> None:
    (found,) = problems_of(SlackTask, text)
    assert problem in found
    assert "s3cr3t" not in found


def test_what_it_would_do_is_told(foretold: Any) -> None:
    assert foretold(SlackTask, "{channel: '#a', text: b, token: c}") == "would say in #a: b"
    assert foretold(SlackTask, '{channel: a, text: "b\\nc", token: d}') == "would say in a: b …"
    assert foretold(SlackTask, "{channel: a, text: '', token: d}") == "would say in a: "
