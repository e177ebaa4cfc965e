"""What asks whether a caller may run an action, and what answers.  Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Somebody wants to run an action on a node.

    Attributes:
        caller: who asks, verified where the network has security, as ``choria=name``.
        facts, classes: of the node; read only where a rule asks for them.
    """

    agent: str
    action: str
    caller: str
    request_id: str
    facts: Callable[[], Mapping[str, object]]
    classes: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the reason for the node's log; callers do not learn it."""

    allowed: bool
    reason: str


class Authorizer(Protocol):
    """Decides; one serves all nodes of a process."""

    def decide(self, request: AuthorizationRequest) -> Decision:
        """Whether the action may run.  What raises does not allow."""
