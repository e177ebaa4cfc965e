"""Web servers on this machine that do what a test says, and remember what they were asked.

async with served() as server:
    await http.request("GET", server.url)
    assert server.seen[0].method == "GET"
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from choria_testing.certificates import Certificates, KeyedCertificate

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a server saw it.

    Attributes:
        method: such as GET.
        target: path and query, as they were sent.
        headers: names in lower case.
        body: of the request.
        client: the names in the certificate of who asks; empty without one.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    client: str


@dataclass(slots=True)
class RealServer:
    """A server that remembers requests.

    Attributes:
        answer: what it does.
        seen: all requests.
        url: of the server.
    """

    answer: Answer
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Remember a request, and answer it."""
        certificate = request.get_extra_info("peercert") or {}
        self.seen.append(
            Seen(
                request.method,
                request.raw_path,
                {name.lower(): value for name, value in request.headers.items()},
                await request.content.read(),
                str(certificate.get("subjectAltName", "")),
            )
        )
        return await self.answer(request)


async def fine(_: web.BaseRequest) -> web.StreamResponse:
    """All is well, in four letters, a header and a cookie."""
    return web.Response(text="fine", headers={"X-Kind": "a", "Set-Cookie": "a=b"})


@contextlib.asynccontextmanager
async def served(
    answer: Answer = fine,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[RealServer]:
    """A server on a free port."""
    server = RealServer(answer)
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def tls_context(
    certificates: Certificates, *, shown: KeyedCertificate | None = None, asks: bool = False
) -> ssl.SSLContext:
    """Of a server, which may show another certificate, or ask for its clients'."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server = shown or certificates.server
    context.load_cert_chain(server.cert_file, server.key_file)
    if asks:
        context.load_verify_locations(certificates.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
