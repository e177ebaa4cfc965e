"""JSON of whatever a task may give, for reports and events.  Pure."""

import json
from typing import Final

import msgspec

from choria_core.config.yaml_text import SURROGATE

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)
_NO_CHARACTER: Final = "\ufffd"
"""Stands for half of a character, which no file can hold."""


def any_json(value: object) -> str:
    """``value`` on one line; what JSON cannot hold is shown as text, or left out."""
    try:
        return _ENCODER.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return SURROGATE.sub(_NO_CHARACTER, _slowly(value))


def _slowly(value: object) -> str:
    """The same of what the fast way refuses."""
    try:
        found = msgspec.to_builtins(value, enc_hook=str)
        return json.dumps(found, ensure_ascii=False, default=str, skipkeys=True)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return json.dumps(f"[{type(value).__name__}]")
