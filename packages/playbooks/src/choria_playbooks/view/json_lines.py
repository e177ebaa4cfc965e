"""Events as JSON lines, for programs.  Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from choria_playbooks.engine.events import Event, Line

_ENCODER = msgspec.json.Encoder(enc_hook=str)


def json_line(event: Event) -> str:
    """An event as one line, without its end; levels of log lines are words."""
    if isinstance(event, Line):
        return _encoded({**msgspec.to_builtins(event), "level": event.level.name.lower()})
    return _ENCODER.encode(event).decode()


def _encoded(document: Mapping[str, Any]) -> str:
    return _ENCODER.encode(document).decode()
