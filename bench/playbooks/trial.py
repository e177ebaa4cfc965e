"""Every contender does few tasks and many, in turns."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.kit.rounds import Plan
from bench.playbooks.contenders import Contender
from bench.playbooks.figures import Round, Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        tasks: of the large books.
        plan: of the rounds.
    """

    tasks: int
    plan: Plan

    @property
    def counts(self) -> tuple[int, int]:
        """Tasks of the books: a single one, and many."""
        return (1, self.tasks)


FULL: Final = Scale(tasks=500, plan=Plan(rounds=7))
QUICK: Final = Scale(tasks=25, plan=Plan(rounds=9, budget_seconds=35.0))


async def run_trial(
    contenders: Sequence[Contender], scale: Scale, tell: Callable[[str], None]
) -> list[Round]:
    """All rounds that the plan has and the time allows, after one of the small books alone."""
    for contender in contenders:
        await contender.run(scale.counts[0])
    rounds: list[Round] = []
    begin = time.monotonic()
    longest = 0.0
    for number in range(1, scale.plan.rounds + 1):
        started = time.monotonic()
        if rounds and started - begin + longest > scale.plan.budget_seconds:
            tell(f"no time for round {number}")
            break
        rounds.append({one.name: await _runs(one, scale.counts) for one in contenders})
        for name, runs in rounds[-1].items():
            tell(f"round {number}: {name}: {', '.join(map(_said, runs))}")
        longest = max(longest, time.monotonic() - started)
    return rounds


async def _runs(contender: Contender, counts: Sequence[int]) -> Sequence[Taken]:
    return [await contender.run(count) for count in counts]


def _said(run: Taken) -> str:
    unit = "task" if run.tasks == 1 else "tasks"
    return f"{run.tasks} {unit} in {run.seconds:.2f} s"
