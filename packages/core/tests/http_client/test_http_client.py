"""The HTTP client, against real servers on this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from choria_core.errors import (
    AuthenticationError,
    ChoriaError,
    ConfigError,
    ConnectError,
    RequestTimeoutError,
    WorkError,
)
from choria_core.http_client import MOST_REDIRECTS, HttpClient, HttpReply, shown_url
from choria_testing.certificates import Certificates, make_certificates
from choria_testing.web_server import fine, served, tls_context

SECRET = "s3cr3t"


@pytest_asyncio.fixture
async def http() -> AsyncIterator[HttpClient]:
    """A client."""
    async with HttpClient() as client:
        yield client


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For a server with TLS and its clients."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


async def test_a_request_and_its_answer(http: HttpClient) -> None:
    async with served() as server:
        reply = await http.request(
            "PUT", f"{server.url}/a%20b/c?x=1", headers={"X-Own": "yes"}, body=b"\0\xff"
        )

    assert reply.status == 200
    assert reply.body == b"fine"
    assert reply.text == "fine"
    assert reply.headers["x-kind"] == "a"
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("PUT", "/a%20b/c?x=1", b"\0\xff")
    assert seen.headers["x-own"] == "yes"


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 20) + 1, 8 << 20])
async def test_a_body_may_be_large(http: HttpClient, size: int) -> None:
    body = b"abcdefgh" * (size // 8) + b"x" * (size % 8)
    async with served() as server:
        await http.request("POST", server.url, body=body)

    (seen,) = server.seen
    assert seen.body == body
    assert seen.headers["content-length"] == str(size)


async def test_every_status_is_an_answer(http: HttpClient) -> None:
    async def missing(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=503, body=b"\xff")

    async with served(missing) as server:
        reply = await http.request("GET", server.url)

    assert (reply.status, reply.text) == (503, "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/", "/?a=1+2&b=%26%C3%BC"),
        ("/?x=y", "/?x=y&a=1+2&b=%26%C3%BC"),
        ("/x?a=z#part", "/x?a=z&a=1+2&b=%26%C3%BC"),
    ],
)
async def test_a_query_is_added_in_the_encoding_of_forms(
    http: HttpClient, address: str, target: str
) -> None:
    async with served() as server:
        await http.request("GET", server.url + address, query={"a": "1 2", "b": "&ü"})

    assert server.seen[0].target == target


async def test_no_cookie_is_kept(http: HttpClient) -> None:
    async with served() as server:
        for _ in range(2):
            await http.request("GET", server.url)

    assert "cookie" not in server.seen[1].headers


async def test_compressed_answers_are_opened(http: HttpClient) -> None:
    async def compressed(_: web.BaseRequest) -> web.StreamResponse:
        response = web.Response(text="a" * 1000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with served(compressed) as server:
        assert (await http.request("GET", server.url)).body == b"a" * 1000


async def test_an_answer_that_is_too_large_is_refused(http: HttpClient) -> None:
    """Counted decompressed: a small answer may become a large one."""

    async def large(_: web.BaseRequest) -> web.StreamResponse:
        response = web.Response(body=b"a" * 100_001)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with served(large) as server:
        url = f"{server.url}/x?token={SECRET}"
        with pytest.raises(WorkError, match=r"/x answers with more than 100000 bytes$"):
            await http.request("GET", url, most_bytes=100_000)
        assert len((await http.request("GET", url, most_bytes=100_001)).body) == 100_001


async def test_a_server_that_takes_too_long_is_given_up(http: HttpClient) -> None:
    never = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        await never.wait()
        return response

    async with served(slow) as server:
        with pytest.raises(RequestTimeoutError, match=r"no answer on http:.*/x within 0\.2 s$"):
            await http.request("GET", f"{server.url}/x?a={SECRET}", timeout_seconds=0.2)
        never.set()


async def test_nobody_listens(http: HttpClient) -> None:
    async with served() as server:
        url = server.url
    with pytest.raises(ConnectError, match=f"^{url}/x cannot be asked: "):
        await http.request("GET", f"{url}/x?a={SECRET}")


async def test_why_it_cannot_be_asked_is_told_in_words(http: HttpClient) -> None:
    async with served() as server:
        url = server.url.replace("http:", "https:")
    with pytest.raises(ConnectError, match=r"cannot be asked: Connection refused$"):
        await http.request("GET", url)


async def test_no_such_host(http: HttpClient) -> None:
    with pytest.raises(ConnectError, match=r"^http://no-such-host.invalid cannot be asked: "):
        await http.request("GET", "http://no-such-host.invalid")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
async def test_a_server_that_breaks_off(http: HttpClient, said: bytes) -> None:
    async with raw_server(said) as url:
        with pytest.raises(ConnectError, match=r"cannot be asked: ."):
            await http.request("GET", url)


async def test_a_server_that_does_not_want_all_of_a_body(http: HttpClient) -> None:
    async with raw_server(b"") as url:
        for _ in range(5):
            with pytest.raises(ConnectError, match=r"/x cannot be asked: .") as caught:
                await http.request("POST", f"{url}/x?a={SECRET}", body=bytes(8 << 20))
            assert SECRET not in str(caught.value)


async def test_a_server_that_does_not_speak_http(http: HttpClient) -> None:
    async with raw_server(b"220 mail.example ESMTP\r\n") as url:
        with pytest.raises(ConnectError, match=r"does not answer in HTTP: .") as caught:
            await http.request("GET", f"{url}/x?a={SECRET}")
    assert SECRET not in str(caught.value)


@contextlib.asynccontextmanager
async def raw_server(said: bytes) -> AsyncIterator[str]:
    """Says something to whoever asks, and closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _elsewhere(request: web.BaseRequest) -> web.StreamResponse:
    """``/to?status=..&url=..`` leads to an address."""
    if request.path != "/to":
        return await fine(request)
    headers = {"Location": request.query["url"]}
    return web.Response(status=int(request.query["status"]), headers=headers)


