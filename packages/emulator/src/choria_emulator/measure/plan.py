"""What is to be measured.  Pure."""

from dataclasses import dataclass
from pathlib import Path

from choria_emulator.measure.thresholds import Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurePlan:
    """A suite of requests, each made when the one before is over.

    Attributes:
        suite_id: unique.
        count: how many requests count.
        warmup: how many are made before, and forgotten.
        expect: how many nodes there must be.
        description: of the suite, for people.
        folder: for the results; ``folder_given`` is how it was named.
        agent: whose ``generate`` is called.
        size: characters of each answer.
        timeout_seconds: how long each request waits for answers.
        grace_seconds: how much longer answers are counted as late.
        discovery_timeout_seconds: how long nodes are looked for.
        workers: connections that receive.
        force_direct: ask each node by its name, instead of all with one message.
        thresholds: what must hold.
    """

    suite_id: str
    count: int
    expect: int
    description: str
    folder: Path
    folder_given: str
    warmup: int = 0
    agent: str = "emulated0"
    size: int = 100
    timeout_seconds: float = 10.0
    grace_seconds: float = 1.0
    discovery_timeout_seconds: float = 2.0
    workers: int = 1
    force_direct: bool = False
    thresholds: tuple[Threshold, ...] = ()
