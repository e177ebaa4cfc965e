"""The graphite_event task, against real servers on this machine."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from choria_core.errors import AuthenticationError, RequestTimeoutError
from choria_core.playbook.task import Outcome
from choria_playbooks.tasks.graphite_event import GraphiteEventTask
from choria_testing.certificates import Certificates
from choria_testing.web_server import served, tls_context

Try = Callable[[str], Awaitable[Outcome]]

EVENT = "what: deploy\ndata: release 1.2\n"


@pytest.fixture
def event(attempt: Any) -> Try:
    """Try to send an event."""
    return lambda text: attempt(GraphiteEventTask, EVENT + text)


async def test_an_event_is_posted_with_the_time(event: Try) -> None:
    async with served() as server:
        before = int(time.time())
        outcome = await event(f"graphite: {server.url}/events/")
        after = int(time.time())

    (seen,) = server.seen
    sent = json.loads(seen.body)
    assert (seen.method, seen.target) == ("POST", "/events/")
    assert before <= sent.pop("when") <= after
    assert sent == {"what": "deploy", "tags": "choria", "data": "release 1.2"}
    assert seen.headers["content-type"] == "application/json"
    assert outcome.is_ok
    assert outcome.message.startswith(f"POST to {server.url} answered 200")
    assert outcome.data == ("fine",)
    assert list(outcome.results) == ["127.0.0.1"]


async def test_each_try_has_the_time_of_its_own(attempt: Any) -> None:
    times = iter((1500000000.9, 1500000007.1))

    class Clocked(GraphiteEventTask):
        def __init__(self) -> None:
            super().__init__(clock=lambda: next(times))

    async with served() as server:
        for _ in range(2):
            await attempt(Clocked, f"{EVENT}graphite: {server.url}")

    assert [json.loads(seen.body)["when"] for seen in server.seen] == [1500000000, 1500000007]
    ids = {seen.headers["x-choria-request-id"] for seen in server.seen}
    assert len(ids) == 2


async def test_tags_are_joined(event: Try) -> None:
    async with served() as server:
        await event(f"graphite: {server.url}\ntags: [web, release]")

    assert json.loads(server.seen[0].body)["tags"] == "web,release"


async def test_headers_are_sent(event: Try) -> None:
    async with served() as server:
        await event(f"graphite: {server.url}\nheaders: {{Authorization: Basic eDp5}}")

    assert server.seen[0].headers["authorization"] == "Basic eDp5"


async def test_what_servers_are_asked_with_can_be_said_too(
    event: Try, certificates: Certificates
) -> None:
    never = asyncio.Event()

    async def accepted(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/slow":
            await never.wait()
        return web.Response(status=202)

    async with served(accepted, context=tls_context(certificates)) as server:
        where = f"graphite: {server.url}\n"
        with pytest.raises(AuthenticationError):
            await event(where)
        assert not (await event(f"{where}verify_ssl: false")).is_ok
        assert (await event(f"{where}ca: {certificates.ca_file}\nexpect_status: [202]")).is_ok
        with pytest.raises(RequestTimeoutError):
            await event(f"graphite: {server.url}/slow\nverify_ssl: false\ntimeout: 0.2")
        never.set()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{what: a, data: b}", "graphite: is required but missing"),
        ("{data: b, graphite: http://a}", "what: is required but missing"),
        ("{what: a, graphite: http://a}", "data: is required but missing"),
        ("{what: a, data: b, graphite: udp://a}", "graphite: is no address of a web server"),
        ("{what: a, data: b, graphite: http://a, tags: x}", "tags: must be a list"),
    ],
)
def test_what_cannot_work_is_refused(problems_of: Any, text: str, problem: str) -> None:
    (found,) = problems_of(GraphiteEventTask, text)
    assert problem in found


def test_what_it_would_do_is_told(foretold: Any) -> None:
    text = f"{EVENT}graphite: https://rip:x@graphs.example/events"
    assert foretold(GraphiteEventTask, text) == "would send an event to https://graphs.example"
