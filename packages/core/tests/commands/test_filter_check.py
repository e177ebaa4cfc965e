"""Slips in filters are found before anyone is asked."""

import pytest

from choria_core.commands.filter_check import check_filter
from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_filter
from choria_testing import vectors


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        (parse_filter(facts=["os=/(/"]), "-F"),
        (parse_filter(facts=["os=~("]), "-F"),
        (parse_filter(classes=["/[/"]), "-C"),
        (parse_filter(identities=["/*/"]), "-I"),
        (parse_filter(agents=["/(?=a)/"]), "-A"),
        (parse_filter(expressions=["1 +"]), "-S"),
    ],
)
def test_what_no_node_can_read_is_refused_by_its_option(wanted: object, option: str) -> None:
    with pytest.raises(UsageError, match=f"^{option}: "):
        check_filter(wanted)  # type: ignore[arg-type]


def test_what_only_some_nodes_know_is_let_through() -> None:
    check_filter(parse_filter(expressions=['puppet("state").x > now()'], identities=["pql: x[]"]))


def test_every_recorded_filter_that_found_somebody_is_let_through() -> None:
    options = {
        "fact": "facts",
        "class": "classes",
        "identity": "identities",
        "agent": "agents",
        "compound": "expressions",
    }
    for record in vectors.load("filters.jsonl"):
        if record["matches"]:
            check_filter(parse_filter(**{options[record["kind"]]: [record["filter"]]}))
