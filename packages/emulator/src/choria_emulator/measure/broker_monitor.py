"""Asks a NATS server's monitor over HTTP."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import aiohttp

from choria_core.errors import ConnectError, WorkError
from choria_emulator.measure.monitor_figures import decode_document

PATIENCE_SECONDS: Final = 5.0
LARGEST_BYTES: Final = 16 << 20


class BrokerMonitor:
    """One document of a monitor, asked for again and again; used as ``async with``.

    Args:
        url: of the monitor, as ``http://localhost:8222``.
        source: ``varz``, ``subsz`` or ``connz``.
    """

    def __init__(self, url: str, source: str) -> None:
        self.source = f"{url.rstrip('/')}/{source}"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self) -> Mapping[str, object]:
        """The document as it is now.

        Raises:
            ConnectError: the monitor cannot be reached.
            WorkError: it answers something else.
        """
        assert self._session is not None
        try:
            async with self._session.get(self.source, allow_redirects=False) as response:
                body = await self._whole(response)
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            cause = str(error) or f"no answer within {PATIENCE_SECONDS:g} s"
            raise ConnectError(
                f"the monitor {self.source} cannot be reached: {cause}; is it the broker's "
                "monitor port, which choria broker run opens with --monitor-port?"
            ) from error
        if status != 200:
            raise WorkError(f"{self.source} answers {status}: is it the monitor of a NATS server?")
        return decode_document(body, source=self.source)

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, which comes in pieces.

        Raises:
            WorkError: it is too large to be a monitor's.
        """
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > LARGEST_BYTES:
                raise WorkError(f"{self.source} answers with more than {LARGEST_BYTES:,} bytes")
        return bytes(body)
