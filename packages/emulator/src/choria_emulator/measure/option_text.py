"""Texts of options that go into files and onto terminals.  Pure."""

from choria_core.errors import UsageError


def option_text(text: str, option: str) -> str:
    """``text``, which can be shown and written: bytes that are no text come with surrogates.

    Raises:
        UsageError: it has something that cannot be printed.
    """
    if not text.isprintable():
        raise UsageError(f"{option}: {text!a} is not printable text")
    return text
