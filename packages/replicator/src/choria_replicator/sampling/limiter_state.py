"""The sampling state between two runs, as it stands in its file.  Pure.

We write what the modern original writes, and beside its ``Items`` our own key,
which it passes over::

    {"Items": {"n1": {"seen": "…Z", "copied": "…Z", "size": 83}},
     "Choria": {"sequence": 731, "copied_sequence": 730, …}}

We read that, the modern original's own files (no ``Choria``: which messages
the state reflects is then unknown), and the older original's
``{"n1": "…Z"}``.  Their times are clock readings at the replicator, ours the
source's timestamps; for one interval after a takeover the two are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from choria_core.errors import RemoteProtocolError
from choria_core.timestamps import format_rfc3339_ms, parse_rfc3339_ms
from choria_replicator.sampling.limiter import Entry

_ZERO_TIME = "0001-01-01T00:00:00Z"
_FIRST_YEAR_MS = -62_104_060_800_000
"""The end of the month of Go's zero time, whatever the zone it is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterState:
    """What a limiter knew, and up to where.

    Attributes:
        items: sender to (time of its last copy in source milliseconds, bytes).
        sequence: the source sequence up to which every message is reflected in
            ``items``; None where the file does not say.
        copied_sequence: the source sequence of the last confirmed copy, at most
            ``sequence``; None where the file does not say.
        stream: the source stream; empty where the file does not say.
        stream_created: when that stream was created, as the server says it; a
            stream created anew begins a new count of sequences.
        inspect: the field sampled by; values of another field mean nothing.
    """

    items: Mapping[str, Entry] = field(default_factory=dict)
    sequence: int | None = None
    copied_sequence: int | None = None
    stream: str = ""
    stream_created: str = ""
    inspect: str = ""


class _Item(msgspec.Struct):
    """One sender, as the modern original writes it."""

    copied: str = _ZERO_TIME
    seen: str = _ZERO_TIME
    size: int | float = 0


class _Reflected(msgspec.Struct, omit_defaults=True):
    """What the state reflects: our key beside the original's."""

    sequence: int | None = None
    copied_sequence: int | None = None
    stream: str = ""
    stream_created: str = ""
    inspect: str = ""


_Top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_Items = msgspec.json.Decoder(dict[str, _Item])
_Times = msgspec.json.Decoder(dict[str, str])
_Ours = msgspec.json.Decoder(_Reflected)


def encode(state: LimiterState) -> bytes:
    """The content of the file.

    Raises:
        ValueError: a time beyond the year 9999.
    """
    seconds: dict[int, str] = {}
    items = {
        value: _item(_text_of(copied_ms, seconds), size)
        for value, (copied_ms, size) in state.items.items()
    }
    ours = _Reflected(
        sequence=state.sequence,
        copied_sequence=state.copied_sequence,
        stream=state.stream,
        stream_created=state.stream_created,
        inspect=state.inspect,
    )
    return msgspec.json.encode({"Items": items, "Choria": ours})


def decode(data: bytes) -> LimiterState:
    """Read the content of a file, of ours or of either original.

    Senders that were seen but never copied are left out: nothing is known of
    them that a decision needs.

    Raises:
        RemoteProtocolError: it is none of the three formats; the text says why.
    """
    try:
        top = _Top.decode(data)
        if _is_modern(top):
            return _modern(top)
        return LimiterState(items=_legacy(data))
    except RemoteProtocolError as error:
        raise RemoteProtocolError(f"not a sampling state: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError(f"not a sampling state: {error}") from error


def _is_modern(top: Mapping[str, msgspec.Raw]) -> bool:
    """``Items`` may also be the name of a sender in the older format, with a text then."""
    return "Items" in top and not bytes(top["Items"]).startswith(b'"')


def _modern(top: Mapping[str, msgspec.Raw]) -> LimiterState:
    items = {
        value: (copied_ms, int(item.size))
        for value, item in _Items.decode(top["Items"]).items()
        if value and (copied_ms := _milliseconds(item.copied)) is not None
    }
    ours = _Ours.decode(top["Choria"]) if "Choria" in top else _Reflected()
    return LimiterState(
        items=items,
        sequence=ours.sequence,
        copied_sequence=ours.copied_sequence,
        stream=ours.stream,
        stream_created=ours.stream_created,
        inspect=ours.inspect,
    )


def _legacy(data: bytes) -> dict[str, Entry]:
    """The older original also kept a time for messages without a sender; it means nothing here."""
    return {
        value: (copied_ms, 0)
        for value, text in _Times.decode(data).items()
        if value and (copied_ms := _milliseconds(text)) is not None
    }


def _item(text: str, size: int) -> _Item:
    return _Item(copied=text, seen=text, size=size)


def _text_of(unix_ms: int, seconds: dict[int, str]) -> str:
    """The time as RFC 3339; ``seconds`` keeps what is costly, as many senders share one."""
    second, milliseconds = divmod(unix_ms, 1000)
    text = seconds.get(second)
    if text is None:
        text = seconds[second] = format_rfc3339_ms(second * 1000).removesuffix("000Z")
    return f"{text}{milliseconds:03d}Z"


def _milliseconds(text: str) -> int | None:
    """Unix milliseconds of an RFC 3339 time; None for Go's zero time, which means never."""
    unix_ms = parse_rfc3339_ms(text)
    return None if unix_ms < _FIRST_YEAR_MS else unix_ms
