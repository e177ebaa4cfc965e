"""Words that are one slip of the hand apart.  Pure."""

from collections.abc import Iterable


def one_typo_away(word: str, known: Iterable[str]) -> str:
    """The first of ``known`` that one slip turns into ``word``, or an empty text.

    A slip is a character too many, missing or wrong, two neighbours exchanged, or letters
    in the other case.
    """
    return next((other for other in known if other != word and _is_slip(other, word)), "")


def _is_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    if one.lower() == other.lower():
        return True
    start = _shared(one, other)
    left, right = one[start:], other[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[2:] == right[2:] and left[:2] == right[1::-1])
    )


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next(
        (index for index, (left, right) in enumerate(pairs) if left != right),
        min(len(one), len(other)),
    )
