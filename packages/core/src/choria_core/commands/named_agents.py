"""Agents and actions by the names that people type."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from choria_core.errors import UsageError
from choria_core.presentation.safe_text import one_line

if TYPE_CHECKING:
    from choria_core.client.ddl_library import DdlLibrary
    from choria_core.ddl.document import ActionDdl, Ddl


def described_agent(library: "DdlLibrary", name: str) -> "Ddl":
    """The description of an agent.

    Raises:
        UsageError: nobody describes it; names the one that may be meant.
        ConfigError: its file is none.
    """
    try:
        return library.find(name)
    except UsageError as error:
        meant = _meant(name, library.names())
        if not meant:
            raise
        raise UsageError(f"unknown agent {one_line(name)}{meant}") from error


def described_action(ddl: "Ddl", name: str) -> "ActionDdl":
    """An action of an agent.

    Raises:
        UsageError: it has none of that name; names the one that may be meant.
    """
    action = ddl.action(name)
    if action is None:
        known = sorted(one.action for one in ddl.actions)
        raise UsageError(
            f"unknown action {ddl.metadata.name}#{one_line(name)}{_meant(name, known)}; "
            f"it has {', '.join(known) or 'none'}"
        )
    return action


def argument_texts(words: Iterable[str]) -> dict[str, str]:
    """Arguments as texts, by name.

    Raises:
        UsageError: one is not ``key=value``, or given twice.
    """
    texts: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{one_line(word)!r} is no argument: write key=value")
        if name in texts:
            raise UsageError(f"the argument {one_line(name)} is given twice")
        texts[name] = value
    return texts


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f", perhaps {close[0]} is meant" if close else ""
