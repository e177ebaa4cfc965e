"""Contenders take turns, for as long as there is time."""

from bench.kit.rounds import Contender, Plan, run_rounds


async def _run(plan: Plan) -> tuple[list[str], int]:
    log: list[str] = []

    def contender(name: str) -> Contender:
        async def take_part() -> float:
            log.append(name)
            return 1.0

        return take_part

    async def prepare() -> None:
        log.append("prepare")

    contenders = {name: contender(name) for name in ("a", "b")}
    series = await run_rounds(contenders, plan, prepare=prepare, tell=lambda _text: None)
    return log, len(series.rounds)


async def test_every_round_is_prepared_and_has_each_contender_once() -> None:
    log, rounds = await _run(Plan(rounds=2))

    assert log == ["prepare", "a", "b"] * 2
    assert rounds == 2


async def test_without_time_one_round_is_run_all_the_same() -> None:
    log, rounds = await _run(Plan(rounds=3, budget_seconds=0.0))

    assert log == ["prepare", "a", "b"]
    assert rounds == 1
