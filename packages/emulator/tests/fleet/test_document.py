"""Fleet files: what they say, and what is said of bad ones."""

import json
from pathlib import Path

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_emulator.fleet.document import load_plan
from choria_emulator.fleet.plan import (
    BUILTIN_AGENTS,
    STOCK_AGENTS,
    Behaviour,
    FleetPlan,
    Group,
    Latency,
    emulated_agents,
)
from choria_emulator.fleet.recipes import STANDARD_FACTS, InventoryFacts, TemplateFacts

OPTIONS = Group(
    name="fleet",
    prefix="fleet",
    count=1,
    agents=(*BUILTIN_AGENTS, "emulated0"),
    collectives=("mcollective", "collective1"),
    classes=("base",),
    servers=("nats://127.0.0.1:4222",),
    behaviour=Behaviour(drop=0.5, slow=0.1, slow_seconds=9.0, registration_seconds=300.0),
)


def test_a_group_says_it_before_the_file_and_the_file_before_the_options(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        """
        seed: 42
        agents: 3
        latency: 20ms±10ms
        churn: 1%/m
        facts: {country: mt}
        groups:
          web:
            count: 40000
            agents: 2
            churn: 5%/m
            classes: [role::web]
            collectives: [mcollective, de]
          db:
            count: 10
            prefix: data.base
            offset: 100
            profile: stock
            latency: 0s
            slow: 1%:5s
            drop: 0%
            fail: 0.5%
            registration: 0s
            facts: {cores: {range: [1, 4]}}
            servers: ["127.0.0.1:5222"]
        """,
    )

    assert plan.seed == 42
    assert plan.groups == (
        Group(
            name="web",
            prefix="web",
            count=40_000,
            agents=(*BUILTIN_AGENTS, *emulated_agents(2)),
            collectives=("mcollective", "de"),
            classes=("role::web",),
            facts=TemplateFacts({"country": "mt"}),
            servers=("nats://127.0.0.1:4222",),
            behaviour=Behaviour(
                latency=Latency(0.02, 0.01),
                drop=0.5,
                slow=0.1,
                slow_seconds=9.0,
                churn=0.05,
                registration_seconds=300.0,
            ),
        ),
        Group(
            name="db",
            prefix="data.base",
            count=10,
            offset=100,
            agents=(*STOCK_AGENTS, *emulated_agents(3)),
            collectives=("mcollective", "collective1"),
            classes=("base",),
            facts=TemplateFacts({"cores": {"range": [1, 4]}}),
            servers=("127.0.0.1:5222",),
            behaviour=Behaviour(slow=0.01, slow_seconds=5.0, fail=0.005, churn=0.01),
        ),
    )


def test_what_nobody_says_is_as_the_options_say(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "groups: {web: {count: 2}}", seed=7)

    [group] = plan.groups
    assert plan.seed == 7
    assert (group.agents, group.collectives) == (OPTIONS.agents, OPTIONS.collectives)
    assert (group.classes, group.facts) == (OPTIONS.classes, STANDARD_FACTS)
    assert group.behaviour == OPTIONS.behaviour


def test_a_profile_alone_keeps_the_emulated_agents_of_the_options(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "{profile: stock, collectives: 3, groups: {web: {count: 2}}}")

    [group] = plan.groups
    assert group.agents == (*STOCK_AGENTS, "emulated0")
    assert group.collectives == ("mcollective", "collective1", "collective2")


def test_classes_of_single_nodes_stand_apart(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        """
        classes: [web, "rack::${number}", {choice: [canary, null]}]
        groups: {web: {count: 2}}
        """,
    )

    [group] = plan.groups
    assert group.classes == ("web",)
    assert group.drawn_classes == ("rack::${number}", {"choice": ["canary", None]})


def test_an_inventory_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    nodes = [{"facts": {"x": 1}, "classes": ["a"]}, {"facts": {"x": 2}}]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "nodes.json").write_text(json.dumps(nodes))

    plan = _plan(
        tmp_path,
        """
        inventory: sub/nodes.json
        groups:
          web: {count: 2}
          db: {count: 2, facts: {y: 1}}
        """,
    )

    web, db = plan.groups
    assert web.facts == InventoryFacts(({"x": 1}, {"x": 2}), (("a",), ()))
    assert db.facts == TemplateFacts({"y": 1})


