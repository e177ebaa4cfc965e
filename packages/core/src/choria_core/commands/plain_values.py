"""Values of a command line that are as they were written.

Typer checks every value with pydantic, whose import takes as long as a fifth of a short
command.  What is absent, a text, or a file that can be read needs no checking.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import typer
import typer.core

_PLACE: Final = "_runtime_param"
"""Where typer keeps what checks the value of a parameter, once it was needed."""


def let_plain_values_pass(command: typer.core.TyperCommand | typer.core.TyperGroup) -> None:
    """Let ``command``, and all within it, take plain values unchecked.

    With a release of typer that keeps its checks elsewhere nothing changes.
    """
    context = typer.Context(command, **command.context_settings)
    let_pass(command.get_params(context))
    for inner in getattr(command, "commands", {}).values():
        let_plain_values_pass(inner)


def let_pass(parameters: Iterable[Any]) -> None:
    """Let ``parameters`` of typer take plain values unchecked."""
    for parameter in parameters:
        if getattr(parameter, _PLACE, parameter) is None:
            setattr(parameter, _PLACE, _Pass())


class _Pass:
    """Stands in the place of what checks the values of one parameter, until one needs it."""

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        """The value of a parameter, from the words that were given for it.

        Raises:
            typer.BadParameter: it is wrong.
        """
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if isinstance(value, str) and _is_plain(value, param.type_descriptor):
            return param.type_descriptor.annotation(value)
        setattr(param, _PLACE, None)
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _is_plain(value: str, descriptor: Any) -> bool:
    """Whether the type of the parameter takes the value as it is."""
    rules = descriptor.parameter_info
    if rules.parser is not None:
        return False
    if descriptor.annotation is str:
        return True
    is_special = rules.resolve_path or rules.allow_dash or rules.writable or rules.path_type
    is_file = descriptor.annotation is Path and rules.file_okay and not is_special
    return is_file and _is_readable_file(value)


def _is_readable_file(name: str) -> bool:
    try:
        return Path(name).is_file() and os.access(name, os.R_OK)
    except OSError:  # no file can have such a name
        return False
