"""The web server that a task asks: how it is found, trusted and waited for."""

import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from choria_core.config.schema import Grammar, Setting
from choria_core.errors import ConfigError
from choria_core.playbook.options import SECONDS
from choria_core.playbook.workbench import Workbench

if TYPE_CHECKING:
    from choria_core.http_client import HttpReply

LEAST_SECONDS: Final = 0.001

_YES: Final = frozenset(("1", "yes", "true", "y", "t", "on"))
_NO: Final = frozenset(("0", "no", "false", "n", "f", "off"))


def read_truth(text: str) -> bool:
    """Yes or no, in the words that books have for it.

    Raises:
        ConfigError: it is neither.
    """
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ConfigError("must be true or false; 1, yes, y, t and 0, no, n, f mean them too")
    return word in _YES


TRUTH: Final = Grammar(
    "true or false",
    read_truth,
    lambda value: "true" if value else "false",
    takes_truth=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """What a book may say of any web server."""

    timeout: Annotated[
        float,
        Setting("how long an answer may take", grammar=SECONDS, minimum=LEAST_SECONDS),
    ] = 60.0
    verify_ssl: Annotated[bool, Setting("check the server's certificate", grammar=TRUTH)] = True
    ca: Annotated[str, Setting("PEM file of the authorities to trust; empty for the system's")] = ""
    cert: Annotated[str, Setting("PEM file of our certificate")] = ""
    key: Annotated[str, Setting("PEM file of the certificate's key")] = ""
    choria_tls: Annotated[
        bool,
        Setting(
            "trust the authority of the Choria network, and show the certificate we have there"
        ),
    ] = False

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        if bool(self.cert) != bool(self.key):
            yield "cert" if self.cert else "key", "cert and key belong together", "give both"
        if self.choria_tls and (self.ca or self.cert):
            text = "says itself which authority and certificate"
            yield "choria_tls", text, "leave out ca, cert and key, or choria_tls"


def names_server(url: str) -> bool:
    """Whether a text is the address of a web server."""
    try:
        parts = urllib.parse.urlsplit(url)
        return (
            parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        )
    except ValueError:
        return False


def server_of(url: str) -> str:
    """The server of an address, for people: paths and queries may let one in."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}"


def host_of(url: str) -> str:
    """The name of the server of an address, by which results are known."""
    return urllib.parse.urlsplit(url).hostname or ""


async def ask(  # noqa: PLR0913 - as many as a request has parts
    bench: Workbench,
    options: WebOptions,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    follow_redirects: bool = False,
) -> "HttpReply":
    """Ask once; every status is an answer, and no error shows more of the address than its server.

    Raises:
        ConfigError: a file of certificates cannot be used.
        TransportError: no answer came, or the server is not to be trusted.
        WorkError: the answer is too large, or leads elsewhere too often.
    """
    ca_file, certificate = _trust(bench, options)
    http = await bench.http()
    return await http.request(
        method,
        url,
        headers=headers,
        query=query or {},
        body=body,
        timeout_seconds=options.timeout,
        verify=options.verify_ssl,
        follow_redirects=follow_redirects,
        shown=server_of(url),
        ca_file=ca_file,
        certificate=certificate,
    )


def _trust(bench: Workbench, options: WebOptions) -> tuple[Path | None, tuple[Path, Path] | None]:
    """Files of the authorities that are trusted, and of our certificate and its key."""
    if options.choria_tls:
        return _choria_trust(bench)
    ca_file = _path(bench, options.ca) if options.ca else None
    if not options.cert:
        return ca_file, None
    return ca_file, (_path(bench, options.cert), _path(bench, options.key))


def _choria_trust(bench: Workbench) -> tuple[Path | None, tuple[Path, Path] | None]:
    from choria_core.network.connection import tls_settings

    settings = tls_settings(bench.config)
    if settings is None:
        raise ConfigError("choria_tls: the configuration of the Choria network has no TLS")
    ca_file = Path(settings.ca_file) if settings.ca_file else None
    if not settings.cert_file:
        return ca_file, None
    return ca_file, (Path(settings.cert_file), Path(settings.key_file))


def _path(bench: Workbench, name: str) -> Path:
    return bench.folder / Path(name).expanduser()
