"""Values that follow from others, where nobody set them.  Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from choria_core.config.problems import Problem
from choria_core.errors import ConfigError
from choria_core.network_config.host import HostNames, derive_identity
from choria_core.network_config.settings import Origin, Settings, Source, Value

TOKEN_FILE: Final = "plugin.choria.security.server.token_file"  # noqa: S105 - a key's name
SEED_FILE: Final = "plugin.choria.security.server.seed_file"
_PROVIDER: Final = "plugin.security.provider"
_ANONYMOUS: Final = "plugin.security.server_anon_tls"


def with_derived(settings: Settings, names: HostNames) -> tuple[Settings, list[Problem]]:
    """The settings with their gaps filled, and what kept a gap from being filled."""
    problems: list[Problem] = []
    known = _Known(dict(settings.values), Path(settings.main_file).parent, names)
    for key, rule in _RULES:
        if key not in known.values or known.values[key].value:
            continue
        try:
            found = rule(known)
        except ConfigError as error:
            problems.append(settings.problem(key, f"cannot be derived: {error}", f"set {key}"))
            continue
        if found is not None:
            value, source = found
            known.values[key] = Value(value, (Origin(Source.DERIVED, source),))
    return replace(settings, values=known.values), problems


@dataclass(frozen=True, slots=True)
class _Known:
    """What rules look at."""

    values: dict[str, Value]
    folder: Path
    names: HostNames

    def of(self, key: str) -> Any:
        return self.values[key].value


_Derived = tuple[object, str] | None


def _identity(known: _Known) -> _Derived:
    return derive_identity(known.names)


def _collectives(known: _Known) -> _Derived:
    name = "choria" if known.of(_PROVIDER) == "choria" else "mcollective"
    return (name,), _PROVIDER


def _main_collective(known: _Known) -> _Derived:
    return known.of("collectives")[0], "collectives"


def _registration_collective(known: _Known) -> _Derived:
    return known.of("main_collective"), "main_collective"


def _beside(name: str) -> Callable[[_Known], _Derived]:
    """A file beside the configuration, where a server connects with a token."""

    def rule(known: _Known) -> _Derived:
        return (known.folder / name, "the configuration's folder") if known.of(_ANONYMOUS) else None

    return rule


_RULES: Final[tuple[tuple[str, Callable[[_Known], _Derived]], ...]] = (
    ("identity", _identity),
    ("collectives", _collectives),
    ("main_collective", _main_collective),
    ("registration_collective", _registration_collective),
    (TOKEN_FILE, _beside("server.jwt")),
    (SEED_FILE, _beside("server.seed")),
)
