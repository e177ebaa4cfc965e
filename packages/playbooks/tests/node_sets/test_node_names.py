"""Which texts are names of nodes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import NodesError
from choria_playbooks.node_sets.node_names import check_node_names

_ORIGINAL = re.compile(
    r"(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)*"
    r"([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9])"
)


@pytest.mark.parametrize("name", ["a", "node1", "node-1.example.net", "10.0.0.1", "A--b.C"])
def test_names_of_hosts_pass(name: str) -> None:
    assert check_node_names([name, "other"], "here") == (name, "other")


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "-a", "a-", "a..b", "a.", ".a", "a_b", "a\n", "é.example", "a/b"]
)
def test_whatever_else_is_refused_and_shown(name: str) -> None:
    with pytest.raises(NodesError) as caught:
        check_node_names(["good", name], "the file hosts")
    assert str(caught.value).startswith(
        f"the file hosts gives what are no names of nodes: {name!a}"
    )


def test_only_the_first_of_many_are_shown() -> None:
    with pytest.raises(NodesError, match=r"'_1', '_2', '_3' and 2 more;"):
        check_node_names(["_1", "good", "_2", "_3", "_4", "_5"], "it")


def test_no_names_are_no_error() -> None:
    assert check_node_names([], "it") == ()


@given(st.text(alphabet="aZ0-._ \né", max_size=12))
def test_the_rule_is_the_original_one(name: str) -> None:
    if _ORIGINAL.fullmatch(name):
        assert check_node_names([name], "it") == (name,)
    else:
        with pytest.raises(NodesError):
            check_node_names([name], "it")


def test_a_long_name_is_judged_at_once() -> None:
    with pytest.raises(NodesError):
        check_node_names(["a-" * 50_000], "it")
