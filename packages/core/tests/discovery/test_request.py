"""Discovery requests and what the configuration adds to them."""

from pathlib import Path

import pytest

from choria_core.discovery.request import DiscoveryRequest, only_identities, options_of
from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_filter
from choria_core.protocol.messages import Filter
from packages.core.tests.discovery.conftest import MakeClientConfig


def test_gaps_are_filled_from_the_configuration(make_config: MakeClientConfig) -> None:
    config = make_config(
        {
            "main_collective": "uk",
            "collectives": "uk,mcollective",
            "discovery_timeout": 7,
            "default_discovery_method": "inventory",
            "default_discovery_options": "file=/nodes.json",
            "plugin.choria.discovery.broadcast.windowed_timeout": "true",
        }
    )

    request = DiscoveryRequest().completed(config)

    assert request.collective == "uk"
    assert request.timeout_seconds == 7.0
    assert request.method == "inventory"
    assert request.options == {"file": "/nodes.json"}
    assert request.windowed is True


def test_what_is_asked_for_counts_more(make_config: MakeClientConfig) -> None:
    asked = DiscoveryRequest(
        collective="fr", method="mc", options={"a": "b"}, timeout_seconds=0.5, windowed=False
    )

    assert asked.completed(make_config({"default_discovery_method": "choria"})) == asked


def test_a_file_of_nodes_and_piped_replies_decide_the_method(
    make_config: MakeClientConfig,
) -> None:
    config = make_config()

    assert DiscoveryRequest(nodes_file=Path("n"), method="mc").completed(config).method == (
        "flatfile"
    )
    assert DiscoveryRequest(piped=b"{}").completed(config).method == "flatfile"
    assert DiscoveryRequest(piped=b"{}", method="mc").completed(config).method == "mc"


@pytest.mark.parametrize(
    ("method", "used"),
    [("choria", "broadcast"), ("external", "broadcast"), ("mc", "mc"), ("inventory", "inventory")],
)
def test_compound_filters_go_where_they_are_understood(
    make_config: MakeClientConfig, method: str, used: str
) -> None:
    wanted = Filter(compound=("with('apache')",))

    request = DiscoveryRequest(filter=wanted, method=method).completed(make_config())

    assert request.method == used


def test_plain_identities_need_not_be_looked_for() -> None:
    assert only_identities(parse_filter(identities=["a.example", "b"], agents=["rpcutil"])) == (
        "a.example",
        "b",
    )


@pytest.mark.parametrize(
    "wanted",
    [
        parse_filter(),
        parse_filter(identities=["a", "/b/"]),
        parse_filter(identities=["pql: nodes { }"]),
        parse_filter(identities=["group:web"]),
        parse_filter(identities=["a"], facts=["os=Linux"]),
        parse_filter(identities=["a"], classes=["apache"]),
        parse_filter(identities=["a"], expressions=["true"]),
    ],
)
def test_everything_else_is_looked_for(wanted: Filter) -> None:
    assert only_identities(wanted) == ()


def test_options_are_keys_and_values() -> None:
    assert options_of((" file = /a=b ",), source="--do") == {"file": "/a=b"}


@pytest.mark.parametrize("text", ["file", "=x", ""])
def test_other_options_are_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match=r"--do.*write key=value"):
        options_of((text,), source="--do")
