"""The description of an agent is made of its types, and wrong ones are refused."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft7Validator
from msgspec import Struct

from choria_core.agents.agent import (
    Agent,
    AgentRequest,
    Fields,
    Input,
    Output,
    action,
    average,
    summary,
)
from choria_core.agents.declaration import declare
from choria_core.agents.host import AgentHost
from choria_core.ddl.document import INPUT_TYPES, InputDdl, encode_ddl
from choria_core.ddl.inputs import RefusedInputError
from choria_core.errors import PluginError

NAME = {"type": "string", "pattern": "^[a-z0-9_]+$"}
TEXT = {"type": "string", "minLength": 1}
KINDS = sorted(INPUT_TYPES)
PROSE = ("description", "author", "license", "url")
INPUT = {
    "type": "object",
    "required": ["prompt", "description", "optional", "type"],
    "properties": {
        "prompt": TEXT,
        "description": TEXT,
        "optional": {"type": "boolean"},
        "type": {"enum": KINDS},
        "sensitive": {"type": "boolean"},
    },
    "allOf": [
        {
            "if": {"properties": {"type": {"const": "string"}}},
            "then": {
                "required": ["validation", "maxlength"],
                "properties": {
                    "validation": {"type": "string"},
                    "maxlength": {"type": "number"},
                },
            },
        },
        {
            "if": {"properties": {"type": {"const": "list"}}},
            "then": {
                "required": ["list"],
                "properties": {"list": {"type": "array", "items": {"type": "string"}}},
            },
        },
    ],
}
OUTPUT = {
    "type": "object",
    "required": ["description", "display_as"],
    "properties": {"description": TEXT, "display_as": TEXT, "type": {"enum": KINDS}},
}
SCHEMA = Draft7Validator(
    {
        "type": "object",
        "required": ["$schema", "metadata", "actions"],
        "properties": {
            "metadata": {
                "required": ["name", "version", "timeout", *PROSE],
                "properties": {
                    "name": NAME,
                    "description": TEXT,
                    "author": TEXT,
                    "license": TEXT,
                    "version": {"type": "string", "pattern": r"^(\d+\.)?(\d+\.)?(\*|\d+)$"},
                    "url": TEXT,
                    "timeout": {"type": "integer", "minimum": 2},
                    "service": {"type": "boolean"},
                },
            },
            "actions": {
                "type": "array",
                "items": {
                    "required": ["action", "description", "input", "output"],
                    "properties": {
                        "action": NAME,
                        "description": TEXT,
                        "display": {"enum": ["ok", "failed", "always"]},
                        "input": {"propertyNames": NAME, "additionalProperties": INPUT},
                        "output": {"propertyNames": NAME, "additionalProperties": OUTPUT},
                        "aggregate": {
                            "type": "array",
                            "items": {"properties": {"function": {"type": "string"}}},
                        },
                    },
                },
            },
        },
    }
)


class Named(Agent):
    """An agent whose metadata is complete."""

    name = "weather"
    description = "Weather"
    author = "J. Doe"
    license = "MIT"
    version = "1.0.0"
    url = "https://example.net"


class Unit(StrEnum):
    CELSIUS = "C"
    KELVIN = "K"


class Reading(Struct, rename={"kind": "type"}):
    degrees: Annotated[float, Output("How warm it is", display_as="°C")]
    kind: Annotated[str, Output("Kind of thermometer")] = "mercury"
    details: Annotated[dict[str, Any] | None, Output("More")] = None


@dataclass
class Places:
    places: Annotated[list[str], Output("All places")]


class Weather(Named):
    """Every type of input and output."""

    service = True
    timeout_seconds = 5

    @action(
        "Read it", display="always", aggregate=[average("degrees", text="%.1f"), summary("type")]
    )
    async def read(
        self,
        request: AgentRequest,
        *,
        place: Annotated[str, Input("Where", max_length=40, validation="shellsafe")],
        unit: Annotated[Unit, Input("Scale")] = Unit.CELSIUS,
        when: Annotated[Literal["now", "noon"], Input("When")] = "now",
        digits: Annotated[int | None, Input("Digits", prompt="How many digits")] = None,
        offset: Annotated[float, Input("What to add")] = 0.5,
        scale: Annotated[int | float, Input("What to multiply by")] = 1,
        raw: Annotated[bool, Input("As it is")] = False,
        options: Annotated[dict[str, int] | None, Input("More")] = None,
        days: Annotated[list[int], Input("Days")] = [],  # noqa: B006 -- never changed
    ) -> Reading:
        return Reading(21.5)

    @action("List places", quick=True)
    def places(self) -> Places:
        return Places(["roof"])

    @action("Whatever is known")
    def everything(self, request: AgentRequest) -> Fields:
        return {}

    @action("Forget it")
    def forget(self) -> None:
        """No result."""


def test_every_type_is_described() -> None:
    declared = declare(Weather, plugin="test")

    read = declared.actions["read"]
    assert {name: item.type for name, item in read.ddl.input.items()} == {
        "place": "string",
        "unit": "list",
        "when": "list",
        "digits": "integer",
        "offset": "float",
        "scale": "number",
        "raw": "boolean",
        "options": "hash",
        "days": "array",
    }
    assert read.ddl.input["place"] == InputDdl(
        prompt="Place",
        description="Where",
        type="string",
        validation="shellsafe",
        maxlength=40,
    )
    assert read.ddl.input["unit"].list == ("C", "K")
    assert read.ddl.input["unit"].default == "C"
    assert read.ddl.input["digits"].prompt == "How many digits"
    assert [name for name, item in read.ddl.input.items() if not item.optional] == ["place"]
    assert {name: item.type for name, item in read.ddl.output.items()} == {
        "degrees": "float",
        "type": "string",
        "details": "hash",
    }
    assert read.ddl.output["type"].default == "mercury"
    assert read.ddl.output["degrees"].display_as == "°C"
    assert declared.actions["places"].ddl.output["places"].type == "array"
    assert not declared.actions["everything"].ddl.output
    assert declared.ddl.metadata.service
    assert [one.action for one in declared.ddl.actions] == [
        "read",
        "places",
        "everything",
        "forget",
    ]


def test_generated_descriptions_are_what_the_schema_wants(node: Any) -> None:
    ddls = [declare(Weather, plugin="test").ddl, *(agent.ddl for agent in node.loaded.values())]

    for ddl in ddls:
        SCHEMA.validate(json.loads(encode_ddl(ddl)))


def test_arguments_get_the_types_that_the_method_asks_for() -> None:
    read = declare(Weather, plugin="test").actions["read"]

    arguments = read.arguments({"place": "roof", "unit": "K", "offset": 2, "digits": 3.0})

    assert arguments == {"place": "roof", "unit": Unit.KELVIN, "offset": 2.0, "digits": 3}
    assert isinstance(arguments["unit"], Unit)
    with pytest.raises(RefusedInputError, match="input options is not what the action takes"):
        read.arguments({"place": "roof", "options": {"a": "b"}})


class Untyped(Named):
    @action("Do it")
    def act(self, *, x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- what is tested
        """Wrong."""


class Undescribed(Named):
    @action("Do it")
    def act(self, *, x: str) -> None:
        """Wrong."""


class Positional(Named):
    @action("Do it")
    def act(self, request: AgentRequest, x: Annotated[str, Input("X")]) -> None:
        """Wrong."""


class Starred(Named):
    @action("Do it")
    def act(self, **inputs: str) -> None:
        """Wrong."""


class BadRule(Named):
    @action("Do it")
    def act(self, *, x: Annotated[str, Input("X", validation="(")]) -> None:
        """Wrong."""


class BadDefault(Named):
    @action("Do it")
    def act(self, *, x: Annotated[str, Input("X", validation="^a$")] = "b") -> None:
        """Wrong."""


class AnyInput(Named):
    @action("Do it")
    def act(self, *, x: Annotated[Any, Input("X")]) -> None:
        """Wrong."""


class Foreign(Named):
    @action("Do it")
    def act(self, *, x: Annotated[AgentHost, Input("X")]) -> None:
        """Wrong."""


class NoResult(Named):
    @action("Do it")
    def act(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 -- what is tested
        """Wrong."""


class Bare(Struct):
    x: int


class BareResult(Named):
    @action("Do it")
    def act(self) -> Bare:
        """Wrong."""
        return Bare(1)


class NoField(Named):
    @action("Do it", aggregate=[summary("y")])
    def act(self) -> Reading:
        """Wrong."""
        return Reading(1.0)


class BadDisplay(Named):
    @action("Do it", display="never")
    def act(self) -> None:
        """Wrong."""


class Hurried(Named):
    @action("Do it", quick=True)
    async def act(self) -> None:
        """Wrong."""


class BadAction(Named):
    @action("Do it")
    def doIt(self) -> None:  # noqa: N802 -- what is tested
        """Wrong."""


class Nameless(Weather):
    name = ""


class Authorless(Weather):
    author = ""


class Unversioned(Weather):
    version = "1.0-beta"


class Hasty(Weather):
    timeout_seconds = 1


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (Untyped, "action act: input x needs a type like Annotated"),
        (Undescribed, "action act: input x needs a type like Annotated"),
        (Positional, "then keyword-only inputs"),
        (Starred, "nobody could describe"),
        (BadRule, "validation '(' is no rule and no regular expression"),
        (BadDefault, "input x: its default does not match"),
        (AnyInput, "use one plain type"),
        (Foreign, "cannot be written as JSON"),
        (NoResult, "its result must be annotated"),
        (BareResult, "output x needs a type like Annotated"),
        (NoField, "its aggregate summary names no field of the result"),
        (BadDisplay, "display 'never' is none of"),
        (Hurried, "it is async, which needs no quick=True"),
        (BadAction, "'doIt' is no name of an action"),
        (Nameless, "'' is no name of an agent"),
        (Authorless, "its author is missing"),
        (Unversioned, "'1.0-beta' is not up to three numbers"),
        (Hasty, "at least 2"),
        (Named, "it has no method marked as an action"),
    ],
)
def test_a_wrong_declaration_is_explained(agent: type[Agent], said: str) -> None:
    with pytest.raises(PluginError) as caught:
        declare(agent, plugin="mine")

    assert said in str(caught.value)
    assert caught.value.plugin == "mine"
