"""The agents that only emulated nodes have: ``emulated0`` and so on, and ``scout``."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from msgspec import Struct

from choria_core.agents.agent import ActionError, Agent, Input, Output, action
from choria_core.agents.loading import LoadedAgent, load_agent
from choria_core.hookspecs import AgentPlugin
from choria_core.plugins import Offered
from choria_core.protocol.rpc_body import StatusCode

PLUGIN: Final = "emulator"

_DIGITS: Final = "0123456789"
_AUTHOR: Final = "The Choria toolkit in Python"


@dataclass(slots=True)
class Limits:
    """What agents may do, and what they were asked.

    Attributes:
        max_payload_bytes: the largest message that any broker takes; what is too large for
            one of them is noticed when it shall be sent there.
        may_exit: whether ``exit_emulator`` ends the emulator.
        exit_asked: whether that was asked.
    """

    max_payload_bytes: int = 0
    may_exit: bool = False
    exit_asked: bool = False


class Generated(Struct, frozen=True):
    """Of ``generate``."""

    message: Annotated[str, Output("Generated Message", "Message")]


class EmulatedAgent(Agent):
    """Answers with as much text as is asked for."""

    description = "Emulated Agent"
    author = _AUTHOR
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://choria.io"
    timeout_seconds = 5
    limits: ClassVar[Limits]

    @action("Generates random data of a given size", quick=True)
    def generate(
        self, *, size: Annotated[int, Input("Amount of text to generate", "Size")] = 20
    ) -> Generated:
        """The ten digits again and again, so the same for the same size."""
        limit = self.limits.max_payload_bytes
        if size > limit:
            raise ActionError(
                StatusCode.INVALID_DATA,
                f"a message of {size} bytes is more than the broker takes, which is {limit}",
            )
        whole, rest = divmod(max(size, 0), len(_DIGITS))
        return Generated(_DIGITS * whole + _DIGITS[:rest])

    @action("Ends the emulator", quick=True)
    def exit_emulator(self) -> None:
        """All nodes of it, once they have answered; only where that was allowed."""
        if not self.limits.may_exit:
            raise ActionError(
                StatusCode.ABORTED, "not allowed: the emulator was started without --allow-exit"
            )
        self.limits.exit_asked = True


class Checks(Struct, frozen=True):
    """Of ``checks``."""

    checks: Annotated[list[dict[str, Any]], Output("State of each check", "Checks")]


class Acted(Struct, frozen=True):
    """Of what changes checks."""

    transitioned: Annotated[list[str], Output("Checks that changed", "Transitioned Checks")]
    failed: Annotated[list[str], Output("Checks that did not", "Failed Checks")]
    skipped: Annotated[list[str], Output("Checks that were not meant", "Skipped Checks")]


class Scout(Agent):
    """The agent of a node that watches nothing."""

    name = "scout"
    description = "Shows and controls the checks of a node"
    author = _AUTHOR
    license = "Apache-2.0"
    version = "1.0.0"
    url = "https://choria.io"
    timeout_seconds = 5

    @action("The checks and their states", display="ok", quick=True)
    def checks(self) -> Checks:
        """None."""
        return Checks([])

    @action("Run checks at once", quick=True)
    def trigger(self, *, checks: Annotated[list[Any] | None, Input("Which ones")] = None) -> Acted:
        """None."""
        return _nothing(checks)

    @action("Stop running checks for a while", quick=True)
    def maintenance(
        self, *, checks: Annotated[list[Any] | None, Input("Which ones")] = None
    ) -> Acted:
        """None."""
        return _nothing(checks)

    @action("Run checks again", quick=True)
    def resume(self, *, checks: Annotated[list[Any] | None, Input("Which ones")] = None) -> Acted:
        """None."""
        return _nothing(checks)


def _nothing(checks: Iterable[object] | None) -> Acted:
    return Acted([], [], [str(check) for check in checks or ()])


def load_emulated(names: Iterable[str], limits: Limits) -> dict[str, LoadedAgent]:
    """The agents ``names``, each of which is ``scout`` or ``emulated`` with a number."""
    return {
        name: load_agent(Offered(PLUGIN, AgentPlugin(name, _agent(name, limits)))) for name in names
    }


def _agent(name: str, limits: Limits) -> type[Agent]:
    if name == Scout.name:
        return Scout
    return type(
        name, (EmulatedAgent,), {"name": name, "limits": limits, "__doc__": EmulatedAgent.__doc__}
    )
