"""How deeply a JSON text is nested.  Pure.

Decoders give up where their stack ends, which is elsewhere in every release of
Python and at every call.  What is copied must not depend on that.
"""

from itertools import accumulate

_STEPS = bytes.maketrans(b"{[}]", b"\x01\x01\xff\xff")  # 1 and, as a signed byte, -1
_OTHERS = bytes(set(range(256)) - set(b'{[}]"'))


def is_deeper(body: bytes, levels: int) -> bool:
    """Whether more than ``levels`` objects and arrays are open at once somewhere in ``body``.

    Takes any bytes; what it says of those that are not JSON means nothing.
    """
    if len(body) <= 2 * levels or body.count(b"{") + body.count(b"[") <= levels:
        return False  # said of nearly all messages, and quickly
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = body.translate(None, _OTHERS).replace(b'""', b"")  # drops most strings already
    brackets = b"".join(marks.split(b'"')[::2])
    steps = memoryview(brackets.translate(_STEPS)).cast("b")
    return max(accumulate(steps), default=0) > levels
