"""The JSON schema says of a file what the reader says of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import read_yaml
from choria_emulator.fleet.document import plan_of
from choria_emulator.fleet.document_schema import fleet_schema
from choria_emulator.fleet.plan import Group
from choria_emulator.fleet.reference import page

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "fleet-file.md"
SCHEMA = fleet_schema()
OPTIONS = Group(name="fleet", prefix="fleet", count=1)

GOOD = [
    "groups: {web: {count: 1}}",
    "{seed: -3, agents: 0, profile: stock, groups: {web: {count: 1, prefix: a.b-c, offset: 5}}}",
    "groups: {web: {count: 1, collectives: 3}, db: {count: 1, collectives: [mcollective, a]}}",
    "groups: {web: {count: 1, latency: 20ms±10ms, slow: '1%:5s', drop: 0.1%, fail: 0.01}}",
    "groups: {web: {count: 1, latency: 1m30s+-1s, slow: 0.5, churn: 1%/m, registration: 5m}}",
    "groups: {web: {count: 1, latency: 0s, slow: 0, drop: 0, churn: 0, registration: 0s}}",
    "groups: {web: {count: 1, latency: 1.5h, slow: 0%, drop: '1', churn: 0.1/h, registration: 1d}}",
    "groups: {web: {count: 1, servers: ['one.example:4222', 'nats://two.example:4222']}}",
    "groups: {web: {count: 1, classes: [a, '${group}::b', {choice: [c, null]}]}}",
    "groups: {web: {count: 1, facts: {a: 1, b: [x, {c: '${number}'}], d: {e: null}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: [1, {b: {range: [1, 2.5]}}]}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: {x: 20%, y: 0.8}}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: [1, 2], shares: [20%, 80%]}}}}",
    "groups: {web: {count: 1, facts: {a: {literal: {choice: '${x}'}}}}}",
    "{latency: , facts: ~, groups: {web: {count: 1, classes: , agents: }}}",
]

BAD = [
    "{}",
    "groups: {}",
    "groups: [web]",
    "groups: {web: {}}",
    "groups: {web: {count: 0}}",
    "groups: {web: {count: many}}",
    "{sead: 1, groups: {web: {count: 1}}}",
    "{seed: 1.5, groups: {web: {count: 1}}}",
    "groups: {web: {count: 1, agent: 1}}",
    "groups: {web: {count: 1, agents: -1}}",
    "groups: {web: {count: 1, profile: golang}}",
    "groups: {web: {count: 1, prefix: a/b}}",
    "groups: {web: {count: 1, offset: -1}}",
    "groups: {web: {count: 1, collectives: 0}}",
    "groups: {web: {count: 1, collectives: []}}",
    "groups: {web: {count: 1, collectives: [a, a]}}",
    "groups: {web: {count: 1, latency: 20}}",
    "groups: {web: {count: 1, latency: 20ms±}}",
    "groups: {web: {count: 1, slow: '1%:'}}",
    "groups: {web: {count: 1, drop: 5}}",
    "groups: {web: {count: 1, drop: 101%}}",
    "groups: {web: {count: 1, fail: some}}",
    "groups: {web: {count: 1, churn: 1%}}",
    "groups: {web: {count: 1, churn: 1%/d}}",
    "groups: {web: {count: 1, registration: 30}}",
    "groups: {web: {count: 1, servers: [broker]}}",
    "groups: {web: {count: 1, classes: web}}",
    "groups: {web: {count: 1, classes: [{choice: []}]}}",
    "groups: {web: {count: 1, facts: [a]}}",
    "groups: {web: {count: 1, facts: {choice: [a]}}}",
    "groups: {web: {count: 1, facts: {a: '${nam}'}}}",
    "groups: {web: {count: 1, facts: {a: {b: [{choice: a}]}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: [a], more: 1}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: {x: much}}}}}",
    "groups: {web: {count: 1, facts: {a: {choice: {x: 100%}, shares: [100%]}}}}",
    "groups: {web: {count: 1, facts: {a: {range: [1]}}}}",
    "groups: {web: {count: 1, facts: {a: {range: [a, b]}}}}",
    "groups: {web: {count: 1, facts: {a: 1}, inventory: nodes.json}}",
]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("text", GOOD)
def test_a_good_file_is_good_to_both(text: str) -> None:
    assert _told(text) == ""
    assert [error.message for error in _validator().iter_errors(_read(text))] == []


@pytest.mark.parametrize("text", BAD)
def test_a_bad_file_is_bad_to_both(text: str) -> None:
    assert _told(text)
    assert not _validator().is_valid(_read(text))


def test_every_key_has_a_description() -> None:
    top = SCHEMA["properties"]
    group = top["groups"]["additionalProperties"]["properties"]

    assert all(one["description"] for one in (*top.values(), *group.values()))


def test_the_committed_page_is_what_the_code_says() -> None:
    """Renew it with ``python -m choria_emulator.fleet.reference``."""
    assert PAGE.read_text() == page()


def test_the_example_on_the_page_is_a_fleet(tmp_path: Path) -> None:
    (tmp_path / "nodes.json").write_text('[{"facts": {"a": 1}}]')
    [example] = [part.partition("```")[0] for part in page().split("```yaml\n")[1:]]

    plan = plan_of(read_yaml(example), folder=tmp_path, defaults=OPTIONS)

    assert [group.count for group in plan.groups] == [40_000, 500]
    assert _validator().is_valid(yaml.safe_load(example))


def _validator() -> Draft202012Validator:
    return Draft202012Validator(SCHEMA)


def _read(text: str) -> Any:
    document = read_yaml(text)
    assert document.root is not None
    return plain(document.root)


def _told(text: str) -> str:
    """What the reader says of a file; nothing where it is in order."""
    try:
        plan_of(read_yaml(text), folder=Path(), defaults=OPTIONS)
    except InvalidConfigError as error:
        return str(error)
    return ""
