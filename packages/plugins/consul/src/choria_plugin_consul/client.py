"""Consul's HTTP interface: py-consul says what to ask, our own HTTP client asks.

py-consul's own transport for asyncio cannot bound the time of each question, drops the
token of a transaction and the certificate of a client that verifies nobody, and lets
``CONSUL_HTTP_TOKEN`` win over the token that it was given.  Here each question carries
token and datacenter, and ends in time.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from consul import ConsulException
from consul.base import Consul, HTTPClient, Response
from consul.exceptions import ClientError, NotFound

from choria_core.errors import AuthenticationError, ConnectError, WorkError
from choria_core.playbook.store_server import StoreServer
from choria_core.playbook.workbench import Workbench

TOKEN_HEADER: Final = "X-Consul-Token"  # noqa: S105 - a name
INDEX_HEADER: Final = "X-Consul-Index"
SAID_CHARS: Final = 300
TOLD_BY_STATUS: Final = frozenset({200, 404, 409})
"""What the caller makes sense of: done, not there, and a transaction that was refused."""

Params = Sequence[tuple[str, Any]]
Callback = Callable[[Response], Any]


class Transport(HTTPClient):  # type: ignore[misc]  # py-consul has no types
    """Asks one Consul agent.

    Args:
        server: the agent.
        bench: lends the HTTP client.
        token: shown with each question; empty for none.
        dc: the datacenter that is asked; empty for the agent's own.
    """

    def __init__(self, server: StoreServer, bench: Workbench, *, token: str, dc: str) -> None:
        super().__init__()
        self.base_uri = ""  # questions begin with their path
        self._server = server
        self._bench = bench
        self._token = token
        self._dc = dc

    def get(
        self, callback: Callback, path: str, params: Params | None = None, **more: Any
    ) -> Coroutine[Any, Any, Any]:
        """Read."""
        return self._ask("GET", callback, path, params, **more)

    def put(
        self, callback: Callback, path: str, params: Params | None = None, **more: Any
    ) -> Coroutine[Any, Any, Any]:
        """Write."""
        return self._ask("PUT", callback, path, params, **more)

    def delete(
        self, callback: Callback, path: str, params: Params | None = None, **more: Any
    ) -> Coroutine[Any, Any, Any]:
        """Delete."""
        return self._ask("DELETE", callback, path, params, **more)

    def post(
        self, callback: Callback, path: str, params: Params | None = None, **more: Any
    ) -> Coroutine[Any, Any, Any]:
        """Ask for something to be made."""
        return self._ask("POST", callback, path, params, **more)

    def close(self) -> None:
        """The connections are the workbench's."""

    async def _ask(
        self,
        method: str,
        callback: Callback,
        path: str,
        params: Params | None,
        *,
        data: str | bytes | None = None,
        connections_timeout: float | None = None,
        **_: object,  # headers of py-consul, which may lack the token
    ) -> Any:
        asked = list(params or ())
        if self._dc and not any(name == "dc" for name, _ in asked):
            asked.append(("dc", self._dc))
        reply = await self._server.ask(
            self._bench,
            method,
            self.uri(path, asked),
            headers={TOKEN_HEADER: self._token} if self._token else {},
            body=(data.encode() if isinstance(data, str) else data) or None,
            timeout_seconds=connections_timeout,
        )
        text = reply.text
        self._require_sense(reply.status, text)
        headers = {INDEX_HEADER: reply.headers.get(INDEX_HEADER.lower(), "0")}
        try:
            return callback(Response(reply.status, headers, text))
        except (ClientError, NotFound):
            raise
        except ConsulException as error:
            raise WorkError(f"{self._server.url} does not answer as Consul does") from error

    def _require_sense(self, status: int, text: str) -> None:
        if status in TOLD_BY_STATUS:
            return
        said = f"Consul at {self._server.url} answers {status}: {text[:SAID_CHARS].strip()}"
        if status in {401, 403}:
            raise AuthenticationError(said)
        if status == 429 or status >= 500:
            raise ConnectError(said)
        raise WorkError(said)


class Client(Consul):  # type: ignore[misc]  # py-consul has no types
    """py-consul's questions over our transport: its methods give coroutines."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        super().__init__(host="", port=0, scheme="http", verify=True)

    def http_connect(self, *_: object) -> Transport:
        """What py-consul asks by."""
        return self._transport
