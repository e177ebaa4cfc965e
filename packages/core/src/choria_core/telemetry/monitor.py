"""The HTTP endpoint that tells how a program is doing.

    async with Monitor(registry, port=8080, health=service.health, variables=service.variables):
        ...

``/metrics`` is for Prometheus, ``/healthz`` for whoever restarts what is unwell (200 or
503, with every check in JSON), ``/debug/vars`` for people: the process's figures in JSON
beside whatever the program adds, as Go's expvar gives them.  Nothing here changes
anything, and no secret is shown; still, bind it to an inner address where you can.
"""

import errno
import json
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import CollectorRegistry

from choria_core.errors import ConfigError, LocalProtocolError
from choria_core.telemetry.metrics import CONTENT_TYPE, expose
from choria_core.telemetry.process_figures import process_figures
from choria_core.telemetry.redaction import redact_arguments, redact_text, redact_value

_BACKLOG = 128
_LAST_PORT = 65535
_GRACE_SECONDS = 0.5  # for requests that are under way when the monitor closes


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be in order.

    Attributes:
        name: what is checked, ``source connection``.
        is_ok: whether it is in order.
        detail: why not, or what was found.
    """

    name: str
    is_ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Every check of a program; without any it is well."""

    checks: tuple[Check, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether all checks are."""
        return all(check.is_ok for check in self.checks)


def always_well() -> Health:
    """The health of a program that has nothing to check."""
    return Health()


def no_variables() -> Mapping[str, object]:
    """What a program adds to ``/debug/vars`` that has nothing to add."""
    return MappingProxyType({})


def metrics_route(path: str, registry: CollectorRegistry) -> web.AbstractRouteDef:
    """The metrics of ``registry`` at one more path, for :class:`Monitor`."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=expose(registry), headers={"Content-Type": CONTENT_TYPE})

    return web.get(path, show)


def json_route(path: str, document: Callable[[], object]) -> web.AbstractRouteDef:
    """A JSON document at ``path``, made when it is asked for, for :class:`Monitor`."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(document())

    return web.get(path, show)


class Monitor:
    """Serves ``/metrics``, ``/healthz`` and ``/debug/vars`` while it is open."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        port: int,
        host: str = "",
        health: Callable[[], Health] = always_well,
        variables: Callable[[], Mapping[str, object]] = no_variables,
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        """Describe the monitor; ``async with`` opens it.

        Args:
            registry: what ``/metrics`` shows.
            port: 0 picks a free one, see :attr:`port`.
            host: the address to listen on; all of them, IPv4 and IPv6, when empty.
            health: asked at every ``/healthz``; must be quick.
            variables: asked at every ``/debug/vars``; values of JSON.
            routes: more to serve, of :func:`metrics_route` and :func:`json_route`, or as
                ``aiohttp.web.get("/live", handler)``.
        """
        self._registry = registry
        self._address = (host, port)
        self._health = health
        self._variables = variables
        self._routes = tuple(routes)
        self._runner: web.AppRunner | None = None
        self._port: int | None = None
        self._opened = 0.0

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            LocalProtocolError: the monitor is not open.
        """
        if self._port is None:
            raise LocalProtocolError("the monitor is not open")
        return self._port

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the port is taken or the address is not ours.
        """
        listener = _listen(*self._address)
        self._opened = time.monotonic()
        self._runner = web.AppRunner(self._app(), shutdown_timeout=_GRACE_SECONDS)
        try:
            await self._runner.setup()
            await web.SockSite(self._runner, listener, backlog=_BACKLOG).start()
        except BaseException:
            listener.close()
            await self._runner.cleanup()
            raise
        self._port = int(listener.getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening; requests under way get a moment to end."""
        self._port = None
        if self._runner is not None:
            await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.add_routes([metrics_route("/metrics", self._registry)])
        app.router.add_get("/healthz", self._show_health)
        app.router.add_get("/debug/vars", self._show_variables)
        app.add_routes(self._routes)
        return app

    async def _show_health(self, _request: web.Request) -> web.Response:
        health = self._health()
        checks = {
            check.name: {"ok": check.is_ok, "detail": redact_text(check.detail)}
            for check in health.checks
        }
        body = {"ok": health.is_ok, "checks": checks}
        return web.json_response(body, status=200 if health.is_ok else 503)

    async def _show_variables(self, _request: web.Request) -> web.Response:
        body = {
            "cmdline": redact_arguments(sys.argv),
            "process": process_figures(uptime_seconds=time.monotonic() - self._opened),
            **{name: redact_value(value, name=name) for name, value in self._variables().items()},
        }
        return web.json_response(text=json.dumps(body, default=str, indent=2) + "\n")


def refuse_taken_port(port: int, *, host: str = "") -> None:
    """Make sure that a monitor could listen there now.

    Raises:
        ConfigError: the port is taken or the address is not ours.
    """
    _listen(host, port).close()


def _listen(host: str, port: int) -> socket.socket:
    """A socket of our own: asyncio would pick two ports where 0 is asked on all interfaces."""
    if not 0 <= port <= _LAST_PORT:
        raise ConfigError(f"the monitor cannot listen on port {port}: choose 1 to {_LAST_PORT}")
    try:
        return _listen_everywhere(port) if not host else _listen_on(host, port)
    except socket.gaierror:
        raise ConfigError(f'the monitor cannot listen on "{host}": no such host') from None
    except OSError as error:
        raise ConfigError(_refusal(host, port, error)) from None


def _listen_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    return socket.create_server(("", port))


def _listen_on(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server((str(address[0]), port), family=family)


def _refusal(host: str, port: int, error: OSError) -> str:
    where = f"port {port}" + (f' of "{host}"' if host else "")
    if error.errno == errno.EADDRINUSE:
        return f"the monitor cannot listen on {where}: it is taken; choose another port"
    if error.errno == errno.EACCES:
        return f"the monitor cannot listen on {where}: not allowed; choose one above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"the monitor cannot listen on {where}: the address is not of this machine"
    return f"the monitor cannot listen on {where}: {error.strerror or error}"
