"""Where a copied message came from: the header every copy carries.  Pure.

    Choria-SR-Source: <stream> <sequence> <site> <worker> <unix milliseconds>

The line is the original replicator's, byte for byte, so that copies made by
either program resume behind the other's.  Sequence and time are ``-1`` where
the original could not read the metadata of the message it copied.
"""

import re
from dataclasses import dataclass

from choria_core.errors import LocalProtocolError, RemoteProtocolError

HEADER = "Choria-SR-Source"
_NUMBER = re.compile(r"-1|[0-9]{1,20}")
_UNFIT = re.compile(r"\s|[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of one copy.

    Attributes:
        stream: the source stream.
        sequence: of the message in that stream, from 1; -1 where unknown.
        site: name of the replicator that copied it.
        worker: name of the entry that copied it.
        timestamp_ms: when the source stored it, Unix time; -1 where unknown.
    """

    stream: str
    sequence: int
    site: str
    worker: str
    timestamp_ms: int

    def format(self) -> str:
        """The value of the header.

        Raises:
            LocalProtocolError: a name is empty or holds white space, which no
                reader could take apart again.
        """
        for name in (self.stream, self.site, self.worker):
            _check_name(name)
        return f"{self.stream} {self.sequence} {self.site} {self.worker} {self.timestamp_ms}"

    @classmethod
    def parse(cls, text: str) -> "Provenance":
        """Read the value of the header.

        Raises:
            RemoteProtocolError: not five parts, or a number that is none.
        """
        parts = text.strip().split(" ")
        if len(parts) != 5 or not all(parts):
            raise RemoteProtocolError(
                f"{HEADER} has {len(parts)} parts, expected five "
                f"(stream, sequence, site, worker, milliseconds): {text!r}"
            )
        stream, sequence, site, worker, timestamp = parts
        return cls(
            stream,
            _number(sequence, what="sequence", text=text),
            site,
            worker,
            _number(timestamp, what="time", text=text),
        )


def line_template(*, stream: str, site: str, worker: str) -> bytes:
    r"""One worker's header line, for the hot path.

    The line of a message is ``template % (sequence, timestamp_ms)``, both as
    decimal digits in bytes; it has its line end.

    Raises:
        LocalProtocolError: as :meth:`Provenance.format`.
    """
    for name in (stream, site, worker):
        _check_name(name)
    names = [name.replace("%", "%%") for name in (stream, site, worker)]
    return "{}: {} %b {} {} %b\r\n".format(HEADER, *names).encode()


def _check_name(name: str) -> None:
    if not name or _UNFIT.search(name):
        raise LocalProtocolError(
            f"{name!r} cannot stand in {HEADER}: a name without spaces is needed"
        )


def _number(part: str, *, what: str, text: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise RemoteProtocolError(f"the {what} in {HEADER} is not a number: {text!r}")
    return int(part)
