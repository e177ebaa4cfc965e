"""Which streams take what an adapter writes, and for how long they know an id."""

from dataclasses import dataclass
from typing import Any, Final

from choria_core.errors import ChoriaError, DisconnectedError
from choria_core.nats.jetstream import NANOSECONDS, JetStream
from choria_plugin_adapter.subject_template import SubjectTemplate

DEFAULT_WINDOW_NS: Final = 120 * NANOSECONDS
"""What the server takes for a stream that says nothing."""

SHARE: Final = 0.5
"""Of the window; the rest is for messages that are on their way."""


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """What was found.

    Attributes:
        streams: names; empty where none takes the subjects.
        seconds: the shortest of their duplicate windows.
    """

    streams: tuple[str, ...]
    seconds: float

    @property
    def retry_seconds(self) -> float:
        """How long a message may be published again without being stored twice."""
        return self.seconds * SHARE


async def find_window(jetstream: JetStream, template: SubjectTemplate) -> StreamWindow:
    """Ask the brokers.

    Raises:
        TransportError: they do not answer, or not to us.
    """
    names = await jetstream.stream_names(template.covering)
    windows = [_window_ns((await jetstream.stream_info(name)).config) for name in names]
    return StreamWindow(names, min(windows, default=0) / NANOSECONDS)


def why_not(error: ChoriaError) -> str:
    """Why the brokers did not tell, and what helps where they are there."""
    if isinstance(error, DisconnectedError):
        return "there is no connection to the stream's broker"
    return (
        f"{error}; allow us $JS.API.STREAM.NAMES and $JS.API.STREAM.INFO.*, or set "
        "stream.retry_for to half of the stream's duplicate window"
    )


def _window_ns(config: dict[str, Any]) -> int:
    return int(config.get("duplicate_window") or DEFAULT_WINDOW_NS)
