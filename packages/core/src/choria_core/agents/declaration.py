"""The description of an agent, made of the types that its class is written with.  Pure."""

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from choria_core.agents.agent import MARK, ActionMark, Agent, Input, Output, RawAgent
from choria_core.agents.value_types import ANY, choices_of, type_name
from choria_core.ddl.document import (
    DISPLAYS,
    LIST,
    STRING,
    ActionDdl,
    Ddl,
    InputDdl,
    Metadata,
    OutputDdl,
)
from choria_core.ddl.inputs import RefusedInputError, check_arguments, is_rule, problem_of
from choria_core.errors import PluginError
from choria_core.protocol.rpc_body import StatusCode

_NAME: Final = re.compile(r"[a-z0-9_]+")
_VERSION: Final = re.compile(r"(\d+\.)?(\d+\.)?\d+")
_SHORTEST_TIMEOUT: Final = 2
_TEXTS: Final = ("description", "author", "license", "url")
_SCALARS: Final = (str, bool, int, float)


@dataclass(frozen=True, slots=True)
class DeclaredAction:
    """An action of an agent.

    Attributes:
        method: of the class, without an instance.
        hints: types of its inputs.
        takes_request: whether it wants the request before its inputs.
        is_async, is_quick: how it may be run; never both.
    """

    ddl: ActionDdl
    method: Callable[..., Any]
    hints: Mapping[str, Any]
    takes_request: bool
    is_async: bool
    is_quick: bool

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a request, of the types that the method asks for.

        Raises:
            RefusedInputError: one is missing or wrong.
        """
        arguments = check_arguments(self.ddl, data)
        for name, value in arguments.items():
            try:
                arguments[name] = msgspec.convert(value, self.hints[name])
            except msgspec.ValidationError as error:
                problem = f"input {name} is not what the action takes: {ascii(str(error))[1:-1]}"
                raise RefusedInputError(StatusCode.INVALID_DATA, problem) from None
        return arguments


@dataclass(frozen=True, slots=True)
class DeclaredAgent:
    """An agent's description, and its actions by name; a raw agent has none."""

    ddl: Ddl
    actions: Mapping[str, DeclaredAction]


def declare(agent: type[Agent], *, plugin: str) -> DeclaredAgent:
    """Read what a class says of its agent.

    Raises:
        PluginError: of ``plugin``: something is missing or cannot be described.
    """
    try:
        metadata = _metadata(agent)
        actions = _named_actions(agent)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        name = agent.name or agent.__name__
        raise PluginError(plugin, f"agent {name} is declared wrongly: {error}") from error
    return DeclaredAgent(Ddl(metadata, tuple(one.ddl for one in actions.values())), actions)


def _metadata(agent: type[Agent]) -> Metadata:
    _check_name(agent.name, "name of an agent")
    for name in _TEXTS:
        if not isinstance(getattr(agent, name), str) or not getattr(agent, name):
            raise ValueError(f"its {name} is missing: set {name} in the class")
    if not _VERSION.fullmatch(agent.version):
        raise ValueError(f"version {agent.version!r} is not up to three numbers with dots")
    if type(agent.timeout_seconds) is not int or agent.timeout_seconds < _SHORTEST_TIMEOUT:
        raise ValueError("timeout_seconds must be a whole number, at least 2")
    return Metadata(
        name=agent.name,
        description=agent.description,
        author=agent.author,
        license=agent.license,
        version=agent.version,
        url=agent.url,
        timeout=agent.timeout_seconds,
        service=agent.service,
    )


def _named_actions(agent: type[Agent]) -> dict[str, DeclaredAction]:
    actions = {action.ddl.action: action for action in _actions(agent)}
    if not actions and not issubclass(agent, RawAgent):
        raise ValueError("it has no method marked as an action")
    return actions


def _actions(agent: type[Agent]) -> Iterator[DeclaredAction]:
    """In the order in which they are written."""
    names = dict.fromkeys(name for base in reversed(agent.__mro__) for name in vars(base))
    for name in names:
        mark = getattr(getattr(agent, name), MARK, None)
        if isinstance(mark, ActionMark):
            try:
                yield _action(name, getattr(agent, name), mark)
            except (TypeError, ValueError, NameError) as error:
                raise ValueError(f"action {name}: {error}") from error