async def test_a_redirect_is_an_answer_unless_it_shall_be_followed(http: HttpClient) -> None:
    async with served(_elsewhere) as server:
        address = f"{server.url}/to?status=302&url=/there"
        assert (await http.request("GET", address)).status == 302
        assert len(server.seen) == 1
        assert (await http.request("GET", address, follow_redirects=True)).text == "fine"
        assert [seen.target for seen in server.seen[2:]] == ["/there"]


@pytest.mark.parametrize(
    ("status", "method", "body"), [(303, "GET", b""), (307, "POST", b"x"), (308, "POST", b"x")]
)
async def test_the_status_says_what_becomes_of_method_and_body(
    http: HttpClient, status: int, method: str, body: bytes
) -> None:
    async with served(_elsewhere) as server:
        address = f"{server.url}/to?status={status}&url=/there"
        await http.request("POST", address, body=b"x", follow_redirects=True)

    assert (server.seen[1].method, server.seen[1].body) == (method, body)


async def test_an_authorization_stays_with_the_first_server(http: HttpClient) -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "X-Other": "yes"}
    async with served() as other, served(_elsewhere) as first:
        address = f"{first.url}/to?status=307&url="
        await http.request("GET", address + "/there", headers=headers, follow_redirects=True)
        await http.request("GET", address + other.url, headers=headers, follow_redirects=True)

    assert [seen.headers.get("authorization") for seen in first.seen] == [f"Bearer {SECRET}"] * 3
    assert "authorization" not in other.seen[0].headers
    assert other.seen[0].headers["x-other"] == "yes"


async def test_redirects_in_a_circle_end(http: HttpClient) -> None:
    async def circle(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"/?a={SECRET}"})

    async with served(circle) as server:
        with pytest.raises(WorkError, match=r"leads elsewhere more than 5 times$"):
            await http.request("GET", server.url, follow_redirects=True)

    assert len(server.seen) == MOST_REDIRECTS


@pytest.mark.parametrize("place", ["ftp://a/s3cr3t", "http://[s3cr3t", "http://a:99999/s3cr3t"])
async def test_a_redirect_to_what_is_no_web_server(http: HttpClient, place: str) -> None:
    async with served(_elsewhere) as server:
        with pytest.raises(ChoriaError) as caught:
            await http.request(
                "GET", f"{server.url}/to?status=302&url={place}", follow_redirects=True
            )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "there",
        "/there",
        "ftp://a/b",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://a:99999",
    ],
)
async def test_what_is_no_address_of_a_web_server(http: HttpClient, url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a web server"):
        await http.request("GET", url)


async def test_secrets_of_an_address_are_in_no_error(http: HttpClient) -> None:
    async with served() as server:
        place = server.url.removeprefix("http://")
    url = f"http://rip:{SECRET}@{place}/x?token={SECRET}#{SECRET}"
    with pytest.raises(ConnectError) as caught:
        await http.request("GET", url)
    assert str(caught.value).startswith(f"http://{place}/x cannot be asked")
    assert SECRET not in str(caught.value)


async def test_an_address_may_have_another_name_in_errors(http: HttpClient) -> None:
    """Where the path itself is what lets one in."""

    async def large(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"abc")

    async with served(large) as server:
        url = f"{server.url}/{SECRET}"
        with pytest.raises(WorkError, match=r"^the chat answers with more than 2 bytes"):
            await http.request("GET", url, shown="the chat", most_bytes=2)
    with pytest.raises(ConnectError, match=r"^the chat cannot be asked") as caught:
        await http.request("GET", url, shown="the chat")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"X-Own": f"a\r\n{SECRET}"}, "/"),
        ({f"X {SECRET}\n": "a"}, "/"),
        ({"Authorization": SECRET}, f"rip:{SECRET}@"),
    ],
)
async def test_headers_that_http_cannot_say(
    http: HttpClient, headers: dict[str, str], address: str
) -> None:
    async with served() as server:
        url = server.url.replace("//", f"//{address}") if "@" in address else server.url
        with pytest.raises(ConfigError, match="a header is none of HTTP") as caught:
            await http.request("GET", url, headers=headers)
    assert SECRET not in str(caught.value)
    assert server.seen == []


