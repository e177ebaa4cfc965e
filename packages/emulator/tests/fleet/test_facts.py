"""Facts and classes of emulated nodes."""

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.fleet.draws import Draws
from choria_emulator.fleet.facts import GroupFacts
from choria_emulator.fleet.plan import FleetPlan, Group, decode_plan, encode_plan
from choria_emulator.fleet.recipes import STANDARD_FACTS, InventoryFacts, TemplateFacts
from choria_emulator.fleet.templates import TemplateError

DRAWS = Draws(42)

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text().filter(lambda text: "${" not in text),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).filter(lambda value: "choice" not in str(value) and "range" not in str(value))


def test_placeholders_are_filled_and_a_number_alone_stays_a_number() -> None:
    facts = _facts(
        {
            "rack": "${number}",
            "fqdn": "${identity}.example.net",
            "where": "${group}/${number}",
            "nested": {"list": ["${identity}", 1, None]},
            "as_is": "$number {number} $",
        },
        number=7,
        offset=100,
    )

    assert facts == {
        "rack": 107,
        "fqdn": "web-107.example.net",
        "where": "web/107",
        "nested": {"list": ["web-107", 1, None]},
        "as_is": "$number {number} $",
    }


@given(st.dictionaries(st.text(), plain_values).filter(lambda facts: "literal" not in facts))
def test_what_holds_nothing_special_stays_as_it_is(facts: dict[str, Any]) -> None:
    if "literal" not in str(facts):
        assert _facts(facts) == facts


def test_facts_keep_the_order_of_their_template() -> None:
    facts = _facts({"b": "${number}", "a": 1, "c": {"choice": [1, 2]}})

    assert list(facts) == ["b", "a", "c"]


def test_a_literal_is_left_alone() -> None:
    facts = _facts({"policy": {"literal": {"choice": "${number}"}}})

    assert facts == {"policy": {"choice": "${number}"}}


def test_a_choice_takes_each_as_often() -> None:
    counts = _counted({"choice": ["a", "b", "c", "d"]})

    _assert_shares(counts, {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25})


def test_a_choice_with_shares_takes_each_as_often_as_it_says() -> None:
    shares = {"gold": "20%", "iron": "79%", "tin": 0.01}

    _assert_shares(_counted({"choice": shares}), {"gold": 0.2, "iron": 0.79, "tin": 0.01})


def test_shares_beside_a_choice_keep_types() -> None:
    counts = _counted({"choice": [2, 64], "shares": ["90%", "10%"]})

    _assert_shares(counts, {2: 0.9, 64: 0.1})


def test_a_range_of_whole_numbers_holds_both_ends() -> None:
    counts = _counted({"range": [1, 4]})

    _assert_shares(counts, {1: 0.25, 2: 0.25, 3: 0.25, 4: 0.25})


def test_a_range_of_other_numbers_holds_what_is_between() -> None:
    made = _counted({"range": [0.5, 2]})

    assert all(isinstance(value, float) and 0.5 <= value < 2 for value in made)


def test_a_choice_may_be_among_templates_that_go_together() -> None:
    template = {"choice": [{"name": "a", "on": "${identity}"}, {"name": {"range": [5, 5]}}]}

    made = [_facts({"os": template}, number=number)["os"] for number in range(1, 20)]

    assert {"name": 5} in made
    assert all(one == {"name": 5} or one["on"].startswith("web-") for one in made)


