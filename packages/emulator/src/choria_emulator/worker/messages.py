"""What the program and the processes of its nodes tell each other.  Pure.

Each message is one line of JSON: orders come in on standard input, reports go out on
standard output.  The end of the input means that the program has ended.
"""

from typing import Final

from msgspec import Struct, json

from choria_emulator.fleet.plan import FleetPlan
from choria_emulator.watch.figures import WorkerFigures


class TlsSpec(Struct, frozen=True):
    """TLS of every connection; file names as in :class:`choria_core.nats.endpoint.TlsSettings`."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = False


class WorkerSpec(Struct, frozen=True, kw_only=True):
    """What one process shall do.

    Attributes:
        worker, workers: its number, from 0, and how many there are: of each group it has the
            nodes whose number, less one, leaves ``worker`` when divided by ``workers``.
        plan: of the whole fleet.
        servers: brokers of groups that name none.
        config_file: of a Choria server, for security and policies; empty for none.
        is_secure: whether requests must be signed.
        tls: None for plain connections.
        credentials_file: a ``.creds`` file; empty for what the configuration says.
        connects_at_once: to each broker.
        connects_per_second: of this process; 0 for as many as go.
        source_addresses: that connections come from, in turns; none for the system's choice.
        audit_pattern: path of audit files with ``%s``; empty for none.
        registrations: plugins by which nodes register; none for their facts alone.
        may_exit: whether the action ``exit_emulator`` does.
    """

    worker: int
    workers: int
    plan: FleetPlan
    servers: tuple[str, ...]
    config_file: str = ""
    is_secure: bool = False
    tls: TlsSpec | None = None
    credentials_file: str = ""
    connects_at_once: int = 50
    connects_per_second: float = 0.0
    source_addresses: tuple[str, ...] = ()
    audit_pattern: str = ""
    registrations: tuple[str, ...] = ()
    may_exit: bool = False


class Resize(Struct, frozen=True, tag="resize"):
    """Have so many nodes of each group in the whole fleet; groups left out stay as they are."""

    counts: dict[str, int]


class Storm(Struct, frozen=True, tag="storm"):
    """Cut all connections at once."""


class Stop(Struct, frozen=True, tag="stop"):
    """Finish what is in work, say goodbye and end."""


Order = Resize | Storm | Stop


class Told(Struct, frozen=True, tag="figures", kw_only=True):
    """How the nodes are doing.

    Attributes:
        figures: of the process.
        absent: nodes that are away because the plan wants it.
    """

    figures: WorkerFigures
    absent: int = 0


class ExitAsked(Struct, frozen=True, tag="exit"):
    """Somebody called ``exit_emulator``, which is allowed."""


class Failed(Struct, frozen=True, tag="failed", kw_only=True):
    """It cannot go on.

    Attributes:
        problem: why.
        exit_code: of the program.
    """

    problem: str
    exit_code: int = 1


Report = Told | ExitAsked | Failed

_encoder: Final = json.Encoder()
specs: Final = json.Decoder(WorkerSpec)
orders: Final = json.Decoder(Order)
reports: Final = json.Decoder(Report)


def line(message: Struct) -> bytes:
    """A message as it goes over a pipe."""
    return _encoder.encode(message) + b"\n"
