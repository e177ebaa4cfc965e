"""Values in stores that hold texts alone.  Pure."""

import msgspec

from choria_core.errors import WorkError


def stored_text(value: object) -> str:
    """A value as a store of texts keeps it.

    Texts are kept as they are.  Nothing is empty, as it is in the texts of templates.
    Everything else is JSON, which inputs of those types read back.

    Raises:
        WorkError: JSON or UTF-8 cannot say it.
    """
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WorkError(f"the value cannot be stored as text: {error}") from error
    return text


def text_of_bytes(data: bytes, key: str) -> str:
    """What a store keeps, as text.

    Raises:
        WorkError: it is no UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WorkError(f"the value of {key!r} is no UTF-8 text: {error.reason}") from error
