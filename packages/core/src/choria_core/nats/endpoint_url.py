"""NATS URLs, as people write them in settings.  Pure.

A list of servers is separated by commas; each is a URL or just ``host:port``::

    nats://one.example:4222,tls://user:password@two.example,three.example
    nats://one.example?credentials=/etc/choria/user.creds&connect_timeout=10s

The credentials of the whole list are those of the first URL that has any; so
is each option.  The characters ``, / ? # @ : %`` in a user name, a password or
an option are written percent-encoded (``%2C`` and so on).

Source: the original replicator's ``source_url`` and ``target_url``.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from choria_core.durations import parse_go_duration
from choria_core.errors import ConfigError
from choria_core.nats.endpoint import (
    CONNECT_TIMEOUT_SECONDS,
    PING_INTERVAL_SECONDS,
    Credentials,
    Endpoint,
    ServerAddress,
    TlsSettings,
)

DEFAULT_PORT: Final = 4222

_SCHEMES: Final = ("nats", "tls")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HIDDEN: Final = "***"
_YES: Final = frozenset({"", "1", "t", "T", "true", "TRUE", "True"})
_NO: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class _Url:
    """One URL of a list, taken apart."""

    server: ServerAddress
    credentials: Credentials
    options: Mapping[str, str] = field(repr=False)


def parse_endpoint(
    text: str, *, tls: TlsSettings | None = None, credentials: Credentials | None = None
) -> Endpoint:
    """Read a list of NATS URLs.

    Args:
        text: the list; it must name at least one server.
        tls: settings that hold for it; its options change them.
        credentials: used where no URL has any.

    Raises:
        ConfigError: the list is wrong; the text says where and how to write it.
    """
    hidden = redact(text)
    urls = [_parse_url(item.strip(), hidden) for item in text.split(",") if item.strip()]
    if not urls:
        raise ConfigError("no server is named; write for example nats://broker.example:4222")
    options = {name: text for url in reversed(urls) for name, text in url.options.items()}
    own = next((url.credentials for url in urls if url.credentials != Credentials()), None)
    return Endpoint(
        servers=tuple(url.server for url in urls),
        credentials=own or credentials or Credentials(),
        tls=_merge_tls(tls, options, wanted=any(url.server.scheme == "tls" for url in urls)),
        connect_timeout_seconds=_seconds(options, "connect_timeout", CONNECT_TIMEOUT_SECONDS),
        ping_interval_seconds=_seconds(options, "ping_interval", PING_INTERVAL_SECONDS),
    )


def redact(text: str) -> str:
    """``text``, a list of NATS URLs, for display: without passwords, tokens and keys.

    Any text is taken; of one that is no such list, more than the secrets is hidden.
    """
    parts = [_redact_url(part) for part in text.split(",")]
    known = [part for part in parts if part is not None]
    return ",".join(known) if len(known) == len(parts) else _redact_anything(text)


_PLAIN_URL: Final = re.compile(
    r"(?P<before>\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?)"
    r"(?:(?P<user>[^\s:@/?#]*)(?P<password>:[^\s@/?#]*)?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%\w]*\]|[\w.-]*)(?P<port>:\d*)?(?P<path>/)?"
    r"(?:\?(?P<query>[^\s@#]*))?(?P<after>\s*)"
)


def _redact_url(url: str) -> str | None:
    """``url`` without its secrets; None when it cannot be told where they are."""
    match = _PLAIN_URL.fullmatch(url)
    if match is None:
        return None
    shown = match["before"]
    if match["user"] is not None:
        shown += f"{match['user']}:{_HIDDEN}@" if match["password"] is not None else f"{_HIDDEN}@"
    shown += match["host"] + (match["port"] or "") + (match["path"] or "")
    if match["query"] is not None:
        shown += "?" + "&".join(_redact_option(part) for part in match["query"].split("&"))
    return shown + match["after"]


def _redact_option(option: str) -> str:
    name, sign, _ = option.partition("=")
    if not sign or name in _OPEN_OPTIONS:
        return option if name in _OPTIONS else _HIDDEN
    return f"{name}={_HIDDEN}"


def _redact_anything(text: str) -> str:
    """Hide, between one scheme and the next, all up to the last ``@`` and all options."""
    pieces = _SCHEME.split(text)
    shown = _redact_tail(pieces[0])
    for scheme, tail in zip(pieces[1::2], pieces[2::2], strict=True):
        shown += f"{scheme}://{_redact_tail(tail)}"
    return shown


def _redact_tail(tail: str) -> str:
    if "@" in tail:
        tail = f"{_HIDDEN}@{tail.rpartition('@')[2]}"
    host, mark, _ = tail.partition("?")
    return f"{host}?{_HIDDEN}" if mark else tail


def _parse_url(item: str, whole: str) -> _Url:
    """Take ``item`` apart; errors show it, or ``whole`` if a secret may have been cut in two."""
    shown = _redact_url(item) or whole
    url = _split(item, shown)
    options = _parse_options(url.query, shown)
    return _Url(
        ServerAddress(_host(url, shown), _port(url, shown), url.scheme),
        _credentials(url, options, shown),
        options,
    )


def _split(item: str, shown: str) -> SplitResult:
    if not item.isprintable():
        raise ConfigError(f"{shown!r}: a URL has no control characters; remove them")
    try:
        url = urlsplit(item if _SCHEME.match(item) else f"nats://{item}")
    except ValueError as error:
        raise ConfigError(f"{shown}: not a URL; write an IPv6 address as [::1]:4222") from error
    if url.scheme in ("ws", "wss"):
        raise ConfigError(f"{shown}: NATS over websockets is not supported; use nats:// or tls://")
    if url.scheme not in _SCHEMES:
        raise ConfigError(f"{shown}: scheme {url.scheme} is unknown; use nats:// or tls://")
    if url.path not in ("", "/") or url.fragment:
        raise ConfigError(
            f"{shown}: a server's URL ends with its port; in a password write / as %2F and # as %23"
        )
    return url


def _host(url: SplitResult, shown: str) -> str:
    address = url.netloc.rpartition("@")[2]
    if address.count(":") > 1 and not address.startswith("["):
        raise ConfigError(f"{shown}: write an IPv6 address in brackets, as [::1]:4222")
    host = url.hostname
    if not host or any(c.isspace() for c in host):
        raise ConfigError(f"{shown}: no host name; write for example nats://broker.example:4222")
    return host


def _port(url: SplitResult, shown: str) -> int:
    try:
        port = url.port
    except ValueError as error:
        raise ConfigError(f"{shown}: the port is a number from 1 to 65535") from error
    if port == 0:
        raise ConfigError(f"{shown}: the port is a number from 1 to 65535")
    return port or DEFAULT_PORT


def _credentials(url: SplitResult, options: Mapping[str, str], shown: str) -> Credentials:
    """The one kind of credentials in a URL, if any."""
    found = [
        kind
        for kind in (
            _user_info(url),
            Credentials(file=options.get("credentials", "")),
            Credentials(jwt=options.get("jwt", ""), nkey_seed=options.get("nkey", "")),
        )
        if kind != Credentials()
    ]
    if len(found) > 1:
        raise ConfigError(
            f"{shown}: credentials are given in several ways; "
            "keep one of user:password@, credentials= and jwt= with nkey="
        )
    if options.get("jwt") and not options.get("nkey"):
        raise ConfigError(f"{shown}: jwt= needs the seed that goes with it; add &nkey=FILE")
    return found[0] if found else Credentials()


def _user_info(url: SplitResult) -> Credentials:
    info, at, _ = url.netloc.rpartition("@")
    if not at:
        return Credentials()
    user, colon, password = info.partition(":")
    if colon:
        return Credentials(user=unquote(user), password=unquote(password))
    return Credentials(token=unquote(user))


def _parse_options(query: str, shown: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        if name not in _OPTIONS:
            raise ConfigError(f"{shown}: unknown option{_nearest(name, query)}")
        if name in options:
            raise ConfigError(f"{shown}: option {name} is given twice; keep one")
        problem = _OPTIONS[name](value)
        if problem:
            raise ConfigError(f"{shown}: option {name} {problem}")
        options[name] = value
    return options


def _nearest(name: str, query: str) -> str:
    """The unknown option's name, shown only if it is no end of a password, and what is near."""
    shown = f" {name}" if re.fullmatch(r"[\w.-]{1,40}", name) and "@" not in query else ""
    near = difflib.get_close_matches(name, _OPTIONS, n=1)
    return (
        f"{shown}; did you mean {near[0]}?" if near else f"{shown}; known are {', '.join(_OPTIONS)}"
    )


