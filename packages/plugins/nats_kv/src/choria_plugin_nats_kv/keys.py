"""Keys of books as keys of NATS buckets.  Pure.

A bucket's key is part of a subject.  It has letters, digits and ``-/_=.`` alone, and dots
neither at its ends nor side by side; what begins with ``_kv`` is the servers' own.  Keys that
are so, and have no ``=``, stay as they are.  Of others each byte that does not fit is written
as ``=`` and two hexadecimal digits: ``größe`` is ``gr=C3=B6=C3=9Fe``.

Source: NATS ADR-8 (key-value stores).
"""

import re
from typing import Final

from choria_core.errors import WorkError

MOST_CHARACTERS: Final = 1024
"""Of a key as the bucket has it: servers refuse lines of protocol above 4 KiB."""

_RESERVED: Final = re.compile(r"_(?=kv)")
_MISPLACED_DOT: Final = re.compile(r"^\.|\.$|(?<=\.)\.")
_UNFIT: Final = re.compile(rb"[^-/_.a-zA-Z0-9]")


def bucket_key(key: str) -> str:
    """The key that a bucket has for a book's key; no two keys of books have the same.

    Raises:
        WorkError: it is empty, too long, or holds something that is no character.
    """
    try:
        data = key.encode()
    except UnicodeEncodeError:
        raise WorkError(f"the key {key!r} has something that is no character") from None
    if not data:
        raise WorkError("a NATS bucket has no key without a name")
    text = _UNFIT.sub(lambda found: b"=%02X" % found[0][0], data).decode()
    text = _MISPLACED_DOT.sub("=2E", text)
    if _RESERVED.match(text):
        text = f"=5F{text[1:]}"
    if len(text) > MOST_CHARACTERS:
        raise WorkError(f"the key {key[:40]!r}… is too long for a NATS bucket")
    return text
