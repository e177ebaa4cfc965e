"""Registration plugins that emulated nodes have, as servers have them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from choria_core.errors import ChoriaError
from choria_core.network_config.server_config import ServerConfig
from choria_core.registration.loading import MakeRegistration, is_local
from choria_core.registration.registration import Registration, RegistrationItem
from choria_core.server.sparing_log import SparingLog
from choria_core.server.workload import Workload
from choria_core.telemetry.logs import get_logger
from choria_emulator.node.emulated_node import EmulatedNode, State
from choria_emulator.node.registering_face import RegisteringFace

Publish = Callable[[EmulatedNode, RegistrationItem], None]

_FAILED: Final = "a registration failed"


class HostedRegistrations:
    """The registrations of all nodes of a process, each node with its own.

    They are made when a node registers first.  What goes wrong is told in the log.

    Args:
        kinds: by name.
        config: of all nodes.
        workload: runs what they do.
        log: where warnings go.
    """

    def __init__(
        self,
        kinds: Mapping[str, MakeRegistration],
        *,
        config: ServerConfig,
        workload: Workload,
        log: SparingLog,
    ) -> None:
        self._kinds = kinds
        self._config = config
        self._workload = workload
        self._log = log
        self._of: dict[EmulatedNode, tuple[tuple[str, Registration], ...]] = {}

    @property
    def nodes(self) -> int:
        """How many nodes have any."""
        return len(self._of)

    def register(self, node: EmulatedNode, publish: Publish) -> None:
        """Ask all of ``node``'s; ``publish`` gets what they give."""
        if node not in self._of:
            self._of[node] = tuple(self._made(node))
        for name, one in self._of[node]:
            if node.state is not State.READY and not is_local(self._kinds[name]):
                continue
            if self._workload.has_room:
                self._workload.start(self._ask(node, name, one, publish))
            else:
                self._log.warning("too much is in work for a registration", registration=name)

    def forget(self, gone: Iterable[EmulatedNode]) -> None:
        """Keep nothing of nodes that do not come back."""
        for node in gone:
            self._of.pop(node, None)

    def _made(self, node: EmulatedNode) -> Iterator[tuple[str, Registration]]:
        face = RegisteringFace(node, node.desk.traits, self._config)
        for name, make in self._kinds.items():
            try:
                yield name, make(face)
            except ChoriaError as error:
                self._log.warning("a node does not register", registration=name, cause=str(error))
            except (Exception, SystemExit):  # noqa: BLE001 - whatever a foreign plugin raises
                get_logger("choria.emulator").exception(
                    "a node does not register", registration=name
                )

    async def _ask(
        self, node: EmulatedNode, name: str, one: Registration, publish: Publish
    ) -> None:
        try:
            item = await one.item()
            if item is not None:
                publish(node, item)
        except (ChoriaError, OSError) as error:
            about = {"registration": name, "node": node.identity}
            self._log.warning(_FAILED, **about, cause=str(error))
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a foreign plugin raises
            get_logger("choria.emulator").exception(_FAILED, registration=name)