def test_draws_of_facts_go_by_the_path_to_them() -> None:
    facts = _facts({"os": {"major": {"range": [0, 999]}, "tags": [{"range": [0, 999]}]}})

    assert facts["os"] == {
        "major": int(DRAWS.share("fact os.major", "web-1") * 1000),
        "tags": [int(DRAWS.share("fact os.tags.0", "web-1") * 1000)],
    }


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("${nam}", ["x: ", "${nam} is not known", "${identity}"]),
        ({"choice": []}, ["nothing to choose from", "{choice: [a, b]}"]),
        ({"choice": "a"}, ["nothing to choose from"]),
        ({"choice": ["a"], "other": 1}, ["choice stands beside other", "literal"]),
        ({"choice": {"a": "20%", "b": "70%"}}, ["add up to 90%", "make 100%"]),
        ({"choice": {"a": "much"}}, ['"much" is no share']),
        ({"choice": {"a": "100%"}, "shares": ["100%"]}, ["said twice"]),
        ({"choice": [1, 2], "shares": ["100%"]}, ["one for each choice", "write 2 of them"]),
        ({"range": [1]}, ["two numbers", "{range: [1, 64]}"]),
        ({"range": ["a", True]}, ["two numbers"]),
        ({"range": [9, 1]}, ["ends at 1, below 9", "exchange"]),
        ({"deep": [{"range": 3}]}, ["x.deep.0: "]),
    ],
)
def test_a_template_that_cannot_be_made_is_refused_with_a_fix(
    template: object, words: list[str]
) -> None:
    with pytest.raises(TemplateError) as caught:
        _facts({"x": template})

    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_nodes_take_after_real_ones_in_turn_and_go_on_by_their_offset() -> None:
    recipe = InventoryFacts(({"n": 1}, {"n": 2}, {"n": 3}), (("a",), (), ("b", "web")))
    group = _group(facts=recipe, classes=("web",))

    facts = GroupFacts(group, DRAWS)
    assert [facts.facts(number)["n"] for number in range(1, 6)] == [1, 2, 3, 1, 2]
    assert [facts.classes(number) for number in (1, 2, 3)] == [
        ("web", "a"),
        ("web",),
        ("web", "b"),
    ]
    further = _group(facts=recipe, offset=4)
    assert GroupFacts(further, DRAWS).facts(1) == {"n": 2}


def test_classes_may_be_drawn_and_null_is_none() -> None:
    drawn = ("rack::${number}", {"choice": ["canary", None], "shares": ["10%", "90%"]})
    facts = GroupFacts(_group(classes=("web",), drawn_classes=drawn), DRAWS)

    made = [facts.classes(number) for number in range(1, 5001)]

    assert made[4][:2] == ("web", "rack::5")
    canaries = sum("canary" in classes for classes in made)
    assert abs(canaries - 500) < 5 * math.sqrt(5000 * 0.1 * 0.9)
    assert all(None not in classes for classes in made)


def test_nodes_share_what_is_the_same_for_all() -> None:
    facts = GroupFacts(_group(facts=TemplateFacts({"os": {"family": "Debian"}})), DRAWS)

    assert facts.facts(1) is facts.facts(2)


def test_nodes_without_a_recipe_have_facts_that_filters_can_part() -> None:
    facts = GroupFacts(_group(), DRAWS)

    made = [facts.facts(number) for number in range(1, 5001)]

    assert made[0]["fqdn"] == "web-1"
    countries = Counter(one["country"] for one in made)
    assert abs(countries["mt"] - 1250) < 5 * math.sqrt(5000 * 0.25 * 0.75)
    assert {one["os"]["family"] for one in made} == {"Debian", "RedHat"}


def test_a_plan_goes_over_a_pipe_as_it_is() -> None:
    groups = (
        _group(drawn_classes=({"choice": ["a", None]},)),
        _group(facts=InventoryFacts(({"a": [1, None]},), (("b",),))),
    )
    plan = FleetPlan(groups=groups, seed=42)

    assert decode_plan(encode_plan(plan)) == plan


def test_the_standard_facts_are_a_template_that_can_be_made() -> None:
    made = GroupFacts(_group(facts=STANDARD_FACTS), DRAWS).facts(3)

    assert list(made) == list(STANDARD_FACTS.facts)


def _group(**settings: Any) -> Group:
    return Group(name="web", prefix="web", count=10, **settings)


def _facts(template: dict[str, Any], *, number: int = 1, offset: int = 0) -> dict[str, Any]:
    group = _group(facts=TemplateFacts(template), offset=offset)
    return dict(GroupFacts(group, DRAWS).facts(number))


def _counted(template: object) -> Counter[Any]:
    facts = GroupFacts(_group(facts=TemplateFacts({"x": template})), DRAWS)
    return Counter(facts.facts(number)["x"] for number in range(1, 20_001))


def _assert_shares(counts: Counter[Any], shares: dict[Any, float]) -> None:
    total = counts.total()
    assert set(counts) == set(shares)
    for value, share in shares.items():
        sigma = math.sqrt(total * share * (1 - share))
        assert abs(counts[value] - total * share) < 5 * sigma, value
