"""The names that a plugin goes by, all made of one."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Self

from choria_core.errors import UsageError
from choria_core.plugin_template.kinds import PluginKind
from choria_core.plugins import Plugins
from choria_core.presentation.safe_text import one_line

MOST_CHARACTERS: Final = 40
PREFIX: Final = "choria-plugin-"

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_FOREIGN: Final = re.compile(r"[^a-z0-9]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class PluginNames:
    """What the parts of a package are called.

    Attributes:
        part: the agent, the command …, as it is used.
        plugin: its entry point.
        distribution: what is installed.
        package: what is imported.
        pascal: the beginning of its classes.
    """

    part: str
    plugin: str
    distribution: str
    package: str
    pascal: str

    @classmethod
    def of(cls, name: str, kind: PluginKind) -> Self:
        """All that is made of ``name``.

        Raises:
            UsageError: it is no name for a plugin, or means something else.
        """
        _check(name, kind)
        words = re.split("[-_]", name)
        plain = "_".join(words)
        return cls(
            part=kind.joint.join(words),
            plugin=plain,
            distribution=PREFIX + "-".join(words),
            package=f"choria_plugin_{plain}",
            pascal="".join(word.capitalize() for word in words),
        )

    def check_unused(self, kind: PluginKind, plugins: Plugins) -> None:
        """See that nobody has these names.

        Raises:
            UsageError: something that is installed has one.
        """
        if self.part in kind.taken(plugins):
            raise UsageError(f"there is {kind.noun} {self.part} already: choose another name")
        if self.plugin in {info.name for info in plugins.infos()}:
            raise UsageError(f"there is a plugin {self.plugin} already: choose another name")
        if _is_installed(self.distribution):
            raise UsageError(f"{self.distribution} is installed already: choose another name")


def _check(name: str, kind: PluginKind) -> None:
    if not _NAME.fullmatch(name) or name.startswith(PREFIX):
        better = _suggestion(name)
        fix = f"use {better}" if better else "use something like disk-space"
        rule = "small letters, digits, and - or _ between them"
        raise UsageError(f"{one_line(name)!r} is no name for a plugin ({rule}): {fix}")
    if len(name) > MOST_CHARACTERS:
        raise UsageError(f"{name} is too long for a name: use at most {MOST_CHARACTERS} characters")
    if name in kind.reserved:
        raise UsageError(
            f"{name} means something else where {kind.noun} is named: choose another name"
        )


def _suggestion(name: str) -> str:
    """A name like ``name``, or an empty text."""
    plain = _FOREIGN.sub("-", _HUMP.sub("-", name).lower())
    better = plain.removeprefix(PREFIX).lstrip("-0123456789").strip("-")
    return better if len(better) <= MOST_CHARACTERS else ""


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
