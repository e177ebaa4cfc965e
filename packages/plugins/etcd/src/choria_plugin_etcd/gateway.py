"""etcd's third protocol as JSON over HTTP: one question, one answer.

Keys and values are base64, numbers are texts, and what is zero or empty is left out.

Source: etcd's ``api/etcdserverpb/rpc.proto`` with its HTTP annotations.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from choria_core.errors import AuthenticationError, ConnectError, WorkError
from choria_core.playbook.store_server import StoreServer
from choria_core.playbook.workbench import Workbench

if TYPE_CHECKING:
    from choria_core.http_client import HttpReply

SAID_CHARS: Final = 300
OLD_TOKEN: Final = ("invalid auth token", "revision of auth store is old")
"""What etcd says to a token that was good once."""

REFUSALS: Final = ("user name is empty", "authentication failed", "authentication is not enabled")
"""Of these etcd says that the request is wrong, and means who sent it."""

Document = Mapping[str, Any]


class LeaseGoneError(WorkError):
    """etcd knows no such lease."""


class Gateway:
    """Asks the servers of one cluster, in turn where one cannot be reached.

    Args:
        servers: at least one; the last one that answered is asked first.
        bench: lends the HTTP client.
        user: who we are; empty where etcd asks nobody.
        password: of the user.
    """

    def __init__(
        self, servers: Sequence[StoreServer], bench: Workbench, *, user: str, password: str
    ) -> None:
        self._servers = list(servers)
        self._bench = bench
        self._user = user
        self._password = password
        self._token = ""

    @property
    def url(self) -> str:
        """Of the server that is asked first."""
        return self._servers[0].url

    async def ask(self, method: str, document: Document) -> Document:
        """Ask, and sign in where that is wanted or has been forgotten.

        Args:
            method: path below ``/v3/``.
            document: what is asked.

        Raises:
            AuthenticationError: etcd does not know us, or we may not do this.
            ConnectError: no server can be reached, or they have no leader.
            RequestTimeoutError: the answer took too long.
            LeaseGoneError: it is about a lease that is gone.
            WorkError: etcd cannot do it.
        """
        if self._user and not self._token:
            await self._sign_in()
        reply = await self._send(method, document)
        if self._user and _said(reply, OLD_TOKEN):
            await self._sign_in()
            reply = await self._send(method, document)
        return self._read(reply)

    async def _sign_in(self) -> None:
        self._token = ""
        asked = {"name": self._user, "password": self._password}
        answer = self._read(await self._send("auth/authenticate", asked))
        self._token = str(answer.get("token", ""))

    async def _send(self, method: str, document: Document) -> "HttpReply":
        body = msgspec.json.encode(document)
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = self._token
        for left in reversed(range(len(self._servers))):
            server = self._servers[0]
            try:
                return await server.ask(
                    self._bench, "POST", f"/v3/{method}", headers=headers, body=body
                )
            except ConnectError:
                self._ask_last(server)
                if not left:
                    raise
            except BaseException:  # it was too slow, or another answer is waited for no more
                self._ask_last(server)
                raise
        raise AssertionError("a cluster has at least one server")

    def _ask_last(self, server: StoreServer) -> None:
        if server is self._servers[0]:  # else another question found out before
            self._servers.append(self._servers.pop(0))

    def _read(self, reply: "HttpReply") -> Document:
        if reply.status == 200:
            return self._answer(reply)
        said = f"etcd at {self.url} answers {reply.status}: {_message(reply)}"
        if reply.status in {401, 403} or _said(reply, REFUSALS):
            raise AuthenticationError(said)
        if reply.status >= 500:
            raise ConnectError(said)
        if _said(reply, ("requested lease not found",)):
            raise LeaseGoneError(said)
        raise WorkError(said)

    def _answer(self, reply: "HttpReply") -> Document:
        try:
            return msgspec.json.decode(reply.body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WorkError(f"{self.url} does not answer as etcd does") from error


def coded(text: str | bytes) -> str:
    """A key or a value as the gateway takes it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def decoded(entry: Document) -> bytes:
    """The value of an entry."""
    return base64.b64decode(entry.get("value", ""))


def number(entry: Document, name: str) -> int:
    """One of an entry's numbers."""
    return int(entry.get(name, 0))


def _said(reply: "HttpReply", texts: Sequence[str]) -> bool:
    return reply.status != 200 and any(text in reply.text for text in texts)


def _message(reply: "HttpReply") -> str:
    try:
        return str(msgspec.json.decode(reply.body)["error"])[:SAID_CHARS]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return reply.text[:SAID_CHARS].strip()
