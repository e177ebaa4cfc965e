"""Growing, shrinking and cutting a fleet from the page that shows it.

The port is open to whoever reaches it, so nothing is done for a page of another origin: a
request must carry a header that browsers let no stranger's page send, must come from the
page that this program served, and must name this machine as people do who mean it, which a
stranger's name that was pointed at this address does not.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from choria_core.errors import ChoriaError

HEADER: Final = "X-Choria-Control"
_MOST_BYTES: Final = 1_024

Resize = Callable[[int], Awaitable[None]]
"""Makes the fleet so large."""
Storm = Callable[[], Awaitable[None]]
"""Cuts every connection."""


class _Size(msgspec.Struct, forbid_unknown_fields=True):
    """What ``POST /fleet`` says."""

    instances: int


class Control:
    """Answers ``POST /fleet`` and ``POST /storm``.

    Args:
        resize, storm: what is done; None where it may not be.
        most_instances: the largest fleet that may be asked for.
        host: a name by which this machine is known besides its own.
    """

    def __init__(
        self, *, resize: Resize | None, storm: Storm | None, most_instances: int, host: str = ""
    ) -> None:
        self._resize = resize
        self._storm = storm
        self._most_instances = most_instances
        self._names = {"localhost", socket.gethostname().lower(), host.lower()} - {""}
        self._is_busy = False

    @property
    def permits(self) -> dict[str, bool]:
        """What may be done, by name."""
        return {"resize": self._resize is not None, "storm": self._storm is not None}

    async def serve_fleet(self, request: web.Request) -> web.Response:
        """Change the size; the document is ``{"instances": 500}``."""
        if refusal := self._refusal(request, is_permitted=self._resize is not None):
            return refusal
        assert self._resize is not None
        size = await _size_of(request)
        if size is None or not 0 <= size <= self._most_instances:
            return _refuse(400, f'say {{"instances": N}}, N from 0 to {self._most_instances}')
        return await self._do(self._resize(size), {"instances": size})

    async def serve_storm(self, request: web.Request) -> web.Response:
        """Cut all connections."""
        if refusal := self._refusal(request, is_permitted=self._storm is not None):
            return refusal
        assert self._storm is not None
        return await self._do(self._storm(), {"storm": True})

    async def _do(self, work: Awaitable[None], done: dict[str, object]) -> web.Response:
        """Wait for the work, of which there is one at a time."""
        self._is_busy = True
        try:
            await work
        except ChoriaError as error:
            return _refuse(422, str(error))
        finally:
            self._is_busy = False
        return web.json_response({"done": done})

    def _refusal(self, request: web.Request, *, is_permitted: bool) -> web.Response | None:
        """Why the request is not obeyed; None where it is."""
        if HEADER not in request.headers:
            return _refuse(403, f"the header {HEADER} is missing")
        if not self._is_own(request):
            return _refuse(
                403, "only the page of this fleet may ask for that, opened by its address"
            )
        if not is_permitted:
            return _refuse(403, "this fleet was started so that it is not controlled from here")
        if self._is_busy:
            return _refuse(409, "the fleet is being changed already: wait a moment")
        if request.content_length is None or request.content_length > _MOST_BYTES:
            return _refuse(413, f"the document must say its length, {_MOST_BYTES} bytes at most")
        return None

    def _is_own(self, request: web.Request) -> bool:
        """Whether it comes from our page, or from no page at all."""
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if site not in {"same-origin", "none"}:
            return False
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            return False
        return self._is_named(request.host)

    def _is_named(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _size_of(request: web.Request) -> int | None:
    try:
        return msgspec.json.decode(await request.read(), type=_Size).instances
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _refuse(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
