"""Every recorded filter selects the nodes that it selected from the real servers."""

from typing import Any

import pytest
import yaml

from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_filter
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import NodeView
from choria_testing import vectors

RECORDS = vectors.load("filters.jsonl")
AGENTS = ("choria_util", "discovery", "rpcutil", "scout")
OPTIONS = {
    "fact": "facts",
    "class": "classes",
    "identity": "identities",
    "agent": "agents",
    "compound": "expressions",
}


def _node(number: int) -> NodeView:
    return NodeView(
        identity=f"node{number}.example",
        agents=AGENTS,
        classes=tuple(vectors.path(f"classes-node{number}.txt").read_text().splitlines()),
        facts=yaml.safe_load(vectors.path(f"facts-node{number}.yaml").read_text()),
    )


NODES = (_node(1), _node(2))


def test_all_filters_are_there() -> None:
    assert len(RECORDS) == 116


@pytest.mark.parametrize(
    "record", RECORDS, ids=lambda record: f"{record['kind']} {record['filter']}"
)
def test_the_recorded_nodes_match(record: dict[str, Any]) -> None:
    if record["error"]:
        with pytest.raises(UsageError):
            parse_filter(facts=[record["filter"]])
        return
    wanted = parse_filter(**{OPTIONS[record["kind"]]: [record["filter"]]})

    matching = [node.identity for node in NODES if compile_filter(wanted).matches(node)]

    if _is_called_without_asking(record):
        assert set(matching) <= set(record["matches"]) == set(wanted.identity)
    else:
        assert matching == record["matches"]


def _is_called_without_asking(record: dict[str, Any]) -> bool:
    """Plain identities are not discovered, so that the recording names them unseen."""
    return record["kind"] == "identity" and not record["filter"].startswith("/")


@pytest.mark.parametrize("kind", sorted(OPTIONS))
def test_each_kind_is_recorded_with_and_without_matches(kind: str) -> None:
    counts = {len(record["matches"] or ()) for record in RECORDS if record["kind"] == kind}

    assert len(counts) > 1
