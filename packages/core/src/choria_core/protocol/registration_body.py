"""The payloads of registration: what nodes tell about themselves, unasked.  Pure.

Content travels packed by gzip or as it is; unpacking it, and bounding what
comes out, is the reader's affair.

Source: go-choria, providers/registration.
"""

from typing import Final

from msgspec import Raw, Struct, json

from choria_core.protocol.json_documents import decode_document, encode_document

_NO_OBJECT: Final = Raw(b"")


class FileContent(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    tag_field="protocol",
    tag="choria:registration:filecontent:1",
):
    """A file of a node, mostly its facts.

    Attributes:
        mtime: of the file, unix seconds.
        file: its path on the node.
        updated: whether it changed since the node published it before.
        zcontent: its bytes packed by gzip; empty where ``content`` has them.
        content: its bytes.
    """

    mtime: int
    file: str
    updated: bool
    zcontent: bytes = b""
    content: bytes = b""


class InventoryContent(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    tag_field="protocol",
    tag="choria:registration:inventorycontent:1",
):
    """Everything that a node knows about itself, as JSON.

    Attributes:
        zcontent: the object packed by gzip; empty where ``content`` has it.
        content: the object.
    """

    zcontent: bytes = b""
    content: Raw = _NO_OBJECT


Registration = FileContent | InventoryContent

_registrations: Final[json.Decoder[Registration]] = json.Decoder(FileContent | InventoryContent)


def decode_registration(payload: bytes) -> Registration:
    """Read the payload of a registration request.

    Raises:
        RemoteProtocolError: it is of no kind that we know.
    """
    return decode_document(_registrations, payload)


def encode_registration(registration: Registration) -> bytes:
    """Write the payload of a registration request.

    Raises:
        LocalProtocolError: it holds what JSON cannot.
    """
    return encode_document(registration)
