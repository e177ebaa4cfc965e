"""Nodes that a data store names."""

from typing import Any

import pytest

from choria_core.errors import ConfigError, KeyMissingError, NodesError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.data_store import StoredNodes
from packages.playbooks.tests.node_sets.conftest import resolved
from packages.playbooks.tests.rpc.conftest import problems_of


@pytest.mark.parametrize(
    ("value", "nodes"),
    [
        (["n2", "n1", "n2"], ["n2", "n1", "n2"]),
        ("n1", ["n1"]),
        ("n1 n2\n\tn3\n", ["n1", "n2", "n3"]),
        ("n1,n2, n3,", ["n1", "n2", "n3"]),
        ('["n1", "n2"]', ["n1", "n2"]),
        (' ["n1"]\n', ["n1"]),
        ([], []),
        ("", []),
        ("[]", []),
    ],
)
async def test_names_are_a_list_or_a_text(
    lonely_bench: Workbench, value: object, nodes: list[str]
) -> None:
    values = {"fleet/web": value}
    assert await resolved(StoredNodes, "key: kept/fleet/web", lonely_bench, values) == nodes


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (5, "is no list of names"),
        (None, "is no list of names"),
        ({"n1": 1}, "is no list of names"),
        (["n1", 1], "is no list of names"),
        ("[1]", "is no list of names"),
        ('["n1"', "begins like a JSON list and is none"),
        ("n1 é", "gives what are no names of nodes"),
        (["n1", ""], "gives what are no names of nodes: ''"),
    ],
)
async def test_other_values_are_refused(
    lonely_bench: Workbench, value: object, problem: str
) -> None:
    with pytest.raises(NodesError, match=problem) as caught:
        await resolved(StoredNodes, "key: kept/web", lonely_bench, {"web": value})
    assert str(caught.value).startswith("data kept/web ")


async def test_what_is_missing_is_told(lonely_bench: Workbench) -> None:
    with pytest.raises(KeyMissingError):
        await resolved(StoredNodes, "key: kept/web", lonely_bench)
    with pytest.raises(ConfigError, match="no data store 'kep': did you mean kept"):
        await resolved(StoredNodes, "key: kep/web", lonely_bench)


@pytest.mark.parametrize("text", ["{}", "key: kept", "key: /web", "key: kept/"])
def test_the_key_is_a_path(text: str) -> None:
    kind: Any = StoredNodes.Options
    (told,) = problems_of(kind, text)
    assert "key: is required" in told or "write STORE/KEY" in told
