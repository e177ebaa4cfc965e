"""Values in stores that hold texts alone.  Pure."""

import msgspec

from choria_core.errors import WorkError


def stored_text(value: object) -> str:
    """A value as a store of texts keeps it.

    Texts are kept as they are.  Nothing is empty, as it is in the texts of templates.
    Everything else is JSON, which inputs of those types read back.

    Raises:
        WorkError: JSON cannot say it.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WorkError(f"the value cannot be stored as JSON: {error}") from error


def text_of_bytes(data: bytes, key: str) -> str:
    """What a store keeps, as text.

    Raises:
        WorkError: it is no UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WorkError(f"the value of {key!r} is no UTF-8 text: {error.reason}") from error
