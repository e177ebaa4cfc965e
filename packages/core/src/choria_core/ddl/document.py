"""The description of an agent: its actions, their inputs and what they give.  Pure.

    ddl = decode_ddl(path.read_bytes(), source=str(path))
    ddl.action("get_fact").input["fact"].maxlength

Clients need it to ask, and to show the answers; nodes to check what they are asked.

Source: the published schema mcorpc/ddl/v1/agent of the Choria project, and the
documents that the Go programs carry.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, DecodeError, Struct, ValidationError, convert, json
from msgspec.structs import asdict

from choria_core.errors import ConfigError

SCHEMA: Final = "https://choria.io/schemas/mcorpc/ddl/v1/agent.json"

STRING: Final = "string"
LIST: Final = "list"
INPUT_TYPES: Final = frozenset(
    (STRING, LIST, "boolean", "integer", "float", "number", "hash", "Hash", "array", "Array")
)
DISPLAYS: Final = ("failed", "ok", "always")

_VERBATIM: Final = frozenset(("default", "args"))
"""Keys whose values are left as they are."""


class Metadata(Struct, frozen=True, kw_only=True):
    """Who made the agent, and how long it may take.

    Attributes:
        version: numbers with dots.
        timeout: seconds that an action may take.
        provider: what runs it; empty where that goes without saying.
        service: whether one node of many answers, instead of each.
    """

    name: str
    description: str = ""
    author: str = ""
    license: str = ""
    version: str = ""
    url: str = ""
    timeout: int = 10
    provider: str = ""
    service: bool = False


class InputDdl(Struct, frozen=True, kw_only=True):
    """One argument of an action.

    Attributes:
        prompt: to ask a person for it.
        type: one of :data:`INPUT_TYPES`.
        optional: whether it may be left out.
        default: what clients send for one left out; None for nothing.
        validation: of a string: a regular expression, or the name of a rule.
        maxlength: of a string, in characters; 0 for any length.
        list: of a list: the texts that are allowed.
        sensitive: whether people shall not see what is typed or kept.
    """

    prompt: str = ""
    description: str = ""
    type: str
    optional: bool = False
    default: Any = None
    validation: str = ""
    maxlength: int = 0
    list: tuple[str, ...] = ()
    sensitive: bool = False


class OutputDdl(Struct, frozen=True, kw_only=True):
    """One field of what an action gives.

    Attributes:
        display_as: its heading, for people.
        type: as of inputs; empty for any.
        default: what a node gives where the action gave nothing.
    """

    description: str = ""
    display_as: str = ""
    type: str = ""
    default: Any = None


class AggregateDdl(Struct, frozen=True):
    """How clients sum up a field of all replies.

    Attributes:
        function: ``summary``, ``average`` or ``chart``.
        args: the field, and for some functions how to write the result.
    """

    function: str
    args: tuple[Any, ...] = ()


class ActionDdl(Struct, frozen=True, kw_only=True):
    """One action.

    Attributes:
        display: which replies people see: those that ``failed``, those that are ``ok``,
            or ``always`` all.
    """

    action: str
    description: str = ""
    input: dict[str, InputDdl] = {}
    output: dict[str, OutputDdl] = {}
    display: str = "failed"
    aggregate: tuple[AggregateDdl, ...] = ()

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The inputs that nobody shall see."""
        return tuple(name for name, item in self.input.items() if item.sensitive)


class Ddl(Struct, frozen=True):
    """The whole description of an agent."""

    metadata: Metadata
    actions: tuple[ActionDdl, ...] = ()

    def action(self, name: str) -> ActionDdl | None:
        """The action of that name."""
        return next((action for action in self.actions if action.action == name), None)


def decode_ddl(document: bytes, *, source: str) -> Ddl:
    """Read a description.

    Args:
        document: JSON; keys that are not known are ignored, and null is as good as absent.
        source: where it is from, for the error.

    Raises:
        ConfigError: it is none, or has an input of an unknown type.
    """
    try:
        ddl = convert(_tidied(json.decode(document)), Ddl)
    except (DecodeError, ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{source} is no description of an agent: {error}") from error
    _check(ddl, source)
    return ddl


def encode_ddl(ddl: Ddl) -> bytes:
    """Write a description, for people and for every Choria client."""
    document = {
        "$schema": SCHEMA,
        "metadata": _without(asdict(ddl.metadata), provider="", service=False),
        "actions": [_action_document(action) for action in ddl.actions],
    }
    return json.format(json.encode(document), indent=2) + b"\n"


def _check(ddl: Ddl, source: str) -> None:
    """Refuse what would fail only when the action is called."""
    for action in ddl.actions:
        if action.display not in DISPLAYS:
            raise ConfigError(
                f"{source}: display of action {action.action} is {action.display!r}; "
                f"use one of {', '.join(DISPLAYS)}"
            )
        for name, item in action.input.items():
            if item.type not in INPUT_TYPES:
                raise ConfigError(
                    f"{source}: input {name} of action {action.action} has the type "
                    f"{item.type!r}; use one of {', '.join(sorted(INPUT_TYPES))}"
                )


def _action_document(action: ActionDdl) -> dict[str, object]:
    document: dict[str, object] = {
        "action": action.action,
        "description": action.description,
        "display": action.display,
        "input": {name: _input_document(item) for name, item in action.input.items()},
        "output": {
            name: _without(asdict(item), type="", default=None)
            for name, item in action.output.items()
        },
    }
    if action.aggregate:
        document["aggregate"] = [asdict(item) for item in action.aggregate]
    return document


def _input_document(item: InputDdl) -> dict[str, object]:
    """An input with what the schema asks of its type."""
    fields = _without(asdict(item), default=None, sensitive=False)
    if item.type != STRING:
        del fields["validation"], fields["maxlength"]
    if item.type != LIST:
        del fields["list"]
    return fields


def _without(fields: dict[str, Any], **defaults: object) -> dict[str, Any]:
    """The fields but for those that have the given values."""
    return {key: value for key, value in fields.items() if value != defaults.get(key, UNSET)}


def _tidied(value: object, key: str = "") -> object:
    """Without null, and with integers as such: some programs write ``40.0``."""
    if key in _VERBATIM:
        return value
    if isinstance(value, Mapping):
        return {name: _tidied(item, name) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_tidied(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
