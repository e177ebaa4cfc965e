"""What a run lends its plugins: programs, HTTP, the Choria network; each made when first used."""

import contextlib
import os
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from choria_core.errors import LocalProtocolError
from choria_core.plugins import Plugins

if TYPE_CHECKING:
    from choria_core.client.client import Client
    from choria_core.http_client import HttpClient
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.processes.processes import Processes


class Workbench:
    """Used as ``async with``; what was made is closed at the end.

    Args:
        plugins: of the process.
        load_config: reads the Choria client configuration, which only some need.
        environment: of programs that are started; stores may change it.
        folder: where relative paths begin.
        is_closed: a rehearsal: whoever wants to start or ask anything gets an error.

    Attributes:
        plugins, environment, folder: as given.
        on_warning: told what :meth:`warn` is; the run sets it.
    """

    def __init__(
        self,
        *,
        plugins: Plugins,
        load_config: "Callable[[], ClientConfig]",
        environment: MutableMapping[str, str] | None = None,
        folder: Path | None = None,
        is_closed: bool = False,
    ) -> None:
        self.plugins = plugins
        self.environment = dict(os.environ) if environment is None else environment
        self.folder = Path.cwd() if folder is None else folder
        self.on_warning: Callable[[str], None] | None = None
        self._load_config = load_config
        self._is_closed = is_closed
        self._stack = contextlib.AsyncExitStack()
        self._config: ClientConfig | None = None
        self._client: Client | None = None
        self._http: HttpClient | None = None
        self._processes: Processes | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def config(self) -> "ClientConfig":
        """Who we are in the Choria network.

        Raises:
            InvalidConfigError: its files cannot be read, or have errors.
        """
        if self._config is None:
            self._config = self._load_config()
        return self._config

    def warn(self, text: str) -> None:
        """Say something that people should know, outside of a task, with secrets hidden."""
        if self.on_warning is not None:
            self.on_warning(text)

    async def client(self) -> "Client":
        """A client of the network, connected when it first asks."""
        self._require_open("the Choria network")
        if self._client is None:
            from choria_core.client.client import Client

            made = Client(self.config, plugins=self.plugins)
            self._client = await self._stack.enter_async_context(made)
        return self._client

    async def http(self) -> "HttpClient":
        """Asks web servers."""
        self._require_open("a web server")
        if self._http is None:
            from choria_core.http_client import HttpClient

            self._http = await self._stack.enter_async_context(HttpClient())
        return self._http

    async def processes(self) -> "Processes":
        """Starts programs that end with us, even if we are killed."""
        self._require_open("a program")
        if self._processes is None:
            from choria_core.processes.processes import Processes

            self._processes = await self._stack.enter_async_context(Processes())
        return self._processes

    def _require_open(self, what: str) -> None:
        if self._is_closed:
            raise LocalProtocolError(f"a rehearsal wanted to use {what}")