def _check_file(value: str) -> str:
    return "" if value else "is empty; give it a file, or remove it"


def _check_flag(value: str) -> str:
    return "" if value in _YES | _NO else "is true or false"


def _check_duration(value: str) -> str:
    try:
        seconds = parse_go_duration(value)
    except ConfigError as error:
        return f"is no duration: {error}"
    return "" if seconds > 0 else "is no wait; write for example 5s"


_OPTIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "credentials": _check_file,
    "jwt": _check_file,
    "nkey": _check_file,
    "tls_handshake_first": _check_flag,
    "insecure": _check_flag,
    "connect_timeout": _check_duration,
    "ping_interval": _check_duration,
}
"""Name of each option, and what tells the problem of its value."""

_OPEN_OPTIONS: Final = frozenset(_OPTIONS) - {"credentials", "jwt", "nkey"}
"""Those that hold no secret."""


def _merge_tls(
    tls: TlsSettings | None, options: Mapping[str, str], *, wanted: bool
) -> TlsSettings | None:
    merged = tls or (TlsSettings() if wanted else None)
    first, insecure = options.get("tls_handshake_first"), options.get("insecure")
    if first in _YES:
        merged = replace(merged or TlsSettings(), handshake_first=True)
    elif first is not None and merged is not None:
        merged = replace(merged, handshake_first=False)
    if insecure in _YES:
        merged = replace(merged or TlsSettings(), verify=False)
    elif insecure is not None and merged is not None:
        merged = replace(merged, verify=True)
    return merged


def _seconds(options: Mapping[str, str], name: str, default: float) -> float:
    text = options.get(name)
    return default if text is None else parse_go_duration(text)