def test_everything_that_is_wrong_is_said_at_once_with_its_place(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path,
        """\
sed: 42
latency: 20ms±30ms
groups:
  web:
    count: 40
    latancy: 20ms
    facts:
      cores:
        deep: {choice: [2, 64], shares: [90%, 20%]}
      x: ${idenity}
    classes: [a, {range: 3}]
  db:
    count: 10
    prefix: a
    inventory: nosuch.json
  dc:
    count: 0
    collectives: 0
    profile: stok
    facts: {choice: [a]}
    inventory: x
  dd:
    count: 10
    prefix: a/b
    drop: 5
    churn: 1%
    servers: [broker]
  de:
    count: 10
    prefix: a
    offset: 5
""",
    )

    assert [(line, key) for line, key, _ in problems] == [
        (1, "sed"),
        (2, "latency"),
        (6, "groups.web.latancy"),
        (8, "groups.web.facts.cores"),
        (10, "groups.web.facts.x"),
        (11, "groups.web.classes[1]"),
        (15, "groups.db.inventory"),
        (17, "groups.dc.count"),
        (19, "groups.dc.profile"),
        (24, "groups.dd.prefix"),
        (25, "groups.dd.drop"),
        (26, "groups.dd.churn"),
        (27, "groups.dd.servers[0]"),
        (28, "groups.de"),
    ]
    words = "\n".join(text for _, _, text in problems)
    assert "did you mean seed?" in words
    assert "did you mean latency?" in words
    assert "vary it by 20ms at most" in words
    assert "did you mean stock?" in words
    assert "5% perhaps?" in words
    assert "write broker:4222" in words


def test_a_template_at_the_place_of_facts_and_two_sources_are_refused(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path,
        """\
groups:
  web:
    count: 1
    facts: {choice: [a]}
    inventory: x
    collectives: [mcollective, mcollective, "a b"]
""",
    )

    assert [(line, key) for line, key, _ in problems] == [
        (4, "groups.web.facts.choice"),
        (5, "groups.web.inventory"),
        (6, "groups.web.collectives"),
        (6, "groups.web.collectives"),
    ]


@pytest.mark.parametrize("collectives", ["0", "true", "[]", "{a: 1}", "1.5", "2000"])
def test_what_is_no_number_and_no_names_is_no_collectives(tmp_path: Path, collectives: str) -> None:
    problems = _problems(tmp_path, f"groups: {{web: {{count: 1, collectives: {collectives}}}}}")

    assert [key for _, key, _ in problems] == ["groups.web.collectives"]


def test_groups_that_would_share_names_are_both_named(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path,
        """\
groups:
  one: {prefix: n, count: 10}
  two: {prefix: n, count: 5, offset: 9}
  three: {prefix: n, count: 5, offset: 14}
  four: {prefix: m, count: 5}
  n: {count: 3, offset: 3}
""",
    )

    assert [(line, key) for line, key, _ in problems] == [(3, "groups.two"), (6, "groups.n")]
    assert "names n-10 as groups.one at line 2 does; write offset: 10" in problems[0][2]
    assert "names n-4 to n-6 as groups.one at line 2 does; write offset: 19" in problems[1][2]


def test_groups_next_to_each_other_share_nothing(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "groups: {one: {prefix: n, count: 10}, two: {prefix: n, count: 5, offset: 10}}",
    )

    names = [group.identity(number) for group in plan.groups for number in (1, group.count)]
    assert names == ["n-1", "n-10", "n-11", "n-15"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("seed: 1", "groups: is required"),
        ("groups: {}", "names no nodes"),
        ("groups: [a]", "must be a block of names"),
        ("groups: {web: {}}", "groups.web.count: is required"),
        ("groups: {'web nodes': {count: 1}}", "is no name of a node"),
        ("groups: {web: {count: 1}", "fleet.yaml:1"),
    ],
)
def test_a_file_without_nodes_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fleet.yaml").write_text(text)

    with pytest.raises(InvalidConfigError) as caught:
        load_plan(tmp_path / "fleet.yaml", defaults=OPTIONS)

    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_inventory_that_cannot_be_used_is_named_at_its_key(tmp_path: Path) -> None:
    (tmp_path / "nodes.json").write_text("[1, 2]")

    problems = _problems(tmp_path, "inventory: nodes.json\ngroups: {web: {count: 1}}")

    [(line, key, text)] = problems
    assert (line, key) == (1, "inventory")
    assert "holds no node with facts" in text


def _plan(folder: Path, text: str, *, seed: int = 0) -> FleetPlan:
    (folder / "fleet.yaml").write_text(text)
    return load_plan(folder / "fleet.yaml", defaults=OPTIONS, seed=seed)


def _problems(folder: Path, text: str) -> list[tuple[int, str, str]]:
    (folder / "fleet.yaml").write_text(text)
    with pytest.raises(InvalidConfigError) as caught:
        load_plan(folder / "fleet.yaml", defaults=OPTIONS)
    return [(one.line, one.key, str(one)) for one in caught.value.problems]
