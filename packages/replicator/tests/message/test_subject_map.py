"""Subjects of the source to subjects of the target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import WorkError
from choria_replicator.message.subject_map import SubjectMap, covers, overlap

TOKENS = st.text(alphabet="abAB1_-", min_size=1, max_size=4)
SUBJECTS = st.lists(TOKENS, min_size=1, max_size=5).map(".".join)
PATTERNS = st.lists(TOKENS | st.just("*"), min_size=1, max_size=4).flatmap(
    lambda tokens: st.sampled_from([".".join(tokens), ".".join([*tokens, ">"])])
)


@pytest.mark.parametrize(
    ("prefix", "remove", "subject", "target"),
    [
        ("", "", "REG.n1", "REG.n1"),
        ("DC1", "", "REG.n1", "DC1.REG.n1"),
        ("DC1", "REG", "REG.n1", "DC1.n1"),
        ("DC1", "REG", "REG.>", "DC1.>"),
        ("DC1.", "", "REG.n1", "DC1.REG.n1"),
        ("", "REG.", "REG.n1", "n1"),
        ("", "REG", "REG.n1", "n1"),
        ("", "n1", "REG.n1", "REG"),
        ("", "b", "a.b.b.c", "a.c"),
        ("", "aa", "xaaay.b", "xay.b"),
        ("DC1", "DC1", "a.b", "a.b"),
        ("", "*", "a.*.b", "a.b"),
    ],
)
def test_the_prefix_goes_on_before_the_text_goes_out(
    prefix: str, remove: str, subject: str, target: str
) -> None:
    assert SubjectMap(prefix=prefix, remove=remove).apply(subject) == target


def test_a_subject_of_which_nothing_remains_is_an_error_that_names_it() -> None:
    with pytest.raises(WorkError, match="nothing remains of subject REG"):
        SubjectMap(remove="REG").apply("REG")


@given(SUBJECTS, st.just("") | SUBJECTS, st.text(alphabet="abAB1.", max_size=3))
def test_a_result_never_has_an_empty_token(subject: str, prefix: str, remove: str) -> None:
    try:
        target = SubjectMap(prefix=prefix, remove=remove).apply(subject)
    except WorkError:
        return
    assert all(target.split("."))


def test_the_recorded_stream_subjects_are_mapped_as_the_original_did() -> None:
    assert SubjectMap(prefix="DC1", remove="REG").apply_all(["REG.>"]) == ("DC1.>",)


def test_subjects_that_fall_together_are_listed_once() -> None:
    mapping = SubjectMap(remove="west.")

    assert mapping.apply_all(["a.west.b", "a.b", "c.west.x", "c.*"]) == ("a.b", "c.*")


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("a.*", "*.b", True),
        ("a.>", "a.b.c", True),
        ("a.b", "a.b", True),
        (">", "a", True),
        ("a.*", "a.b.c", False),
        ("a.*", "b.*", False),
        ("a", "a.>", False),
    ],
)
def test_two_subjects_overlap_where_one_message_can_match_both(
    one: str, other: str, *, meet: bool
) -> None:
    assert overlap(one, other) is meet
    assert overlap(other, one) is meet


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [(">", "a"), ("a.>", "a.b.c"), ("a.*", "a.b"), ("a.>", "a.>"), ("a.>", "a.*"), ("*", "a")],
)
def test_a_wider_subject_covers_a_narrower_one(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [("a.>", "a"), ("a.*", "a.>"), ("*.b", "a.*"), ("a", "a.b"), ("a.b", "a"), ("*", "a.b")],
)
def test_a_subject_does_not_cover_what_it_does_not_match(wide: str, narrow: str) -> None:
    assert not covers(wide, narrow)


@given(PATTERNS, PATTERNS, SUBJECTS)
def test_what_the_narrow_one_matches_the_wide_one_matches(
    wide: str, narrow: str, subject: str
) -> None:
    if covers(wide, narrow) and covers(narrow, subject):
        assert covers(wide, subject)
