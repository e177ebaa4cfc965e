"""Regular expressions from strangers, by RE2, which never backtracks.  Pure.

RE2 is also what the Go programs run, so a pattern means the same to both.  Even
RE2 is slow with patterns that expand into large automata; the limits on length and
memory keep one below a few milliseconds.
"""

from functools import lru_cache

import re2

from choria_core.filters.limits import (
    PATTERN_BYTES,
    PATTERN_MEMORY_BYTES,
    FilterError,
    Meter,
)

_REMEMBERED = 128  # times the memory limit: 32 MiB at worst
_ANSWERS = 256  # of each pattern; many nodes have the same classes
_ANSWERED_LENGTH = 128


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_answers", "_regexp", "_size")

    def __init__(self, text: str, *, ignore_case: bool) -> None:
        options = re2.Options()
        options.max_mem = PATTERN_MEMORY_BYTES
        options.log_errors = False
        options.never_capture = True
        try:
            source = f"(?i){text}" if ignore_case else text
            self._regexp = re2.compile(source.encode(), options)
        except (re2.error, UnicodeEncodeError) as error:
            raise FilterError(f"not a usable pattern: {text!r}: {_words(error)}") from None
        self._size: int = self._regexp.programsize
        self._answers: dict[str, bool] = {}

    def is_in(self, text: str, meter: Meter) -> bool:
        """Whether the pattern matches anywhere in ``text``.

        Raises:
            FilterError: the request searched too much.
        """
        meter.scan(len(text) * self._size)
        answer = self._answers.get(text)
        if answer is None:
            answer = self._regexp.search(text.encode(errors="replace")) is not None
            if len(text) <= _ANSWERED_LENGTH:
                self._remember(text, answer=answer)
        return answer

    def _remember(self, text: str, *, answer: bool) -> None:
        if len(self._answers) >= _ANSWERS:
            self._answers.clear()
        self._answers[text] = answer


def pattern(text: str, *, ignore_case: bool = False) -> Pattern:
    """The compiled pattern; the latest are remembered.

    Raises:
        FilterError: it is no regular expression, or larger than allowed.
    """
    if len(text) > PATTERN_BYTES or len(text.encode(errors="replace")) > PATTERN_BYTES:
        raise FilterError(f"a pattern of more than {PATTERN_BYTES} bytes")
    found = _compiled(text, ignore_case)
    if isinstance(found, FilterError):
        raise FilterError(str(found))
    return found


def metered_pattern(text: str, meter: Meter, *, ignore_case: bool = False) -> Pattern:
    """Like :func:`pattern`, for a pattern that is known only while matching.

    Raises:
        FilterError: as above, or the request has too many patterns.
    """
    meter.admit_pattern(text)
    return pattern(text, ignore_case=ignore_case)


@lru_cache(maxsize=_REMEMBERED)
def _compiled(text: str, ignore_case: bool) -> Pattern | FilterError:  # noqa: FBT001 -- the key
    """A failure is remembered too: it can be dearer than a success."""
    try:
        return Pattern(text, ignore_case=ignore_case)
    except FilterError as error:
        return error


@lru_cache(maxsize=_REMEMBERED)
def glob(text: str) -> Pattern:
    r"""A wildcard pattern of whole texts: ``*``, ``?``, and ``\`` to escape them.

    Raises:
        FilterError: larger than allowed.
    """
    if len(text) > PATTERN_BYTES:
        raise FilterError(f"a pattern of more than {PATTERN_BYTES} bytes")
    parts: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == "*":
            parts.append(".*" if parts[-1:] != [".*"] else "")
        elif character == "?":
            parts.append(".")
        else:
            literal = next(characters, "") if character == "\\" else character
            parts.append(re2.escape(literal.encode(errors="replace")).decode())
    return Pattern(rf"(?s)\A{''.join(parts)}\z", ignore_case=False)


def slashed(text: str) -> str | None:
    """The pattern between slashes in ``/pattern/``, else nothing."""
    if text.startswith("/") and text.endswith("/"):
        return text[1:].removesuffix("/")
    return None


def _words(error: Exception) -> str:
    """What is wrong; RE2 says it in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(error)
