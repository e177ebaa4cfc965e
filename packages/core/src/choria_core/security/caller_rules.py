"""Which callers may speak for which names.  Pure.

Source: go-choria, providers/security/filesec; stricter where a caller's text
could be read in two ways.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import re2

from choria_core.errors import ConfigError, Refusal, RefusedError

ALLOWED: Final = (r"\.mcollective$", r"\.choria$")
PRIVILEGED: Final = (r"\.privileged.mcollective$", r"\.privileged.choria$")

_NAME: Final = "[A-Za-z0-9_.-]+"
_is_name: Final = re.compile(_NAME).fullmatch
_caller: Final = re.compile(f"[a-z]+=({_NAME})").fullmatch


def usable_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those of a certificate's names that a caller could have."""
    return tuple(name for name in names if _is_name(name))


def usable_pattern(pattern: str) -> str:
    """The regular expression in ``pattern``, which may be written as ``/expression/``.

    Raises:
        ConfigError: it is none.
    """
    bare = pattern.strip("/") if re.fullmatch("/.+/", pattern) else pattern
    try:
        _compiled(bare)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        raise ConfigError(f"{pattern!a} is no regular expression: {reason}") from error
    except UnicodeEncodeError as error:
        raise ConfigError(f"{pattern!a} is no Unicode") from error
    return bare


class CallerRules:
    """Patterns of the callers that may call, and of those that may call as others.

    Args:
        allowed, privileged: regular expressions that are found anywhere in a
            name, each as such or as ``/expression/``.

    Raises:
        ConfigError: one of them is no regular expression.
    """

    def __init__(
        self, allowed: Sequence[str] = ALLOWED, privileged: Sequence[str] = PRIVILEGED
    ) -> None:
        self._is_allowed = _any_of(allowed, "certname_whitelist")
        self._is_privileged = _any_of(privileged, "privileged_users")

    def is_privileged(self, names: Iterable[str]) -> bool:
        """Whether a certificate with ``names`` may call as anyone."""
        return any(self._is_privileged(name.encode()) for name in names)

    def admit(self, caller: str, names: Sequence[str]) -> bool:
        """Decide whether a certificate with ``names`` may call as ``caller``.

        Returns:
            Whether it may because it is privileged.

        Raises:
            RefusedError: it may not.
        """
        match = _caller(caller)
        if match is None:
            raise RefusedError(Refusal.MALFORMED, f"not a caller: {caller[:80]!a}")
        if self.is_privileged(names):
            return True
        name = match[1]
        if name not in names:
            raise RefusedError(Refusal.WRONG_NAME, f"the certificate is not {name[:80]}'s")
        if not self._is_allowed(name.encode()):
            raise RefusedError(Refusal.NOT_ALLOWED, f"{name[:80]} is not an allowed caller")
        return False


def _any_of(patterns: Sequence[str], key: str) -> Callable[[bytes], object]:
    """The search for any of ``patterns``, in one go."""
    try:
        groups = [f"(?:{usable_pattern(pattern)})" for pattern in patterns]
    except ConfigError as error:
        raise ConfigError(f"plugin.choria.security.{key}: {error}") from error
    if not groups:
        return lambda _: None
    search: Callable[[bytes], object] = _compiled("|".join(groups)).search
    return search


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern.encode(), options)
