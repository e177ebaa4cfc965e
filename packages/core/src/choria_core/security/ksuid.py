"""Ids that begin with the second they were made in.  Pure.

Source: segmentio/ksuid: four bytes of seconds since :data:`EPOCH`, sixteen
random ones, as 27 letters and digits.
"""

from typing import Final

EPOCH: Final = 1_400_000_000
RANDOM_BYTES: Final = 16
TEXT_LENGTH: Final = 27

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BITS: Final = 8 * RANDOM_BYTES
_MAX: Final = (1 << (32 + _RANDOM_BITS)) - 1


def make_ksuid(*, now: float, entropy: bytes) -> str:
    """An id of the second ``now`` (unix seconds) from sixteen random bytes."""
    if len(entropy) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed")
    number = int(now) - EPOCH << _RANDOM_BITS | int.from_bytes(entropy)
    if not 0 <= number <= _MAX:
        raise ValueError("a time before 2014 or after 2150")
    text = ""
    for _ in range(TEXT_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def seconds_of(text: str) -> int | None:
    """When an id was made, unix seconds; None for what is no id."""
    if len(text) != TEXT_LENGTH or not text.isascii() or not text.isalnum():
        return None
    number = 0
    for character in text:
        number = number * len(_DIGITS) + _DIGITS.index(character)
    return None if number > _MAX else (number >> _RANDOM_BITS) + EPOCH
