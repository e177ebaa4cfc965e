"""The webhook task, against real servers on this machine."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from choria_core.errors import (
    AuthenticationError,
    ChoriaError,
    ConfigError,
    ConnectError,
    RequestTimeoutError,
)
from choria_core.playbook.task import HostResult, Outcome
from choria_playbooks.tasks.webhook import WebhookTask
from choria_testing.certificates import Certificates
from choria_testing.web_server import Answer, served, tls_context

SECRET = "s3cr3t"

Try = Callable[[str], Awaitable[Outcome]]


@pytest.fixture
def webhook(attempt: Any) -> Try:
    """Try a webhook."""
    return lambda text: attempt(WebhookTask, text)


def answering(status: int, text: str = "noted") -> Answer:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    return answer


async def test_a_post_sends_json(webhook: Try) -> None:
    async with served(answering(200)) as server:
        outcome = await webhook(f"uri: {server.url}/hook?a=b\ndata: {{x: 1, y: [true, null, ü]}}")

    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", "/hook?a=b")
    assert json.loads(seen.body) == {"x": 1, "y": [True, None, "ü"]}
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"] == "Choria Playbooks http://choria.io"
    assert outcome.is_ok
    assert outcome.message.startswith(f"POST to {server.url} answered 200, in 0.")
    assert outcome.data == ("noted",)
    assert outcome.results == {
        "127.0.0.1": HostResult(is_ok=True, value={"status": 200, "body": "noted"})
    }


async def test_a_post_without_data_sends_an_empty_object(webhook: Try) -> None:
    async with served() as server:
        await webhook(f"uri: {server.url}")

    assert server.seen[0].body == b"{}"


@pytest.mark.parametrize("method", ["GET", "get"])
async def test_a_get_adds_to_the_query(webhook: Try, method: str) -> None:
    async with served() as server:
        await webhook(
            f"uri: '{server.url}/hook?a=b'\nmethod: {method}\n"
            "data: {text: 'a &b', yes: true, number: 1.5, list: [1, x], map: {k: v}, none: }"
        )

    (seen,) = server.seen
    path, _, query = seen.target.partition("?")
    assert (seen.method, path, seen.body) == ("GET", "/hook", b"")
    assert parse_qsl(query, keep_blank_values=True) == [
        ("a", "b"),
        ("text", "a &b"),
        ("yes", "true"),
        ("number", "1.5"),
        ("list", '[1,"x"]'),
        ("map", '{"k":"v"}'),
        ("none", ""),
    ]
    assert "content-type" not in seen.headers


async def test_headers_of_the_book_win(webhook: Try) -> None:
    async with served() as server:
        await webhook(
            f"uri: {server.url}\n"
            "headers:\n"
            "  {user-agent: mine, Content-Type: text/x-json, X-Choria-Request-ID: 1.10, X-A: b}"
        )

    headers = server.seen[0].headers
    assert headers["user-agent"] == "mine"
    assert headers["content-type"] == "text/x-json"
    assert headers["x-choria-request-id"] == "1.10"
    assert headers["x-a"] == "b"


async def test_each_try_has_an_id_of_its_own(webhook: Try) -> None:
    async with served() as server:
        for _ in range(2):
            await webhook(f"uri: {server.url}")

    first, second = (seen.headers["x-choria-request-id"] for seen in server.seen)
    assert uuid.UUID(first) != uuid.UUID(second)


@pytest.mark.parametrize("status", [200, 201, 202, 500])
async def test_200_and_201_are_well(webhook: Try, status: int) -> None:
    async with served(answering(status)) as server:
        outcome = await webhook(f"uri: {server.url}")

    result = outcome.results["127.0.0.1"]
    assert outcome.is_ok == result.is_ok == (status in {200, 201})
    assert result.value == {"status": status, "body": "noted"}
    assert outcome.data == ("noted",)


async def test_a_failure_says_what_was_expected(webhook: Try) -> None:
    async with served(answering(404)) as server:
        outcome = await webhook(f"uri: {server.url}")

    assert outcome.message.startswith(f"POST to {server.url} answered 404, not 200 or 201, in 0.")
    result = outcome.results["127.0.0.1"]
    assert (result.kind, result.error) == ("failed", outcome.message)


async def test_other_statuses_may_be_expected(webhook: Try) -> None:
    async with served(answering(404)) as server:
        assert (await webhook(f"uri: {server.url}\nexpect_status: [404, 410]")).is_ok
    async with served(answering(200)) as server:
        assert not (await webhook(f"uri: {server.url}\nexpect_status: [404]")).is_ok


async def test_redirects_are_followed_where_the_book_says(webhook: Try) -> None:
    async def leading(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/there":
            return web.Response(text="arrived")
        return web.Response(status=307, headers={"Location": "/there"})

    async with served(leading) as server:
        stayed = await webhook(f"uri: {server.url}\ndata: {{a: 1}}")
        went = await webhook(f"uri: {server.url}\ndata: {{a: 1}}\nredirects: true")

    assert not stayed.is_ok
    assert "answered 307" in stayed.message
    assert went.is_ok
    assert went.data == ("arrived",)
    assert [(seen.target, seen.body) for seen in server.seen[1:]] == [
        ("/", b'{"a":1}'),
        ("/there", b'{"a":1}'),
    ]


async def test_a_server_that_takes_too_long_is_given_up(webhook: Try) -> None:
    never = asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with served(slow) as server:
        with pytest.raises(RequestTimeoutError, match=r"within 0\.2 s"):
            await webhook(f"uri: {server.url}/{SECRET}\ntimeout: 0.2")
        never.set()


async def test_nothing_of_the_address_but_its_server_is_told(webhook: Try, foretold: Any) -> None:
    """Chats give addresses whose path is all that one needs to write to them."""
    async with served(answering(500)) as server:
        place = server.url.removeprefix("http://")
        uri = f"uri: http://rip:{SECRET}@{place}/hooks/{SECRET}?token={SECRET}"
        outcome = await webhook(uri)
    assert not outcome.is_ok
    assert SECRET not in str(outcome)
    assert foretold(WebhookTask, uri) == f"would send POST to http://{place}"


async def test_not_even_where_nobody_listens(webhook: Try) -> None:
    async with served() as server:
        url = server.url
    with pytest.raises(ConnectError) as caught:
        await webhook(f"uri: {url}/hooks/{SECRET}?token={SECRET}")
    assert str(caught.value) == f"{url} cannot be asked: Connection refused"


async def test_the_systems_authorities_are_trusted_and_no_others(
    webhook: Try, certificates: Certificates
) -> None:
    async with served(context=tls_context(certificates)) as server:
        with pytest.raises(AuthenticationError, match="certificate verify failed"):
            await webhook(f"uri: {server.url}/{SECRET}")
    assert server.seen == []


async def test_an_authority_can_be_named(
    webhook: Try, certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "own.pem").write_bytes(certificates.ca_file.read_bytes())
    async with served(context=tls_context(certificates)) as server:
        for ca in ("own.pem", certificates.ca_file):
            assert (await webhook(f"uri: {server.url}\nca: {ca}")).is_ok
        with pytest.raises(AuthenticationError):
            await webhook(f"uri: {server.url}\nca: {certificates.other_ca_file}")
        with pytest.raises(ConfigError, match=r"nowhere\.pem cannot be read"):
            await webhook(f"uri: {server.url}\nca: nowhere.pem")


async def test_a_certificate_can_be_shown(webhook: Try, certificates: Certificates) -> None:
    client = certificates.client
    async with served(context=tls_context(certificates, asks=True)) as server:
        await webhook(
            f"{{uri: '{server.url}', ca: {certificates.ca_file}, "
            f"cert: {client.cert_file}, key: {client.key_file}}}"
        )
        with pytest.raises(ChoriaError):
            await webhook(f"{{uri: '{server.url}', ca: {certificates.ca_file}}}")

    (seen,) = server.seen
    assert "client@example.net" in seen.client


async def test_the_files_of_the_choria_network_can_be_used(
    webhook: Try, certificates: Certificates, client_lines: list[str]
) -> None:
    client_lines += [
        "plugin.security.provider = file",
        f"plugin.security.file.ca = {certificates.ca_file}",
        f"plugin.security.file.certificate = {certificates.client.cert_file}",
        f"plugin.security.file.key = {certificates.client.key_file}",
    ]
    async with served(context=tls_context(certificates, asks=True)) as server:
        assert (await webhook(f"uri: {server.url}\nchoria_tls: true")).is_ok

    assert "client@example.net" in server.seen[0].client


async def test_a_choria_network_without_tls_has_no_files(
    webhook: Try, client_variables: dict[str, str]
) -> None:
    client_variables["INSECURE_YES_REALLY"] = "true"
    with pytest.raises(ConfigError, match=r"choria_tls: the configuration .* has no TLS"):
        await webhook("uri: https://127.0.0.1:1\nchoria_tls: true")


@pytest.mark.parametrize("word", ["0", "no", "false", "n", "f", "'False'"])
async def test_the_certificate_need_not_be_checked(
    webhook: Try, certificates: Certificates, word: str
) -> None:
    async with served(context=tls_context(certificates)) as server:
        assert (await webhook(f"uri: {server.url}\nverify_ssl: {word}")).is_ok


@pytest.mark.parametrize("word", ["1", "yes", "true", "y", "t", "'TRUE'"])
async def test_the_certificate_is_checked_in_as_many_words(
    webhook: Try, certificates: Certificates, word: str
) -> None:
    async with served(context=tls_context(certificates)) as server:
        with pytest.raises(AuthenticationError):
            await webhook(f"uri: {server.url}\nverify_ssl: {word}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "uri: is required but missing"),
        ("uri: ftp://a/s3cr3t", "uri: is no address of a web server"),
        ("uri: a.example/s3cr3t", "uri: is no address of a web server"),
        ("uri: 'http://[s3cr3t'", "uri: is no address of a web server"),
        ("{uri: http://a, method: PUT}", "method: must be GET or POST, not 'PUT'"),
        ("{uri: http://a, data: [1]}", "data: must be a block of names"),
        ("{uri: http://a, headers: {'X Y': b}}", "headers: 'X Y' is no name of a header"),
        (
            '{uri: http://a, headers: {X: "s3cr3t\\r\\nY: z"}}',
            "headers: X holds what no header can",
        ),
        ("{uri: http://a, expect_status: 200}", "expect_status: must be a list"),
        ("{uri: http://a, expect_status: []}", "expect_status: lets no status be well"),
        ("{uri: http://a, expect_status: [99]}", "expect_status[0]: must be at least 100"),
        ("{uri: http://a, timeout: 0}", "timeout: must be at least"),
        ("{uri: http://a, verify_ssl: maybe}", "verify_ssl: must be true or false"),
        ("{uri: http://a, cert: a.pem}", "cert: cert and key belong together"),
        ("{uri: http://a, key: a.pem}", "key: cert and key belong together"),
        ("{uri: http://a, choria_tls: true, ca: a.pem}", "choria_tls: says itself"),
    ],
)
def test_what_cannot_work_is_refused(problems_of: Any, text: str, problem: str) -> None:
    (found,) = problems_of(WebhookTask, text)
    assert problem in found
    assert SECRET not in found
