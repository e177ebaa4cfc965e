"""Registration of nodes: each says what it is once in an interval.

Unless plugins are to do it, the message is that of the original's ``file_content`` plugin:
the node's facts as a JSON file, packed by gzip, to the agent ``registration``, where nobody
answers.
"""

import gzip
from collections.abc import Callable, Iterable
from typing import Final

from choria_core.errors import LocalProtocolError
from choria_core.nats import wire
from choria_core.network.party import version_of
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol import v1
from choria_core.protocol.json_documents import encode_document
from choria_core.protocol.messages import Version
from choria_core.protocol.registration_body import FileContent, encode_registration
from choria_core.registration.registration import RegistrationItem
from choria_core.registration.sealing import Sealer, subject_of
from choria_core.server.sparing_log import SparingLog
from choria_emulator.node.emulated_node import EmulatedNode
from choria_emulator.watch.figures import Counts
from choria_emulator.worker.hosted_registrations import HostedRegistrations

FACTS_FILE: Final = "/etc/choria/facts.json"
_QUICK: Final = 1  # of gzip: a machine packs the facts of tens of thousands


def node_sealer(config: ServerConfig) -> Sealer:
    """Closes what nodes register: none has a certificate or token of its own to sign by."""
    version = version_of(config.security)
    must_sign = config.security.protection.signed and version is Version.V1
    return Sealer(
        version=version,
        ttl_seconds=config.request_ttl_seconds,
        unsigned=v1.UNSIGNED_REGISTRATION if must_sign else None,
    )


class Registrar:
    """Registers nodes.

    Args:
        sealer: closes what they say.
        counts: of the process.
        started: unix seconds; that the facts were written.
        clock_ns: unix time.
        log: where warnings go.
        hosted: plugins that say what nodes are; None for their facts.

    Attributes:
        hosted: those.
    """

    def __init__(
        self,
        sealer: Sealer,
        counts: Counts,
        *,
        started: int,
        clock_ns: Callable[[], int],
        log: SparingLog,
        hosted: HostedRegistrations | None = None,
    ) -> None:
        self._sealer = sealer
        self._counts = counts
        self._started = started
        self._clock_ns = clock_ns
        self._log = log
        self.hosted = hosted

    def register(self, node: EmulatedNode) -> None:
        """Publish what ``node`` is; it is lost where the node has no connection."""
        if self.hosted is None:
            self._publish(node, self._facts(node))
        else:
            self.hosted.register(node, self._publish)

    def forget(self, gone: Iterable[EmulatedNode]) -> None:
        """Keep nothing of nodes that do not come back."""
        if self.hosted is not None:
            self.hosted.forget(gone)

    def _facts(self, node: EmulatedNode) -> RegistrationItem:
        facts = gzip.compress(encode_document(dict(node.facts())), compresslevel=_QUICK, mtime=0)
        content = FileContent(mtime=self._started, file=FACTS_FILE, updated=False, zcontent=facts)
        return RegistrationItem(encode_registration(content))

    def _publish(self, node: EmulatedNode, item: RegistrationItem) -> None:
        try:
            frame = self._frame(node, item)
        except LocalProtocolError as error:
            self._log.warning("a node cannot register", node=node.identity, cause=str(error))
            return
        if node.write(frame):
            self._counts.registrations += 1

    def _frame(self, node: EmulatedNode, item: RegistrationItem) -> bytes:
        collective = node.desk.group.collectives[0]
        body = self._sealer.seal(
            item,
            identity=node.identity,
            collective=collective,
            server=node.broker.url,
            now_ns=self._clock_ns(),
        )
        return wire.publish(subject_of(item, collective).encode(), b"", b"", body)