async def test_tls_with_an_authority_of_our_own(
    http: HttpClient, certificates: Certificates
) -> None:
    async with served(context=tls_context(certificates)) as server:
        reply = await http.request("GET", server.url, ca_file=certificates.ca_file)
        assert reply.text == "fine"


async def test_other_authorities_are_not_trusted(
    http: HttpClient, certificates: Certificates
) -> None:
    async with served(context=tls_context(certificates)) as server:
        for ca_file in (None, certificates.other_ca_file):
            with pytest.raises(AuthenticationError, match="certificate verify failed"):
                await http.request("GET", f"{server.url}/?a={SECRET}", ca_file=ca_file)
    assert server.seen == []


async def test_a_certificate_of_another_name_is_refused(
    http: HttpClient, certificates: Certificates
) -> None:
    context = tls_context(certificates, shown=certificates.client)
    async with served(context=context) as server:
        with pytest.raises(AuthenticationError, match=r"certificate is not valid for '127.0.0.1'"):
            await http.request("GET", server.url, ca_file=certificates.ca_file)


async def test_any_certificate_will_do_where_none_is_checked(
    http: HttpClient, certificates: Certificates
) -> None:
    async with served(context=tls_context(certificates)) as server:
        assert (await http.request("GET", server.url, verify=False)).text == "fine"


async def test_our_own_certificate_is_shown(http: HttpClient, certificates: Certificates) -> None:
    client = certificates.client
    async with served(context=tls_context(certificates, asks=True)) as server:
        await http.request(
            "GET",
            server.url,
            ca_file=certificates.ca_file,
            certificate=(client.cert_file, client.key_file),
        )
        with pytest.raises((AuthenticationError, ConnectError)):
            await http.request("GET", server.url, ca_file=certificates.ca_file)

    assert ["client@example.net" in seen.client for seen in server.seen] == [True]


async def test_a_file_of_certificates_that_is_not_there(http: HttpClient, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem cannot be read"):
        await http.request("GET", "https://127.0.0.1:1", ca_file=tmp_path / "nowhere.pem")


async def test_tls_to_a_server_that_has_none(http: HttpClient) -> None:
    async with served() as server:
        with pytest.raises(AuthenticationError):
            await http.request("GET", server.url.replace("http:", "https:"))


async def test_a_redirect_to_tls_is_checked_too(
    http: HttpClient, certificates: Certificates
) -> None:
    async with (
        served(context=tls_context(certificates)) as guarded,
        served(_elsewhere) as first,
    ):
        address = f"{first.url}/to?status=302&url={guarded.url}"
        reply = await http.request(
            "GET", address, follow_redirects=True, ca_file=certificates.ca_file
        )
        assert reply.text == "fine"
        with pytest.raises(AuthenticationError):
            await http.request("GET", address, follow_redirects=True)


async def test_a_proxy_is_used_where_it_is_wanted(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with served() as server, served() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        await http.request("GET", f"{server.url}/x", use_proxy=True)
        assert [seen.target for seen in proxy.seen] == [f"{server.url}/x"]
        await http.request("GET", f"{server.url}/y")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await http.request("GET", f"{server.url}/z", use_proxy=True)

    assert [seen.target for seen in server.seen] == ["/y", "/z"]
    assert len(proxy.seen) == 1


async def test_many_at_once(http: HttpClient) -> None:
    async with served() as server:
        replies: list[HttpReply] = await asyncio.gather(
            *(http.request("GET", f"{server.url}/{number}") for number in range(50))
        )

    assert {reply.status for reply in replies} == {200}
    assert {seen.target for seen in server.seen} == {f"/{number}" for number in range(50)}


def test_addresses_are_shown_without_what_may_be_secret() -> None:
    assert shown_url("https://a:b@c.example:1/d?e=f#g") == "https://c.example:1/d"
    assert shown_url("http://[") == "the address"
