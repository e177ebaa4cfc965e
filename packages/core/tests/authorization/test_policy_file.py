"""Policies say who may do what; what cannot be understood is named and never skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.authorization.policy_file import Policy, fits, parse_groups, parse_policy
from choria_core.config.problems import Problem

GROUPS = {"operators": frozenset({"choria=alice.mcollective", "choria=bob.mcollective"})}

callers = st.from_regex(r"choria=[a-z]{1,8}\.mcollective", fullmatch=True)
actions = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
facts = st.from_regex(r"[a-z]{1,8}(=|!=|<|>=)[a-z0-9]{1,8}", fullmatch=True)
classes = st.from_regex(r"[a-z]{1,8}(::[a-z]{1,8})?", fullmatch=True)


def column(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("*") | st.lists(items, min_size=1, max_size=3).map(" ".join)


def tabs() -> st.SearchStrategy[str]:
    return st.integers(1, 3).map(lambda count: "\t" * count)


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line that is right."""
    line = draw(st.sampled_from(["allow", "deny"]))
    for items in (callers, actions, facts, classes):
        line += draw(tabs()) + draw(column(items))
    return line + draw(st.sampled_from(["", " ", "\t", "\r"]))


@given(st.lists(lines() | st.sampled_from(["", "# a comment", "policy default deny"])))
def test_what_is_right_is_read_line_by_line(written: list[str]) -> None:
    policy = parse_policy("\n".join(written), {}, file="x.policy")

    assert isinstance(policy, Policy)
    rules = [number for number, line in enumerate(written, 1) if line[:5] in ("allow", "deny\t")]
    assert [rule.location.line for rule in policy.rules] == rules
    assert [rule.allows for rule in policy.rules] == [
        written[number - 1].startswith("allow") for number in rules
    ]
    assert policy.default is (False if "policy default deny" in written else None)


@given(st.lists(lines(), max_size=3), st.text())
def test_any_text_gives_a_policy_or_a_problem_with_its_line(written: list[str], text: str) -> None:
    found = parse_policy("\n".join([*written, text]), GROUPS, file="x.policy")

    if isinstance(found, Problem):
        assert found.file == "x.policy"
        assert found.line > len(written)
        assert "\n" not in str(found)
    else:
        assert len(found.rules) >= len(written)


@given(st.text())
def test_any_text_gives_groups_or_a_problem(text: str) -> None:
    found = parse_groups(text, file="groups")

    assert isinstance(found, (Problem, dict))


@given(callers, actions, callers, actions)
def test_a_rule_speaks_of_those_it_names(caller: str, action: str, other: str, act: str) -> None:
    policy = parse_policy(f"allow\t{caller}\t{action}\t*\t*", {}, file="x.policy")

    assert isinstance(policy, Policy)
    assert fits(policy.rules[0], caller=other, action=act) is ((caller, action) == (other, act))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("allow choria=a ping * *", "1 columns between tabs instead of"),
        ("allow\tchoria=a\tping\t*", "4 columns between tabs instead of"),
        ("allow\tchoria=a\tping\t*\t*\t*", "6 columns between tabs instead of"),
        ("permit\t*\t*\t*\t*", "'permit' is neither allow nor deny"),
        (" allow\t*\t*\t*\t*", "' allow' is neither allow nor deny"),
        ("policy default maybe", "'maybe' is neither allow nor deny"),
        ("allow\t/x\t*\t*\t*", "/x is no pattern between slashes"),
        ("allow\t/(/\t*\t*\t*", "not a usable pattern"),
        ("allow\tadmins\t*\t*\t*", "admins is no caller like choria=name, no pattern and no group"),
        ("allow\t* choria=a\t*\t*\t*", "* stands alone in its column"),
        ("deny\t*\tping *\t*\t*", "* stands alone in its column"),
        ("allow\t*\t*\tcountry\t*", "'country' is not a fact filter"),
        ("allow\t*\t*\ta=b and c=d\t*", "and: expressions are not supported"),
        ("allow\t*\t*\tpuppet().enabled=false\t*", "expressions are not supported"),
        ("allow\t*\t*\t*\tcountry=mt", "country=mt is no class"),
        ("allow\t*\t*\t*\t!web", "!web: expressions are not supported"),
        ("\x1b[2J", "columns between tabs"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(line: str, said: str) -> None:
    found = parse_policy(f"# policy\npolicy default allow\n{line}\n", GROUPS, file="x.policy")

    assert isinstance(found, Problem)
    assert (found.file, found.line) == ("x.policy", 3)
    assert said in found.text
    assert "\x1b" not in str(found)


@pytest.mark.parametrize(
    ("column", "caller", "fit"),
    [
        ("*", "choria=x", True),
        ("operators", "choria=bob.mcollective", True),
        ("operators", "choria=eve.mcollective", False),
        ("choria=x operators", "choria=x", True),
        (r"/^choria=.*\.ops$/", "choria=x.ops", True),
        (r"/\.ops/", "choria=x.ops.evil", True),
        (r"/^choria=(a|b)$/", "choria=b", True),
        (r"/^choria=(a|b)$/", "choria=bb", False),
    ],
)
def test_callers_are_names_patterns_and_groups(column: str, caller: str, *, fit: bool) -> None:
    policy = parse_policy(f"allow\t{column}\t*\t*\t*", GROUPS, file="x.policy")

    assert isinstance(policy, Policy)
    assert fits(policy.rules[0], caller=caller, action="ping") is fit


def test_groups_are_names_with_their_callers() -> None:
    assert parse_groups("# who\n\nops choria=a choria=b\nempty\n", file="groups") == {
        "ops": {"choria=a", "choria=b"},
        "empty": frozenset(),
    }
    problem = parse_groups("ops choria=a\nb@d choria=b\n", file="groups")
    assert str(problem) == "groups:2: 'b@d' is no name for a group; correct the line"
