"""Take secrets out of text and values before anyone reads them.  Pure.

Where it is not certain whether something is a secret it is hidden: a log line
that tells too little is a nuisance, one that tells a password is an incident.
"""

import re
from collections.abc import Iterable, Mapping

HIDDEN = "***"

_SECRET_WORDS = frozenset(
    {
        "auth",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "creds",
        "jwt",
        "nkey",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pw",
        "pwd",
        "secret",
        "secrets",
        "seed",
        "token",
        "tokens",
    }
)
_SECRET_PAIRS = ("apikey", "privatekey", "secretkey", "accesskey", "authtoken")
# Where a secret lies is no secret, and a token of a subject is a word between dots.
_HARMLESS = re.compile(r"(?:_|-)(?:file|path|dir)$|subject_tokens?$", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 80
_DEEPEST = 16

_URL_USER = re.compile(r"://(?:(?!://)\S)*@")
_BARE_USER = re.compile(r"(?<![\w/%+.-])[\w%+.-]{1,200}:[^\s@/]{1,200}@(?=[\w\[])")
_NAME = re.compile(r"""(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,79})\\?["']?\s{0,4}[=:]\s{0,4}""")
_VALUE = re.compile(
    r"""\\(?P<escaped>["'])(?:(?!\\["'])[\s\S])*(?:\\["']|\Z)
        |(?P<quote>["'])(?:\\.|(?!(?P=quote))[^\\])*(?P=quote)
        |(?:Bearer|Basic|Token)\s+[^\s,;"']+
        |[^\s&,;(){}\[\]]+""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_SHAPES = re.compile(
    r"""-----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[\s\S]*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
        |\bS[ACNOUX][A-Z2-7]{56}\b
        |\beyJ[\w-]+\.[\w-]+\.[\w-]*
        |(?<=\bBearer[ ])\S+""",
    re.VERBOSE,
)


def is_secret_name(name: str) -> bool:
    """Whether a value called ``name`` must stay hidden: ``password``, ``authToken``, ``jwt``."""
    if len(name) > _LONGEST_NAME or _HARMLESS.search(name):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    return any(word in _SECRET_WORDS for word in words) or any(
        pair in joined for pair in _SECRET_PAIRS
    )


def redact_text(text: str) -> str:
    """``text`` with :data:`HIDDEN` in place of what looks like a secret.

    That is the user part of a URL, the value of ``password=…`` and its like (in
    queries, in JSON, in YAML), bearer tokens, JWTs, nkey seeds and private keys.
    """
    text = _SHAPES.sub(HIDDEN, text)
    text = _URL_USER.sub(f"://{HIDDEN}@", text)
    text = _BARE_USER.sub(f"{HIDDEN}@", text)
    return _redact_named(text)


def redact_value(value: object, *, name: str = "") -> object:
    """A copy of ``value``, which is called ``name``, without secrets, however deep they are.

    Numbers, booleans and None come back as they are unless ``name`` is a secret's;
    objects of other kinds come back as their redacted ``repr``, keys as text.
    """
    return _redact(value, name, _DEEPEST)


def redact_arguments(arguments: Iterable[str]) -> list[str]:
    """A command line without secrets: ``--password x`` and ``--password=x`` alike."""
    shown: list[str] = []
    is_secret = False
    for argument in arguments:
        shown.append(HIDDEN if is_secret else redact_text(argument))
        is_secret = bool(_OPTION.fullmatch(argument)) and is_secret_name(argument)
    return shown


def _redact_named(text: str) -> str:
    """``name=value`` and ``name: value`` of every secret name."""
    kept: list[str] = []
    begin = at = 0
    while named := _NAME.search(text, at):
        at = named.end()
        value = _VALUE.match(text, at) if is_secret_name(named["name"]) else None
        if value is not None:
            quote = value["quote"] or ""
            kept += text[begin:at], quote, HIDDEN, quote
            begin = at = value.end()
    return "".join((*kept, text[begin:]))


def _redact(value: object, name: str, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if is_secret_name(name):
        return HIDDEN if value != "" else ""
    match value:
        case int() | float():
            return value
        case str():
            return redact_text(value)
        case bytes() | bytearray():
            return redact_text(bytes(value).decode(errors="replace"))
    return _redact_container(value, depth) if depth else HIDDEN


def _redact_container(value: object, depth: int) -> object:
    match value:
        case Mapping():
            return {
                redact_text(str(key)): _redact(item, str(key), depth - 1)
                for key, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_redact(item, "", depth - 1) for item in value]
        case BaseException():
            return redact_text(f"{type(value).__name__}: {value}")
    return redact_text(repr(value))
