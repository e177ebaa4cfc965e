"""What a span of time costs."""

from choria_emulator.measure.effort_meter import EffortMeter


def test_work_costs_time_of_a_processor() -> None:
    with EffortMeter() as meter:
        first = meter.so_far()
        sum(range(1_000_000))
        second = meter.so_far()

    assert second.cpu_ns > first.cpu_ns >= 0
    assert second.wall_ns > first.wall_ns >= 0
    assert second.waiting_ns >= 0
    assert second.busy_share > 0
