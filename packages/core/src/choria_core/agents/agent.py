'''What the author of an agent writes.  Pure.

    class Weather(Agent):
        """What a node's thermometer says."""

        name = "weather"
        description = "Reads the thermometer"
        author = "Jane Doe <jane@example.net>"
        license = "Apache-2.0"
        version = "1.0.0"
        url = "https://example.net/weather"
        timeout_seconds = 5

        @action("Read the temperature", display="always", aggregate=[average("degrees")])
        def read(
            self,
            request: AgentRequest,
            *,
            place: Annotated[str, Input("Where to measure", max_length=40)] = "roof",
        ) -> Reading:
            if place not in self.places:
                raise ActionError(StatusCode.ABORTED, f"no thermometer at {place}")
            return Reading(degrees=21.5)

An action's inputs are its keyword-only parameters, optional where they have defaults.
What it gives is a ``msgspec.Struct`` or a dataclass, each field of it with an
:class:`Output`; or nothing; or a mapping, where the fields are not known beforehand.
The description of the agent, its DDL, is made of that.

One instance serves all nodes of a process, several requests at a time.
'''

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from choria_core.agents.node import Node
from choria_core.ddl.document import AggregateDdl
from choria_core.errors import ChoriaError
from choria_core.protocol.messages import Request
from choria_core.protocol.rpc_body import StatusCode

_Method = TypeVar("_Method", bound=Callable[..., Any])

MARK: Final = "__choria_action__"
"""Attribute of a method that says it is an action."""


class ActionError(ChoriaError):
    """An action failed, and the caller shall know why.

    Attributes:
        status: what kind of failure.
        message: for people; the caller sees it.
        result: fields to send all the same; None for none.
    """

    def __init__(self, status: StatusCode, message: str, *, result: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.result = result


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """What an action may know of the request that it answers.

    Attributes:
        node: the node that was asked.
        request: who asks, when, and in which collective.
    """

    node: Node
    request: Request

    @property
    def caller(self) -> str:
        """Who asks, as ``choria=name``."""
        return self.request.caller


@dataclass(frozen=True, slots=True)
class Input:
    """Beside the type of an action's parameter: what it is.

    Attributes:
        description: what it is for.
        prompt: to ask a person for it; by default made of the parameter's name.
        max_length: of a text, in characters; 0 for any.
        validation: of a text: a regular expression of RE2, or ``shellsafe``, ``ipaddress``,
            ``ipv4address``, ``ipv6address``.
        choices: the texts that are allowed; empty for any.
        sensitive: whether it shall not be shown.
    """

    description: str
    prompt: str = ""
    max_length: int = 512
    validation: str = ""
    choices: tuple[str, ...] = ()
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """Beside the type of a result's field: what it is.

    Attributes:
        description: what it tells.
        display_as: its heading; by default made of the field's name.
    """

    description: str
    display_as: str = ""


@dataclass(frozen=True, slots=True)
class ActionMark:
    """What :func:`action` was given."""

    description: str
    display: str
    aggregate: tuple[AggregateDdl, ...]
    is_quick: bool


class Agent:
    """Base of agents whose actions are methods; see the module.

    Attributes:
        name: small letters, digits and ``_``.
        version: numbers with dots.
        timeout_seconds: for one action, at least 2.
        service: whether one of the nodes that have it answers a request, instead of each.
    """

    name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    author: ClassVar[str] = ""
    license: ClassVar[str] = ""
    version: ClassVar[str] = ""
    url: ClassVar[str] = ""
    timeout_seconds: ClassVar[int] = 10
    service: ClassVar[bool] = False


class RawAgent(Agent):
    """Base of agents that read and write payloads of their own, without actions."""

    def answer(
        self, request: AgentRequest, payload: bytes
    ) -> Awaitable[bytes | None] | bytes | None:
        """The payload of the reply; None for no reply.

        ``async``, unless it takes less than a millisecond and waits for nothing.
        """
        raise NotImplementedError


def action(
    description: str,
    *,
    display: str = "failed",
    aggregate: Iterable[AggregateDdl] = (),
    quick: bool = False,
) -> Callable[[_Method], _Method]:
    """Make a method an action, called like it.

    Args:
        description: what it does.
        display: which replies people see: ``failed``, ``ok`` or ``always`` all.
        aggregate: how clients sum up the replies.
        quick: of a method that is not ``async``: it takes less than a millisecond and
            waits for nothing.  Others run in a thread.
    """
    mark = ActionMark(description, display, tuple(aggregate), quick)

    def marked(method: _Method) -> _Method:
        setattr(method, MARK, mark)
        return method

    return marked


def summary(field: str) -> AggregateDdl:
    """How often each value of ``field`` was answered."""
    return AggregateDdl("summary", (field,))


def average(field: str, *, text: str = "") -> AggregateDdl:
    """The mean of ``field``; ``text`` says how to write it, as ``Mean: %.2f``."""
    return AggregateDdl("average", (field, {"format": text}) if text else (field,))


def chart(field: str, *, text: str = "") -> AggregateDdl:
    """A line of bars of all values of ``field``; ``text`` as of :func:`average`."""
    return AggregateDdl("chart", (field, {"format": text}) if text else (field,))


Fields = Mapping[str, object]
"""What an action gives whose fields are not known beforehand."""
