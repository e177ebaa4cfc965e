"""What the adapter's bench makes of its runs."""

from bench.adapter import NAMES
from bench.adapting.figures import GOALS, figures_of
from bench.adapting.messages import NODES, registrations
from bench.adapting.nats_py_adapter import unwrapped_by_codec, unwrapped_by_json
from bench.adapting.programs import GO, NATS_PY, NATS_PY_CODEC, OURS, OURS_2, OURS_4, programs
from bench.kit.series import Series
from choria_core.protocol.adapter_output import decode_adapter_output

RATES: list[dict[str, float | None]] = [
    {OURS: 30_000.4, NATS_PY: 10_000, NATS_PY_CODEC: 15_000, OURS_2: 50_000, OURS_4: 60_000},
    {OURS: 20_000, NATS_PY: 5_000, NATS_PY_CODEC: 10_000, OURS_2: 40_000, OURS_4: 50_000},
]


def body(frame: bytes) -> bytes:
    return frame.split(b"\r\n", 1)[1].removesuffix(b"\r\n")


def test_ratios_are_taken_round_by_round() -> None:
    figures = figures_of(Series(list(RATES)), Series([{OURS: 20.04, NATS_PY: 80.0}]), NAMES)

    assert figures["adapter_msgs_per_s"] == 25_000
    assert figures["adapter_msgs_per_s_2"] == 45_000
    assert figures["adapter_cpu_us_per_msg"] == 20.0
    assert figures["ratio_to_nats_py"] == 3.5
    assert figures["ratio_to_nats_py_codec"] == 2.0
    assert figures["ratio_to_go"] is figures["go_msgs_per_s"] is None
    assert {goal.figure for goal in GOALS} <= figures.keys()


def test_no_two_messages_are_alike_and_all_can_be_read() -> None:
    bodies = [body(frame) for frame in registrations(NODES + 5)]
    told = [unwrapped_by_codec(one) for one in bodies]

    assert len({identity for _, identity, _ in told}) == len(bodies)
    assert len({sender for sender, _, _ in told}) == NODES
    assert len(bodies[0]) > 3_000


def test_both_programs_with_nats_py_write_what_the_adapter_writes() -> None:
    one = body(registrations(1)[0])
    by_json, by_codec = unwrapped_by_json(one), unwrapped_by_codec(one)

    assert by_json == by_codec
    assert decode_adapter_output(by_json[2]).sender == by_json[0] == "node0.example"


def test_the_go_program_takes_part_where_it_is_named() -> None:
    assert [program.name for program in programs("")] == [
        OURS,
        NATS_PY,
        NATS_PY_CODEC,
        OURS_2,
        OURS_4,
    ]
    assert programs("/opt/choria")[-1].name == GO
