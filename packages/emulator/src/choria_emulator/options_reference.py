"""The reference page of the options of ``choria emulate``, made from the options themselves."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Final, get_args, get_type_hints

from choria_emulator.command_options import (
    BrokerOptions,
    FleetOptions,
    LifeOptions,
    LookOptions,
)

HEAD: Final = """\
# Options of `choria emulate`

<!-- Made by tasks/reference.py; a test holds it to the code. -->

How they are used, and how they differ from the original's:
[emulate a fleet](../howto/emulate-a-fleet.md). With `--fleet` they are the defaults of
[the file](fleet-file.md). Durations are written with a unit, as `300s`, `20ms` or `1h30m`; shares
as `1%` or `0.01`; rates as `500/s`.

The command ends with 0 when it was stopped, its duration was over or a caller ended it; with 1
when a broker or worker of its own fails; with 2 for wrong options or configuration.
"""
_GROUPS: Final = (
    ("The fleet", FleetOptions),
    ("Brokers", BrokerOptions),
    ("Real life", LifeOptions),
    ("Watching", LookOptions),
)
_KINDS: Final = {int: "NUMBER", str: "TEXT"}
_FILE: Final = "FILE"


def page() -> str:
    """The page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterable[str]:
    yield from HEAD.splitlines()
    for title, group in _GROUPS:
        yield from ("", f"## {title}", "", "| option | default | |", "|---|---|---|")
        hints = get_type_hints(group, include_extras=True)
        for field in dataclasses.fields(group):
            kind, option = get_args(hints[field.name])
            yield _row(field, kind, option)


def _row(field: "dataclasses.Field[Any]", kind: object, option: Any) -> str:
    value = "" if kind is bool else f" {option.metavar or _value(kind)}"
    names = ", ".join(f"`{name}{value}`" for name in _names(field.name, option))
    return f"| {names} | {_default(field.default, option)} | {option.help} |"


def _names(field: str, option: Any) -> list[str]:
    """How the option may be written; in an annotation its first name stands as the default."""
    said = [name for name in (option.default, *option.param_decls) if isinstance(name, str)]
    return said or [f"--{field.replace('_', '-')}"]


def _value(kind: object) -> str:
    """What stands for a value where the option does not name it."""
    choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
    if choices:
        return "/".join(choices)
    return next((word for known, word in _KINDS.items() if known in {kind, *get_args(kind)}), _FILE)


def _default(default: object, option: Any) -> str:
    is_shown = option.show_default and default is not None and not isinstance(default, bool)
    return f"`{default}`" if is_shown and default != "" else ""
