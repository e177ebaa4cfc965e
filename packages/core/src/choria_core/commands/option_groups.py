"""Options that several commands have in common.

    @dataclass(frozen=True)
    class FilterOptions:
        classes: Annotated[list[str] | None, typer.Option("--wc", "-C", help="…")] = None

    @with_option_groups
    def find(*, filters: FilterOptions, verbose: …) -> None: …

The command line has each field as an option of its own; the function gets the whole group.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def with_option_groups(function: Callable[..., None]) -> Callable[..., None]:
    """``function`` with the fields of its option groups in place of them.

    A group is a parameter that can only be given by name and whose type is a dataclass with
    defaults for all fields.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        group = groups.get(parameter.name)
        if group is None:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
        else:
            parameters += _parameters_of(group)

    def command(*arguments: object, **given: object) -> None:
        for name, group in groups.items():
            own = {one.name: given.pop(one.name) for one in fields(group)}
            given[name] = group(**own)  # type: ignore[operator]  # a dataclass
        function(*arguments, **given)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__module__ = function.__module__
    command.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    return command


def _parameters_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    found = []
    for one in fields(group):
        assert one.default is not MISSING, f"{one.name} of {group.__name__} needs a default"
        found.append(
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=hints[one.name],
            )
        )
    return found
