"""What is pushed to the pages that watch: server-sent events, each one JSON document.

``history`` comes first and replaces what a page has; ``news`` comes with every look.  Both
have the same form: moments as rows of the values that ``columns`` names, and the last look.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from msgspec import json, structs

from choria_core.telemetry.redaction import redact_text
from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.health import last_failure
from choria_emulator.watch.history import COLUMNS, History
from choria_emulator.watch.outline import Outline

MOST_READERS: Final = 32
_PATIENCE_SECONDS: Final = 10.0
"""A reader that takes nothing for so long is cut off."""
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_BEGIN: Final = b"retry: 1000\n\n"


class Feed:
    """The last figures, the moments before them, and those who read along.

    There is no queue: a reader that lags is sent, when it is ready again, all the moments
    that it missed and the last look, out of the one history that all share.

    Attributes:
        figures: the last; None before the first.
        history: moments.
        readers: how many read along.
    """

    def __init__(self, outline: Outline, *, permits: Mapping[str, bool]) -> None:
        """Begin with nothing.

        Args:
            outline: shown beside the figures.
            permits: what a page may offer to do, ``resize`` and ``storm``.
        """
        self.figures: FleetFigures | None = None
        self.history = History()
        self._outline = outline
        self._permits = dict(permits)
        self._news = asyncio.Event()
        self._is_closed = False
        self.readers = 0

    def show(self, figures: FleetFigures) -> None:
        """Push figures to all readers."""
        self.history.add(figures)
        self.figures = figures
        self._wake()

    def close(self) -> None:
        """End every reader's stream; it is the end of the feed."""
        self._is_closed = True
        self._wake()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer ``/events``, until the reader leaves or the feed is closed."""
        if self.readers >= MOST_READERS or self._is_closed:
            raise web.HTTPServiceUnavailable(text="too many watch already\n")
        self.readers += 1
        try:
            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                await self._tell(response)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # or the end of the answer would wait for it too
        finally:
            self.readers -= 1
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        told = 0
        name = "history"
        await response.write(_BEGIN)
        while not self._is_closed:
            news = self._news
            if self.history.count > told:
                event = self._event(name, told)
                told, name = self.history.count, "news"
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await response.write(event)
            else:
                await news.wait()

    def _event(self, name: str, told: int) -> bytes:
        document = {
            "columns": COLUMNS,
            "moments": self.history.since(told),
            "replying": self.history.latest_with_replies,
            "fleet": self._outline,
            "permits": self._permits,
            "look": _look(self.figures),
        }
        return b"event: %s\ndata: %s\n\n" % (name.encode(), json.encode(document))

    def _wake(self) -> None:
        """Wake all that wait, and let those who come wait for the next news."""
        self._news.set()
        self._news = asyncio.Event()


def _look(figures: FleetFigures | None) -> dict[str, object] | None:
    if figures is None:
        return None
    failure = redact_text(last_failure(figures))
    look = {name: getattr(figures, name) for name in figures.__struct_fields__}
    workers = [_without(structs.asdict(one), "last_failure", "counts") for one in figures.workers]
    return look | {"last_failure": failure, "workers": workers}


def _without(document: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in names}
