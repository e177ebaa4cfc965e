"""Filters as queries of PuppetDB."""

import pytest

from choria_core.discovery.pql import pql_of
from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_filter
from choria_core.protocol.messages import FactFilter, Filter

COLLECTIVE = (
    '(certname in inventory[certname] { facts.mcollective.server.collectives.match("\\d+") '
    '= "mcollective" })'
)


def condition(wanted: Filter) -> str:
    """What the query asks beside the collective."""
    query = pql_of(wanted, "mcollective")
    begin = f"nodes[certname, deactivated] {{ {COLLECTIVE}"
    assert query.startswith(begin)
    return query.removeprefix(begin).removesuffix(" }").removeprefix(" and ")


def test_without_a_filter_all_of_the_collective_are_wanted() -> None:
    assert condition(parse_filter()) == ""
    assert pql_of(parse_filter(identities=["a"]), "") == (
        'nodes[certname, deactivated] { (certname = "a") }'
    )


@pytest.mark.parametrize(
    ("wanted", "pql"),
    [
        (
            parse_filter(identities=["a.example", "/^Web1/"]),
            '(certname = "a.example" or certname ~ "^[wW][eE][bB]1")',
        ),
        (
            parse_filter(identities=["pql: nodes[certname] { }"]),
            "(certname in nodes[certname] { })",
        ),
        (
            parse_filter(classes=["apache::Mod_php", "/roles/"]),
            (
                '(resources {type = "Class" and title = "Apache::Mod_php"} and '
                'resources {type = "Class" and title ~ "[rR][oO][lL][eE][sS]"})'
            ),
        ),
        (
            parse_filter(agents=["rpcutil"]),
            (
                '((resources {type = "Class" and title = "Choria::Service"} or '
                'resources {type = "Class" and title = "Mcollective::Service"}))'
            ),
        ),
        (
            parse_filter(agents=["puppet", "/s/"]),
            (
                '(resources {type = "File" and tag = "mcollective_agent_puppet_server"} and '
                'resources {type = "File" and tag ~ "mcollective_agent_.*?[sS].*?_server"})'
            ),
        ),
        (parse_filter(facts=["os.family=RedHat"]), '(inventory {facts.os.family = "RedHat"})'),
        (
            parse_filter(facts=["cpus=4"]),
            '(inventory {facts.cpus = 4 or facts.cpus = "4"})',
        ),
        (
            parse_filter(facts=["virtual!=true"]),
            '(inventory {!(facts.virtual = true or facts.virtual = "true")})',
        ),
        (parse_filter(facts=["a!=b"]), '(inventory {!(facts.a = "b")})'),
        (parse_filter(facts=["load>=1.5"]), "(inventory {facts.load >= 1.5})"),
        (parse_filter(facts=["os=/x\\d/"]), '(inventory {facts.os ~ "[xX]\\d"})'),
        (
            Filter(fact=(FactFilter("os", "=~", "[a-z]+b"),)),
            '(inventory {facts.os ~ "[a-z]+[bB]"})',
        ),
    ],
)
def test_filters_are_translated(wanted: Filter, pql: str) -> None:
    assert condition(wanted) == pql


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (parse_filter(expressions=["true"]), "does not know compound filters"),
        (parse_filter(facts=["a<b"]), "compares numbers alone by <"),
        (parse_filter(facts=["a } or nodes { x=1"]), "a fact named"),
    ],
)
def test_what_it_cannot_answer_is_refused(wanted: Filter, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        pql_of(wanted, "mcollective")


def test_no_text_ends_its_string() -> None:
    assert condition(parse_filter(identities=['a" or certname ~ "'])) == (
        '(certname = "a\\" or certname ~ \\"")'
    )
    for text in ("a\\", 'a\\" or', "a\nb", "a\x00"):
        with pytest.raises(UsageError, match="PuppetDB cannot be asked for"):
            pql_of(Filter(cf_class=(text,)), "mcollective")
