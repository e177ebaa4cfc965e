"""The web server behind a data store: where it is, and how it is trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from choria_core.errors import ConfigError
from choria_core.playbook.workbench import Workbench

if TYPE_CHECKING:
    from choria_core.http_client import HttpReply

LARGEST_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreServer:
    """One server, asked over HTTP.

    Attributes:
        url: scheme, host and port, without a slash at the end.
        verify: check the server's certificate.
        ca_file: PEM file of the authorities that are trusted; the system's where None.
        certificate: PEM files of our certificate and its key.
        timeout_seconds: how long an answer may take, where the question does not say.
    """

    url: str
    verify: bool = True
    ca_file: Path | None = None
    certificate: tuple[Path, Path] | None = None
    timeout_seconds: float = 10.0

    @classmethod
    def of_options(  # noqa: PLR0913 - options of books, each of which says one thing
        cls,
        store: str,
        url: str,
        *,
        folder: Path,
        ca: str = "",
        cert: str = "",
        key: str = "",
        verify: bool = True,
        timeout_seconds: float = 10.0,
    ) -> Self:
        """A server as a book describes it.

        Args:
            store: what the book calls the store; for errors.
            url: of the server; without a scheme it is plain HTTP.
            folder: where relative file names begin.
            ca: file of the authorities to trust; empty for the system's.
            cert: file of our certificate; empty for none.
            key: file of its key.
            verify: as the attribute.
            timeout_seconds: as the attribute.

        Raises:
            ConfigError: the URL names no server, or only one of certificate and key is given.
        """
        if bool(cert) != bool(key):
            raise ConfigError(f"store {store!r}: cert and key belong together, give both or none")
        return cls(
            url=_server_url(store, url),
            verify=verify,
            ca_file=_path(folder, ca) if ca else None,
            certificate=(_path(folder, cert), _path(folder, key)) if cert else None,
            timeout_seconds=timeout_seconds,
        )

    async def ask(
        self,
        bench: Workbench,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
    ) -> "HttpReply":
        """Ask for ``target``, a path with its query, both quoted.

        Raises:
            TransportError: no answer came, or the server is not to be trusted.
            ConfigError: a file of certificates cannot be used.
        """
        http = await bench.http()
        return await http.request(
            method,
            self.url + target,
            headers=headers,
            body=body,
            timeout_seconds=timeout_seconds or self.timeout_seconds,
            verify=self.verify,
            ca_file=self.ca_file,
            certificate=self.certificate,
            follow_redirects=False,
            most_bytes=LARGEST_ANSWER_BYTES,
        )


def _server_url(store: str, text: str) -> str:
    whole = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
        is_server = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_server = False
    if not is_server or parts.path.strip("/") or parts.query or parts.fragment:
        wanted = "give one like https://server.example:8500"
        raise ConfigError(f"store {store!r}: url {text!r} does not name a server; {wanted}")
    if "@" in parts.netloc:
        raise ConfigError(f"store {store!r}: the url may not hold a password")
    return f"{parts.scheme}://{parts.netloc}"


def _path(folder: Path, name: str) -> Path:
    return folder / Path(name).expanduser()
