"""What identities, callers and subjects may look like when a stranger writes them.  Pure.

Names from documents end up in subjects, policies, logs and on terminals.  A
reply subject with a line break writes commands into a raw connection, one that
starts with ``$`` reaches the broker's own interfaces, and a caller with a blank
in it can be two callers to two readers.
"""

import re
from functools import lru_cache
from typing import Final

from choria_core.errors import ProtocolError

MAX_NAME_CHARS: Final = 255

_WORD: Final = "[A-Za-z0-9_-]"
_SUBJECT_CHARACTER: Final = "[!-)+,/-=?-~-]"  # visible ASCII without * . >
_FIRST_CHARACTER: Final = "[!-#%-)+,/-=?-~-]"  # nor $

IDENTITY: Final = f"{_WORD}+(?:\\.{_WORD}+)*"
AGENT: Final = f"{_WORD}+"
CALLER_V1: Final = "[a-z]+=[A-Za-z0-9_.-]+"
CALLER_V2: Final = "[!-~]+"
REQUEST_ID_V1: Final = f"{_WORD}{{32}}"
REQUEST_ID_V2: Final = f"{_WORD}{{1,64}}"
SUBJECT: Final = f"{_FIRST_CHARACTER}{_SUBJECT_CHARACTER}*(?:\\.{_SUBJECT_CHARACTER}+)*"

_identity: Final = re.compile(IDENTITY).fullmatch
_agent: Final = lru_cache(maxsize=256)(re.compile(AGENT).fullmatch)  # every reply has one of few
_caller_v1: Final = re.compile(CALLER_V1).fullmatch
_caller_v2: Final = re.compile(CALLER_V2).fullmatch
_request_id_v1: Final = re.compile(REQUEST_ID_V1).fullmatch
_request_id_v2: Final = re.compile(REQUEST_ID_V2).fullmatch
_subject: Final = re.compile(SUBJECT).fullmatch


def is_identity(text: str) -> bool:
    """Whether ``text`` can be a node's or a client's name, or a collective's."""
    return len(text) <= MAX_NAME_CHARS and _identity(text) is not None


def is_agent(text: str) -> bool:
    """Whether ``text`` can be the name of an agent."""
    return len(text) <= MAX_NAME_CHARS and _agent(text) is not None


def is_caller(text: str, *, kind_needed: bool) -> bool:
    """Whether ``text`` can be a caller; version 1 needs the kind, as in ``choria=name``."""
    match = _caller_v1(text) if kind_needed else _caller_v2(text)
    return len(text) <= MAX_NAME_CHARS and match is not None


def is_request_id(text: str, *, fixed: bool) -> bool:
    """Whether ``text`` can name a request; version 1 fixes its length."""
    return (_request_id_v1(text) if fixed else _request_id_v2(text)) is not None


def is_subject(text: str) -> bool:
    """Whether a message may be published to ``text`` because a document says so.

    Stricter than NATS: no wildcards, visible ASCII only, nothing of the broker's own.
    """
    return len(text) <= MAX_NAME_CHARS and _subject(text) is not None


def require(allowed: bool, what: str, text: str, blame: type[ProtocolError]) -> None:  # noqa: FBT001
    """Raise ``blame`` unless ``allowed``; ``text`` is quoted, shortened."""
    if not allowed:
        raise blame(f"not a valid {what}: {text[:80]!a}")
