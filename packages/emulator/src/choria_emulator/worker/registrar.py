"""Registration of nodes: each publishes its facts once in an interval.

The message is that of the original's ``file_content`` plugin: the node's facts as a JSON
file, packed by gzip, to the agent ``registration``, where nobody answers.
"""

import gzip
import uuid
from collections.abc import Callable
from typing import Final

from choria_core.errors import LocalProtocolError
from choria_core.nats import wire
from choria_core.protocol import subjects
from choria_core.protocol.codec import codec_of, seal_request
from choria_core.protocol.json_documents import encode_document
from choria_core.protocol.messages import NANOSECONDS, Filter, Headers, Request, Version
from choria_core.protocol.registration_body import FileContent, encode_registration
from choria_core.server.sparing_log import SparingLog
from choria_emulator.node.emulated_node import EmulatedNode
from choria_emulator.watch.figures import Counts

FACTS_FILE: Final = "/etc/choria/facts.json"
AGENT: Final = "registration"
TTL_SECONDS: Final = 60
_QUICK: Final = 1  # of gzip: a machine packs the facts of tens of thousands


class Registrar:
    """Publishes the facts of nodes.

    Args:
        version: of the protocol.
        counts: of the process.
        started: unix seconds; that the facts were written.
        clock_ns: unix time.
        log: where warnings go.
    """

    def __init__(
        self,
        version: Version,
        counts: Counts,
        *,
        started: int,
        clock_ns: Callable[[], int],
        log: SparingLog,
    ) -> None:
        self._codec = codec_of(version)
        self._counts = counts
        self._started = started
        self._clock_ns = clock_ns
        self._log = log

    def register(self, node: EmulatedNode) -> None:
        """Publish what ``node`` is; it is lost where the node has no connection."""
        try:
            frame = self._frame(node)
        except LocalProtocolError as error:
            self._log.warning("a node cannot register", node=node.identity, cause=str(error))
            return
        if node.write(frame):
            self._counts.registrations += 1

    def _frame(self, node: EmulatedNode) -> bytes:
        collective = node.desk.group.collectives[0]
        facts = gzip.compress(encode_document(dict(node.facts())), compresslevel=_QUICK, mtime=0)
        content = FileContent(mtime=self._started, file=FACTS_FILE, updated=False, zcontent=facts)
        request = Request(
            request_id=uuid.uuid4().hex,
            sender=node.identity,
            caller=f"choria={node.identity}",
            collective=collective,
            agent=AGENT,
            ttl_seconds=TTL_SECONDS,
            time_ns=self._clock_ns() // NANOSECONDS * NANOSECONDS,
            payload=encode_registration(content),
            filter=Filter(),
        )
        sealed = seal_request(self._codec, request, sign=None)
        url = node.broker.url
        headers = Headers(
            sender=node.identity,
            reply_to=subjects.NO_REPLY,
            seen_by=((url, node.identity, url),),
        )
        subject = subjects.registration(collective).encode()
        return wire.publish(subject, b"", b"", self._codec.encode_transport(sealed, headers))
