"""JSON schemas of the tasks' options take what the tasks take."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from choria_core.config.ruby_yaml import read_ruby_yaml
from choria_core.config.yaml_nodes import plain
from choria_playbooks.book.json_shapes import Shapes
from choria_playbooks.tasks.data import DataTask
from choria_playbooks.tasks.graphite_event import GraphiteEventTask
from choria_playbooks.tasks.shell import ShellTask
from choria_playbooks.tasks.slack import SlackTask
from choria_playbooks.tasks.webhook import WebhookTask


def is_valid(kind: Any, text: str) -> bool:
    root = read_ruby_yaml(text).root
    assert root is not None
    schema = Shapes(is_strict=True, takes_templates=False).record(kind.Options)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(plain(root))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ShellTask, "command: ls"),
        (ShellTask, "command: [sleep, 5]"),
        (ShellTask, "{command: ls, environment: {A: 1, B: , C: d}, nodes: [a], timeout: 1m}"),
        (DataTask, "{action: write, key: a/b, value: {c: [1, null]}}"),
        (WebhookTask, "{uri: http://a, verify_ssl: false, expect_status: [200]}"),
        (WebhookTask, "{uri: http://a, verify_ssl: y, method: get, data: {a: 1}, timeout: 5}"),
        (WebhookTask, "{uri: http://a, verify_ssl: 1, headers: {A: b}}"),
        (SlackTask, "{channel: a, text: b, token: c, color: good}"),
        (GraphiteEventTask, "{what: a, data: b, graphite: http://c, tags: [d]}"),
    ],
)
def test_good_options_pass(kind: Any, text: str, problems_of: Any) -> None:
    assert is_valid(kind, text)
    assert problems_of(kind, text) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ShellTask, "command: {a: b}"),
        (ShellTask, "command: [[ls]]"),
        (ShellTask, "{command: ls, environment: {A: [1]}}"),
        (ShellTask, "{command: ls, nodes: a}"),
        (ShellTask, "{command: ls, timeout: true}"),
        (DataTask, "{action: read, key: a/b}"),
        (WebhookTask, "{uri: http://a, expect_status: 200}"),
        (WebhookTask, "{uri: http://a, verify_ssl: [1]}"),
        (SlackTask, "{channel: a, text: b}"),
        (GraphiteEventTask, "{what: a, data: b, graphite: http://c, tags: d}"),
    ],
)
def test_wrong_options_do_not(kind: Any, text: str, problems_of: Any) -> None:
    assert not is_valid(kind, text)
    assert problems_of(kind, text) != []