def _action(name: str, method: Callable[..., Any], mark: ActionMark) -> DeclaredAction:
    _check_name(name, "name of an action")
    if not mark.description:
        raise ValueError("its description is empty")
    if mark.is_quick and inspect.iscoroutinefunction(method):
        raise ValueError("it is async, which needs no quick=True")
    if mark.display not in DISPLAYS:
        raise ValueError(f"display {mark.display!r} is none of {', '.join(DISPLAYS)}")
    hints = typing.get_type_hints(method, include_extras=True)
    signature = inspect.signature(method)
    outputs = _outputs(hints.get("return", inspect.Signature.empty))
    inputs = dict(_inputs(signature, hints))
    for one in mark.aggregate:
        if not one.args or (outputs and one.args[0] not in outputs):
            raise ValueError(f"its aggregate {one.function} names no field of the result")
    return DeclaredAction(
        ActionDdl(
            action=name,
            description=mark.description,
            input=inputs,
            output=outputs,
            display=mark.display,
            aggregate=mark.aggregate,
        ),
        method,
        {name: hints[name] for name in inputs},
        _takes_request(signature),
        inspect.iscoroutinefunction(method),
        mark.is_quick,
    )


def _takes_request(signature: inspect.Signature) -> bool:
    """Whether one parameter stands between ``self`` and the inputs."""
    positional = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    kinds = {parameter.kind for parameter in positional}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        raise ValueError("it takes * or ** parameters, which nobody could describe")
    if len(positional) not in (1, 2):
        raise ValueError("it takes self, then the request or nothing, then keyword-only inputs")
    return len(positional) == 2


def _inputs(
    signature: inspect.Signature, hints: Mapping[str, Any]
) -> Iterator[tuple[str, InputDdl]]:
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            _check_name(name, "name of an input")
            about = _beside(hints.get(name), Input)
            if about is None:
                raise ValueError(f"input {name} needs a type like Annotated[str, Input('…')]")
            try:
                yield name, _input(name, hints[name], about, parameter.default)
            except (TypeError, ValueError) as error:
                raise ValueError(f"input {name}: {error}") from error


def _input(name: str, hint: Any, about: Input, default: object) -> InputDdl:
    choices = about.choices or choices_of(hint)
    kind = LIST if choices else type_name(hint)
    if kind == ANY:
        raise ValueError(f"{hint!r} has no name in descriptions; use one plain type")
    if not about.description:
        raise ValueError("its description is empty")
    if not is_rule(about.validation):
        raise ValueError(f"validation {about.validation!r} is no rule and no regular expression")
    is_optional = default is not inspect.Parameter.empty
    is_shown = is_optional and default not in (None, "")  # an empty text is one not given
    item = InputDdl(
        prompt=about.prompt or _words(name),
        description=about.description,
        type=kind,
        optional=is_optional,
        default=msgspec.to_builtins(default) if is_shown else None,
        validation=about.validation if kind == STRING else "",
        maxlength=about.max_length if kind == STRING else 0,
        list=choices,
        sensitive=about.sensitive,
    )
    problem = problem_of(item, item.default) if item.default is not None else ""
    if problem:
        raise ValueError(f"its default {problem}")
    return item


def _outputs(result: Any) -> dict[str, OutputDdl]:
    """The fields of what a method gives, under the names that JSON has."""
    origin = get_origin(result) or result
    if result in (None, type(None)) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {}
    hints = typing.get_type_hints(result, include_extras=True) if isinstance(result, type) else {}
    if isinstance(result, type) and issubclass(result, msgspec.Struct):
        return {
            field.encode_name: _output(field.encode_name, hints[field.name], field.default)
            for field in msgspec.structs.fields(result)
        }
    if isinstance(result, type) and dataclasses.is_dataclass(result):
        return {
            field.name: _output(field.name, hints[field.name], field.default)
            for field in dataclasses.fields(result)
        }
    raise ValueError("its result must be annotated: a Struct, a dataclass, a mapping or None")


def _output(name: str, hint: Any, default: object) -> OutputDdl:
    _check_name(name, "name of an output")
    about = _beside(hint, Output)
    if about is None or not about.description:
        raise ValueError(f"output {name} needs a type like Annotated[str, Output('…')]")
    return OutputDdl(
        description=about.description,
        display_as=about.display_as or _heading(name),
        type=type_name(hint),
        default=default if isinstance(default, _SCALARS) else None,
    )


_Beside = typing.TypeVar("_Beside", Input, Output)


def _beside(hint: Any, kind: type[_Beside]) -> _Beside | None:
    parts = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((part for part in parts if isinstance(part, kind)), None)


def _check_name(name: str, what: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no {what}: use a-z, 0-9 and _")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _heading(name: str) -> str:
    """Each word with a capital, as headings of the original's agents have it."""
    return " ".join(word[:1].upper() + word[1:] for word in name.split("_"))
