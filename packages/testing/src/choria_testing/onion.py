"""A recorded message taken apart, so that one layer can be exchanged and the rest closed again."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

Sign = Callable[[bytes], bytes]
"""Takes what a secure request or reply holds, gives a raw signature."""

LAYERS = ("transport", "secure", "inner", "payload")

_CONTROL = re.compile(rb"[\x00-\x1f]")
_MARKS = ("<first mark>", "<second mark>", "<third mark>")


@dataclass(frozen=True, slots=True)
class Frame:
    """A document without one to three of its texts, which go between the parts."""

    parts: tuple[bytes, ...]

    def around(self, *texts: bytes) -> bytes:
        """The document with ``texts``, each with its quotes."""
        filled = self.parts[0]
        for text, part in zip(texts, self.parts[1:], strict=True):
            filled += text + part
        return filled


@dataclass(frozen=True, slots=True)
class Onion:
    """One message, layer by layer.

    Attributes:
        texts: every layer as recorded, in the order of ``LAYERS``.
        frames: of every layer but the last.
        is_nested_text: version 1, where documents hold documents as text.
        seals: what vouches for the inner document in the secure one, in its order:
            requests are signed, replies hashed, in version 2 also signed.
    """

    texts: tuple[bytes, ...]
    frames: tuple[Frame, ...]
    is_nested_text: bool
    seals: tuple[Sign, ...]

    def closed(self, layer: int, text: bytes) -> bytes:
        """The message with ``text`` as one layer: signed, hashed and packed again around it."""
        for outer in range(layer - 1, -1, -1):
            text = self._around(outer, text)
        return text

    def _around(self, outer: int, text: bytes) -> bytes:
        frame = self.frames[outer]
        if outer == 0:
            return frame.around(_base64(text))
        nested = _quoted(text) if self.is_nested_text else _base64(text)
        if outer == 1:
            return frame.around(nested, *(_base64(seal(text)) for seal in self.seals))
        return frame.around(nested)


def onion_of(body: bytes, sign: Sign) -> Onion:
    """Take a recorded transport apart; ``sign`` is to vouch for what is changed."""
    transport = json.loads(body)
    is_first = transport["protocol"] == "choria:transport:1"
    secure_text = base64.b64decode(transport["data"])
    secure = json.loads(secure_text)
    nested_key = next(key for key in ("message", "request", "reply") if key in secure)
    seals = {"hash": _digest, "signature": sign}
    found = [key for key in secure if key in seals]
    inner_text = _nested(secure[nested_key], is_text=is_first)
    inner = json.loads(inner_text)
    return Onion(
        texts=(body, secure_text, inner_text, _nested(inner["message"], is_text=is_first)),
        frames=(
            _frame(transport, "data"),
            _frame(secure, nested_key, *found),
            _frame(inner, "message"),
        ),
        is_nested_text=is_first,
        seals=tuple(seals[key] for key in found),
    )


def _digest(text: bytes) -> bytes:
    return sha256(text).digest()


def _nested(text: str, *, is_text: bool) -> bytes:
    return text.encode() if is_text else base64.b64decode(text)


def _frame(document: dict[str, Any], *keys: str) -> Frame:
    """``document`` without the texts at ``keys``, which are in its order."""
    marked = document | dict(zip(keys, _MARKS, strict=False))
    text = json.dumps(marked, separators=(",", ":"), ensure_ascii=False).encode()
    marks = b"|".join(b'"%b"' % mark.encode() for mark in _MARKS)
    return Frame(tuple(re.split(marks, text)))


def _base64(data: bytes) -> bytes:
    return b'"' + base64.b64encode(data) + b'"'


def _quoted(text: bytes) -> bytes:
    """``text`` in a JSON string; what is not UTF-8 stays so."""
    escaped = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + _CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], escaped) + b'"'
