"""What several settings say together.  Pure."""

from collections.abc import Iterator
from typing import Any, Final

from choria_core.config.problems import Problem
from choria_core.network_config.derived import SEED_FILE, TOKEN_FILE
from choria_core.network_config.keys import NAME, Side
from choria_core.network_config.kinds import shown_text
from choria_core.network_config.records import ISSUER
from choria_core.network_config.settings import Settings
from choria_core.protocol import names

_NAME_FIX: Final = (
    "use letters, digits, _ and -, in parts joined by dots; "
    f"at most {names.MAX_NAME_CHARS} characters"
)
_PROVIDER: Final = "plugin.security.provider"
_SIGNERS: Final = "plugin.security.choria.trusted_signers"
_ISSUERS: Final = "plugin.security.issuer.names"
_AUDITOR: Final = "rpcauditprovider"
_AUDIT_FILE: Final = "plugin.rpcaudit.logfile"
_REGISTERED_FILE: Final = "plugin.choria.registration.file_content.data"


def errors_of(settings: Settings) -> Iterator[Problem]:
    """What keeps a server or client from starting."""
    yield from _names(settings)
    yield from _issuers(settings)
    if settings[_PROVIDER] == "choria":
        yield from _tokens(settings)


def warnings_of(settings: Settings) -> Iterator[Problem]:
    """What is done in vain, or hardly meant."""
    yield from _main_collective(settings)
    if settings.side is not Side.SERVER:
        return
    keeper = str(settings[_AUDITOR]).lower()
    if settings["rpcaudit"] and keeper == "choria" and not settings[_AUDIT_FILE]:
        yield settings.problem("rpcaudit", "audits nothing", f"set {_AUDIT_FILE}")
    plugins: Any = settings["registration"]
    if "file_content" in plugins and not settings[_REGISTERED_FILE]:
        fix = f"set {_REGISTERED_FILE}"
        yield settings.problem("registration", "file_content has no file to send", fix)
    if plugins and settings["registerinterval"] == 0:
        text = "0 means that nothing is ever registered"
        yield settings.problem("registerinterval", text, "write at least 1, or unset registration")


def _names(settings: Settings) -> Iterator[Problem]:
    for key in ("identity", "collectives", "main_collective", "registration_collective"):
        if key in settings.values:
            value: Any = settings[key]
            for name in value if isinstance(value, tuple) else (value,):
                if name and not names.is_identity(name):
                    yield settings.problem(key, f"{shown_text(name)} is no network name", _NAME_FIX)


def _main_collective(settings: Settings) -> Iterator[Problem]:
    collectives: Any = settings["collectives"]
    main: Any = settings["main_collective"]
    if main not in collectives:
        text = f"{shown_text(main)} is not among collectives"
        yield settings.problem(
            "main_collective", text, "add it to collectives, or name one of them"
        )


def _issuers(settings: Settings) -> Iterator[Problem]:
    issuers: Any = settings[_ISSUERS]
    for name in issuers:
        key = ISSUER.replace(NAME, name)
        if key not in settings.values:
            yield settings.problem(_ISSUERS, f"the key of {name} is not given", f"set {key}")
    if issuers and settings[_SIGNERS]:
        text = f"cannot stand beside {_ISSUERS}"
        yield settings.problem(_SIGNERS, text, "remove one of them")


def _tokens(settings: Settings) -> Iterator[Problem]:
    """The provider ``choria`` knows tokens of its own alone."""
    for key in (TOKEN_FILE, SEED_FILE):
        if settings.is_given(key):
            own = key.replace("plugin.choria.security.server", "plugin.security.choria")
            text = "does not go with the provider choria"
            yield settings.problem(key, text, f"use {own}")
    if settings.side is not Side.SERVER:
        return
    if settings["plugin.security.server_anon_tls"]:
        key, text = "plugin.security.server_anon_tls", "does not go with the provider choria"
        yield settings.problem(key, text, "remove it: that provider connects with its token")
    if not settings[_ISSUERS] and not settings[_SIGNERS]:
        text = "choria trusts nobody's tokens"
        yield settings.problem(_PROVIDER, text, f"set {_SIGNERS} or {_ISSUERS}")
