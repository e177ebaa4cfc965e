"""Asks web servers: the one HTTP client of playbooks and their stores.

async with HttpClient() as http:
    reply = await http.request("GET", "https://example.net/health", timeout_seconds=5)
"""

import io
import os
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypedDict, Unpack

import aiohttp

from choria_core.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    RequestTimeoutError,
    TransportError,
    WorkError,
)
from choria_core.nats.endpoint import TlsSettings
from choria_core.nats.tls_context import make_context

PATIENCE_SECONDS: Final = 60.0
MOST_BYTES: Final = 16 << 20
MOST_REDIRECTS: Final = 5

_LARGE_BYTES: Final = 1 << 20

_KEEP_SECONDS: Final = 4.0
"""An idle connection is used again for less time than servers keep theirs."""


class RequestOptions(TypedDict, total=False):
    """What a request may say beyond its method and address.

    Attributes:
        headers: of the request.
        query: added to that of the address, in their order.
        body: what is sent.
        timeout_seconds: for the whole exchange; 60.
        verify: False takes any certificate of the server.
        ca_file: authorities of the server's certificate instead of the system's.
        certificate: files of our own certificate and its key.
        follow_redirects: go where the server says, at most five times; an ``Authorization``
            header stays with the first server.
        most_bytes: of the answer; 16 MiB.
        use_proxy: go through the proxy that the environment names.
        shown: what errors call the address, where even its path may be secret.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes | None
    timeout_seconds: float
    verify: bool
    ca_file: Path | None
    certificate: tuple[Path, Path] | None
    follow_redirects: bool
    most_bytes: int
    use_proxy: bool
    shown: str


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What a server answered.

    Attributes:
        status: such as 200.
        headers: names in lower case; of a repeated one the last.
        body: complete, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none becomes U+FFFD."""
        return self.body.decode("utf-8", "replace")


class HttpClient:
    """Used as ``async with``; keeps connections for a moment, and no cookies."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[TlsSettings, ssl.SSLContext] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> HttpReply:
        """Ask once; every status is an answer.

        What stands in the address beyond server and path is in no error's text, nor are headers.

        Args:
            method: such as GET.
            url: ``http`` or ``https``.
            options: see :class:`RequestOptions`.

        Raises:
            ConfigError: it is no such address, a header cannot be sent, or a file of certificates
                cannot be used.
            ConnectError: the server cannot be reached, or broke off.
            RequestTimeoutError: it took too long.
            AuthenticationError: we refuse its certificate, or it ours.
            WorkError: the answer is too large, or goes elsewhere too often.
        """
        place = options.get("shown") or shown_url(url)
        seconds = options.get("timeout_seconds", PATIENCE_SECONDS)
        try:
            return await self._ask(method, url, seconds, options)
        except TimeoutError as error:
            raise RequestTimeoutError(place, seconds) from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise ConfigError(f"{place} is no address of a web server") from error
        except aiohttp.TooManyRedirects as error:
            raise WorkError(f"{place} leads elsewhere more than {MOST_REDIRECTS} times") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _explained(place, error) from error
        except ValueError as error:  # its words may hold what is secret
            raise ConfigError(f"{place} cannot be asked so: a header is none of HTTP") from error

    async def _ask(
        self, method: str, url: str, seconds: float, options: RequestOptions
    ) -> HttpReply:
        assert self._session is not None
        async with self._session.request(
            method,
            _with_query(url, options.get("query", {})),
            headers=options.get("headers"),
            data=_content_of(options.get("body")),
            timeout=aiohttp.ClientTimeout(total=seconds),
            ssl=self._context(url, options),
            proxy=_proxy(url) if options.get("use_proxy", False) else None,
            allow_redirects=options.get("follow_redirects", False),
            max_redirects=MOST_REDIRECTS,
        ) as response:
            body = await _content(response, options)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpReply(response.status, headers, body)

    def _context(self, url: str, options: RequestOptions) -> ssl.SSLContext | bool:
        redirects = options.get("follow_redirects", False)
        if not redirects and not url.lower().startswith("https:"):
            return True  # reading the system's authorities takes its time
        certificate, key = options.get("certificate") or ("", "")
        settings = TlsSettings(
            ca_file=str(options.get("ca_file") or ""),
            cert_file=str(certificate),
            key_file=str(key),
            verify=options.get("verify", True),
        )
        if settings not in self._contexts:
            self._contexts[settings] = make_context(settings)
        return self._contexts[settings]


def shown_url(url: str) -> str:
    """An address without what may be secret: user, password, query and fragment."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "the address"
    place = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, place, parts.path, "", ""))


def _with_query(url: str, query: Mapping[str, str]) -> str:
    """The address with more in its query, in the encoding of forms."""
    if not query:
        return url
    before, mark, fragment = url.partition("#")
    joint = "&" if "?" in before else "?"
    return f"{before}{joint}{urllib.parse.urlencode(query)}{mark}{fragment}"


def _proxy(url: str) -> str | None:
    parts = urllib.parse.urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _content_of(body: bytes | None) -> bytes | io.BytesIO | None:
    """A body as aiohttp takes it: a large one is sent piece by piece."""
    return io.BytesIO(body) if body and len(body) > _LARGE_BYTES else body


async def _content(response: aiohttp.ClientResponse, options: RequestOptions) -> bytes:
    most_bytes = options.get("most_bytes", MOST_BYTES)
    parts = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > most_bytes:
            place = options.get("shown") or shown_url(str(response.url))
            raise WorkError(f"{place} answers with more than {most_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _explained(place: str, error: Exception) -> TransportError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return AuthenticationError(f"{place}: {error.certificate_error}")
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return AuthenticationError(f"{place}: {error}")
    if isinstance(error, aiohttp.ClientResponseError):  # whose text has the whole address
        return ConnectError(f"{place} does not answer in HTTP: {error.message}")
    return ConnectError(f"{place} cannot be asked: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Why, in words that do not hold the address."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError):
        known = os.strerror(cause.errno) if cause.errno and cause.errno > 0 else ""
        text = known or cause.strerror or str(cause)
    else:
        text = str(cause) or type(cause).__name__
    return text if "://" not in text else "the connection broke off"
