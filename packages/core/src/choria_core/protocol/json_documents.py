"""Typed JSON in and out, with our errors.  Pure."""

from typing import Final, TypeVar

from msgspec import Raw, Struct, json

from choria_core.errors import LocalProtocolError, RemoteProtocolError

_Document = TypeVar("_Document")

_CAUSE_CHARS: Final = 120
"""Of a decoder's complaint, as it may quote a stranger."""

_encoder: Final = json.Encoder()


def decode_document(decoder: json.Decoder[_Document], document: bytes | str | Raw) -> _Document:
    """Read ``document`` by ``decoder``, in one pass.

    Keys that are not known are ignored; of a repeated key the last counts.

    Raises:
        RemoteProtocolError: it is no such document.
    """
    try:
        return decoder.decode(document)
    except (ValueError, RecursionError) as error:  # also what msgspec and UTF-8 raise
        raise RemoteProtocolError(f"not a protocol document: {_cause(error)}") from None


def encode_document(document: Struct | dict[str, object]) -> bytes:
    """Write ``document`` without blanks.

    Raises:
        LocalProtocolError: it holds what JSON cannot.
    """
    try:
        return _encoder.encode(document)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise LocalProtocolError(f"cannot be written as JSON: {error}") from error


def _cause(error: Exception) -> str:
    """A decoder's complaint: short, and in printable ASCII."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of a text is not UTF-8"
    return ascii(str(error)[:_CAUSE_CHARS])[1:-1]
