"""Names, and who may speak for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError, Refusal, RefusedError
from choria_core.security.caller_rules import CallerRules, usable_names

RULES = CallerRules()


def refusal(caller: str, *names: str, rules: CallerRules = RULES) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        rules.admit(caller, names)
    return refused.value.reason


def test_a_certificate_speaks_for_its_names() -> None:
    assert not RULES.admit("choria=bob.mcollective", ["x.example", "bob.mcollective"])
    assert not RULES.admit("up=bob.choria", ["bob.choria"])

    assert refusal("choria=alice.mcollective", "bob.mcollective") is Refusal.WRONG_NAME
    assert refusal("choria=bob.mcollective", "BOB.mcollective") is Refusal.WRONG_NAME
    assert refusal("choria=bob.mcollective") is Refusal.WRONG_NAME


def test_a_name_must_be_allowed() -> None:
    assert refusal("choria=n1.example", "n1.example") is Refusal.NOT_ALLOWED
    assert refusal("choria=x.mcollective.evil", "x.mcollective.evil") is Refusal.NOT_ALLOWED
    assert refusal("choria=mcollective", "mcollective") is Refusal.NOT_ALLOWED


def test_the_privileged_speak_for_anyone() -> None:
    for name in ("root.privileged.mcollective", "root.privileged.choria"):
        assert RULES.admit("choria=bob.mcollective", ["x.example", name])
        assert RULES.admit("choria=n1.example", [name])


@pytest.mark.parametrize(
    "caller",
    [
        "choria=bob.mcollective alice.mcollective",
        "choria=bob.mcollective\n",
        "choria=bob.mcollective\nchoria=alice.mcollective",
        "choria=bob.mcollective/alice.mcollective",
        "xchoria=x=bob.mcollective",
        " choria=bob.mcollective",
        "Choria=bob.mcollective",
        "choria=bób.mcollective",
        "choria=bob.mcollective\x00",
        "choria=",
        "=bob.mcollective",
        "bob.mcollective",
        "",
    ],
)
def test_a_caller_is_one_name_and_nothing_else(caller: str) -> None:
    """Read from the left this may be bob, and match a policy for alice by its end."""
    for name in ("bob.mcollective", "root.privileged.mcollective"):
        assert refusal(caller, name) is Refusal.MALFORMED


@given(st.text())
def test_callers_from_strangers(caller: str) -> None:
    try:
        RULES.admit(f"choria={caller}", ["bob.mcollective"])
    except RefusedError:
        assert caller != "bob.mcollective"
    else:
        assert caller == "bob.mcollective"


def test_patterns_are_found_anywhere_and_may_be_framed() -> None:
    for pattern in ("ops-", "/ops-/", "//ops-//", r"^ops-\d", r"/^ops-\d/", "(?i)OPS"):
        assert not CallerRules([pattern], []).admit("choria=ops-1", ["ops-1"])
    for pattern in ("/", "/ops", "ops/", "OPS"):
        assert refusal("choria=ops-1", "ops-1", rules=CallerRules([pattern])) is Refusal.NOT_ALLOWED


def test_lists_replace_the_defaults() -> None:
    rules = CallerRules(["^a$", "^b$"], ["^boss$", "^chief$"])

    assert not rules.admit("choria=b", ["b"])
    assert rules.admit("choria=b", ["chief"])
    assert refusal("choria=x.mcollective", "x.mcollective", rules=rules) is Refusal.NOT_ALLOWED
    assert refusal("choria=a", "root.privileged.mcollective", rules=rules) is Refusal.WRONG_NAME


def test_patterns_do_not_run_into_each_other() -> None:
    rules = CallerRules(["^a|b$", "(?i)^C$"], [])

    for name in ("ax", "xb", "c", "C"):
        assert not rules.admit(f"choria={name}", [name])
    for name in ("B", "Ad", "cc"):
        assert refusal(f"choria={name}", name, rules=rules) is Refusal.NOT_ALLOWED
    with pytest.raises(ConfigError, match=r"'\^x\)\|\(\.' is no regular"):
        CallerRules(["^x)|(."])


def test_empty_lists_allow_nobody() -> None:
    rules = CallerRules([], [])

    assert refusal("choria=x.mcollective", "x.mcollective", rules=rules) is Refusal.NOT_ALLOWED


def test_a_pattern_that_is_none_names_its_setting() -> None:
    for pattern in ("(", "(?=x)", "a{9999}"):
        with pytest.raises(ConfigError, match=r"certname_whitelist: .* no regular expression"):
            CallerRules([pattern])
    with pytest.raises(ConfigError, match="privileged_users"):
        CallerRules(privileged=["["])


def test_only_some_names_of_a_certificate_can_be_callers() -> None:
    names = ["a.b-c_D9", "*.privileged.mcollective", "a b", "x\n", "", "é"]

    assert usable_names(names) == ("a.b-c_D9",)
