"""Every client asks every question of every number of nodes, in turns."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.kit.child import module_command, start_child
from bench.kit.program_run import run_program
from bench.kit.rounds import Plan
from bench.network.figures import Rounds, Taken
from bench.network.programs import INSECURE, Programs, Question
from choria_core.errors import WorkError

READY_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        counts: numbers of nodes; the difference of the last two is what figures come of.
        plan: of the rounds.
    """

    counts: tuple[int, ...]
    plan: Plan


@dataclass(slots=True)
class Results:
    """All runs, by program and question; of each round a run for each number of nodes."""

    taken: dict[tuple[str, str], list[list[Taken]]] = field(default_factory=dict)

    def rounds(self, program: str, question: Question) -> Rounds | None:
        """The rounds of one program with one question; None where it did not take part."""
        return self.taken.get((program, question.name))


class Trial:
    """Asks, with a program that answers for all nodes.

    Args:
        broker_url: where everybody connects.
        programs: the clients.
        questions: what they are to ask.
        tell: takes lines about what happens.
    """

    def __init__(
        self,
        broker_url: str,
        programs: Programs,
        questions: Sequence[Question],
        tell: Callable[[str], None],
    ) -> None:
        self._broker_url = broker_url
        self._programs = programs
        self._questions = questions
        self._tell = tell

    async def run(self, scale: Scale) -> Results:
        """All rounds that the plan has and the time allows, after one with the fewest nodes."""
        await self._round(scale.counts[:1])
        results = Results()
        begin = time.monotonic()
        longest = 0.0
        for number in range(1, scale.plan.rounds + 1):
            started = time.monotonic()
            if results.taken and started - begin + longest > scale.plan.budget_seconds:
                self._tell(f"no time for round {number}")
                break
            self._tell(f"round {number}")
            for key, runs in (await self._round(scale.counts)).items():
                results.taken.setdefault(key, []).append(runs)
            longest = max(longest, time.monotonic() - started)
        return results

    async def _round(self, counts: tuple[int, ...]) -> dict[tuple[str, str], list[Taken]]:
        runs: dict[tuple[str, str], list[Taken]] = {}
        for count in counts:
            async with _responders(self._broker_url, count):
                for question in self._questions:
                    for name in self._programs.paths:
                        taken = await self._ask(name, question, count)
                        runs.setdefault((name, question.name), []).append(taken)
        return runs

    async def _ask(self, name: str, question: Question, count: int) -> Taken:
        run = await run_program(self._programs.command(name, question, count), INSECURE)
        answers = question.answers(run.output)
        if answers != count:
            raise WorkError(f"{name} {question.name}: {answers} of {count} nodes answered")
        self._tell(
            f"{name} {question.name} {count:,}: {run.seconds:.2f} s, "
            f"{run.cpu_seconds:.2f} s of processor, {run.peak_bytes / 1e6:.0f} MB"
        )
        return Taken(count, run.seconds, run.cpu_seconds, run.peak_bytes)


@contextlib.asynccontextmanager
async def _responders(broker_url: str, count: int) -> AsyncIterator[None]:
    command = module_command("bench.network.responders", broker_url, str(count))
    async with start_child(*command) as child:
        await child.printed("ready", within_seconds=READY_SECONDS)
        yield
        child.check()
