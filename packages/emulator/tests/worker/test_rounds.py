"""What every node does once in a while."""

from choria_emulator.worker.rounds import Round


def test_each_has_its_second_in_every_round() -> None:
    one: Round[str] = Round(10)
    for name, share in (("first", 0.0), ("half", 0.5), ("last", 0.999)):
        one.add(name, share)
    found = {second: list(one.due(second)) for second in range(20) if one.due(second)}
    assert found == {
        0: ["first"],
        5: ["half"],
        9: ["last"],
        10: ["first"],
        15: ["half"],
        19: ["last"],
    }


def test_those_who_left_have_no_turn_any_more() -> None:
    one: Round[str] = Round(10)
    one.add("gone", 0.1)
    one.add("here", 0.1)
    one.keep(["here"])
    assert list(one) == list(one.due(1)) == ["here"]


def test_a_period_of_years_takes_no_more_than_its_members() -> None:
    one: Round[str] = Round(10**15)
    one.add("somebody", 0.5)
    assert list(one.due(10**15 // 2)) == ["somebody"]
