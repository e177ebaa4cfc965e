"""Filters of several kinds against a node."""

from typing import Any

import pytest

from choria_core.filters.limits import FilterError
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import DataFunction, NodeView
from choria_core.protocol.messages import FactFilter, Filter

NODE = NodeView(
    identity="web1.example",
    agents=("discovery", "rpcutil"),
    classes=("apache", "Base", "roles::web"),
    facts={"country": "mt", "cores": 8, "tags": ["web", "prod"], "nothing": None},
    data={
        "augeas": DataFunction(lambda query: {"value": query, "count": 2}),
        "uptime": DataFunction(lambda _query: {"days": 3}, takes_query=False),
        "failing": DataFunction(lambda _query: None),
    },
)


def _matches(**wanted: Any) -> bool:
    return compile_filter(Filter(**wanted)).matches(NODE)


def test_an_empty_filter_means_every_node() -> None:
    assert Filter().is_empty
    assert _matches()


def test_one_agent_is_not_an_empty_filter() -> None:
    assert not Filter(agent=("rpcutil",)).is_empty
    assert not _matches(agent=("puppet",))


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"identity": ("other", "web1.example")}, True),
        ({"identity": ("other", "/^web/")}, True),
        ({"identity": ("/WEB/",)}, False),
        ({"identity": ("/(/", "web1.example")}, True),
        ({"identity": ("/(/",)}, False),
        ({"identity": ("/",)}, True),
        ({"agent": ("rpcutil", "/^disc/")}, True),
        ({"agent": ("rpcutil", "puppet")}, False),
        ({"agent": ("/RPC/",)}, False),
        ({"cf_class": ("APACHE", "/BASE/")}, True),
        ({"cf_class": ("Base",)}, False),
        ({"cf_class": ("apache", "/(/")}, False),
        ({"fact": (FactFilter("country", "==", "MT"), FactFilter("cores", ">", "4"))}, True),
        ({"fact": (FactFilter("country", "==", "mt"), FactFilter("cores", ">", "8"))}, False),
        ({"fact": (FactFilter("country", "~", "mt"),)}, False),
        ({"cf_class": ("apache",), "agent": ("rpcutil",), "identity": ("/web/",)}, True),
        ({"cf_class": ("apache",), "agent": ("puppet",), "identity": ("/web/",)}, False),
    ],
)
def test_kinds_agree(wanted: dict[str, Any], *, matches: bool) -> None:
    assert _matches(**wanted) is matches


@pytest.mark.parametrize(
    ("expressions", "matches"),
    [
        (("true", "true", "false"), True),
        (("true", "false"), False),
        (("true", "true", "fact('missing')"), True),
        (("true", "true", "1"), False),
        (("true", "true", "fact('country') > 1"), False),
        (("true", "true", "("), False),
    ],
)
def test_more_expressions_must_be_true_than_false_and_none_may_fail(
    expressions: tuple[str, ...], *, matches: bool
) -> None:
    assert _matches(compound=expressions) is matches


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('with("country=mt")', True),
        ('with("cores>8")', False),
        ('with("cores>many")', False),
        ('with("/^roles/") and with("rpcutil") and not with("puppet")', True),
        ('fact("cores") == 8 and fact("cores") == 8.0', True),
        ('include(fact("tags"), "web")', True),
        ("include([8.0], 8)", True),
        ("include([8], 8)", False),
        ('include(classes, "apache")', False),
        ('semver("v1.2", ">= 1.2.0, < 2")', True),
        ('semver("one", ">= 1") or true', True),
        ('augeas("x").value == "x" and augeas("y")["count"] == 2', True),
        ("uptime().days > 2", True),
        ("uptime(1, 2).days > 2", False),
        ('augeas().value == ""', False),
        ("augeas(1).value == nil", False),
        ('augeas(nil).value == ""', True),
        ('failing("x") == nil', True),
        ("unknown().days > 2", False),
        ("unknown == nil", True),
        ("now() != nil", False),
        ("facts != nil", False),
        ("len(agents) == 2 and len(classes) == 3", True),
    ],
)
def test_the_environment_of_expressions(expression: str, *, matches: bool) -> None:
    assert _matches(compound=(expression,)) is matches


@pytest.mark.parametrize(
    "expression", ["(", "1", "'a' > 1", "len(1) == 1", "#", "facts.x == 1", "$env == nil"]
)
def test_a_refused_expression_says_why(expression: str) -> None:
    compiled = compile_filter(Filter(compound=(expression,)))

    assert compiled.refusal
    with pytest.raises(FilterError, match=r"\w"):
        compiled.verdict(NODE)


def test_a_filter_is_compiled_once() -> None:
    text = "fact('country') == 'mt'"

    assert compile_filter(Filter(compound=(text,))) is compile_filter(Filter(compound=(text,)))


def test_a_large_filter_is_not_remembered() -> None:
    wanted = Filter(identity=("x" * 20_000, NODE.identity))

    assert compile_filter(wanted) is not compile_filter(wanted)
    assert compile_filter(wanted).matches(NODE)
