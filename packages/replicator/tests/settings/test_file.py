"""Files as a whole: which dialect, and what entries cannot have together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_text import read_yaml
from choria_replicator.settings.file import load_settings, settings_of

STREAM = "{{stream: {0}, source_url: 'nats://s', target_url: '{1}'{2}}}"
TOPIC = (
    "{{topic: {0}, source_cluster_id: a, target_cluster_id: b,"
    " source_url: 'nats://s', target_url: '{1}'{2}}}"
)


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        settings_of(read_yaml(text, file="sr.yaml"))
    return [str(problem) for problem in caught.value.problems]


def streams(*entries: tuple[str, str, str]) -> str:
    lines = "".join(f"  - {STREAM.format(*entry)}\n" for entry in entries)
    return f"name: central\nstreams:\n{lines}"


def topics(**entries: tuple[str, str, str]) -> str:
    lines = "".join(f"  {name}: {TOPIC.format(*entry)}\n" for name, entry in entries.items())
    return f"topics:\n{lines}"


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "sr.yaml"
    path.write_text(streams(("REG", "nats://t", "")))

    assert load_settings(path).settings.streams[0].source_stream == "REG"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match=r"absent\.yaml: cannot be read"):
        load_settings(tmp_path / "absent.yaml")


def test_both_dialects_in_one_file_are_refused() -> None:
    (found,) = problems(streams(("REG", "nats://t", "")) + topics(a=("x", "nats://t", "")))

    assert found.startswith("sr.yaml:4:1: the file has topics: and streams:, two dialects")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("name: central\n", "nothing to copy is named"),
        ("- a\n", "must be a block of keys"),
        ("a\n", "must be a block of keys"),
        ("name: central\nstreams: []\n", "streams: names nothing to copy"),
        ("topics: {}\n", "topics: names nothing to copy"),
        ("topics: [a]\n", "topics: must be a block of names"),
        ("streams: {a: b}\nname: x\n", "streams: must be a list"),
        ("name: [\n", "sr.yaml:"),
    ],
)
def test_a_file_that_names_nothing_to_copy_is_explained(text: str, words: str) -> None:
    found = problems(text)

    assert len(found) == 1
    assert words in found[0]


def test_two_entries_that_write_one_target_stream_are_refused_naming_both_lines() -> None:
    more = ", name: other, target_stream: REG"
    (found,) = problems(streams(("REG", "nats://t,nats://u", ""), ("OTHER", "nats://u", more)))

    assert found.startswith("sr.yaml:4:")
    assert "streams[1].target_stream: the target stream REG is already written" in found
    assert "by streams[0] at line 3" in found
    assert "comes in a later release" in found


def test_the_same_target_name_on_another_cluster_is_fine() -> None:
    text = streams(("REG", "nats://t", ""), ("REG", "nats://u", ", name: other"))

    assert len(settings_of(read_yaml(text)).settings.streams) == 2


def test_two_copies_of_one_stream_need_two_names() -> None:
    (found,) = problems(streams(("REG", "nats://t", ""), ("REG", "nats://u", "")))

    assert "streams[1]: central is already the name of another copy of this stream" in found
    assert "by streams[0] at line 3" in found


def test_two_sampling_states_in_one_file_are_refused() -> None:
    sampled = ", inspect_field: host, inspect_duration: 1h, name: "
    text = streams(("A", "nats://t", f"{sampled}B_C"), ("A_B", "nats://t", f"{sampled}C"))

    (found,) = problems(f"state_store: /var/lib/sr\n{text}")

    assert "streams[1].name: the file of its sampling state, A_B_C.json, is already" in found
    assert len(settings_of(read_yaml(text)).settings.streams) == 2  # where none is kept


def test_different_streams_share_the_replicators_name() -> None:
    text = streams(("REG", "nats://t", ""), ("OTHER", "nats://t", ""))

    assert len(settings_of(read_yaml(text)).settings.streams) == 2


def test_two_topics_need_two_names_and_two_targets() -> None:
    same_name = problems(topics(a=("x", "nats://t", ", name: n"), b=("y", "nats://t", ", name: n")))
    same_target = problems(topics(a=("x", "nats://t", ""), b=("x", "nats://t", "")))

    assert [
        "topics.b.name: n is already the name of another topic" in one for one in same_name
    ] == [True]
    assert ["topics.b.topic: x is already written to the same" in one for one in same_target] == [
        True
    ]


def test_a_stream_is_not_copied_onto_itself() -> None:
    (stream,) = problems(streams(("REG", "nats://s", "")))
    (topic,) = problems(topics(a=("x", "nats://s", "")))
    renamed = streams(("REG", "nats://s", ", target_stream: COPY, target_subject_prefix: c"))

    assert "streams[0].target_url: copies the stream onto itself" in stream
    assert "topics.a.target_url: copies the stream onto itself" in topic
    assert settings_of(read_yaml(renamed)).settings.streams


def test_a_name_given_twice_hides_nothing_of_what_else_is_wrong() -> None:
    entry = "  - {{name: {0}, stream: {1}, source_url: 'nats://s', target_url: '{2}'}}\n"
    broken = "  - {name: a, stream: REG}\n"
    twice = "  - name: a\n    name: b\n    stream: X\n    source_url: nats://s\n    target_url: t\n"
    found = problems(
        "streams:\n"
        + broken
        + entry.format("a", "REG", "nats://t")
        + entry.format("a", "REG", "nats://t")
        + entry.format("c", "OTHER", "nats://s")
        + twice
    )

    assert [one.partition(" ")[2].partition(": ")[0] for one in found] == [
        "name",
        "streams[0].source_url",
        "streams[0].target_url",
        "streams[2].name",
        "streams[2].stream",
        "streams[3].target_url",
        "streams[4].name",
    ]
    assert "the name of another copy of this stream, by streams[1] at line 3" in found[3]


def test_topics_that_can_be_read_are_held_against_each_other_beside_one_that_cannot() -> None:
    same = ("x", "nats://t", ", name: n")
    found = problems(topics(a=same, b=("y", "nats://t", ", workers: many"), c=same))

    assert [one.partition(" ")[2].partition(": ")[0] for one in found] == [
        "topics.b.workers",
        "topics.c.topic",
        "topics.c.name",
    ]


def test_a_misspelt_key_is_named_beside_the_conflict_that_it_causes() -> None:
    more = ", name: other, target_streem: OWN"
    found = problems(streams(("REG", "nats://t", ""), ("REG", "nats://t", more)))

    assert "already written" in found[0]
    assert "did you mean target_stream?" in found[1]


@given(st.text(alphabet=st.sampled_from("topicsream:[]{}-,' \n&*!#abx1"), max_size=60))
def test_arbitrary_text_is_settings_or_a_configuration_error(text: str) -> None:
    for prefix in ("", "topics:\n", "name: a\nstreams:\n", "topics:\n  a:\n    topic: "):
        try:
            outcome: object = settings_of(read_yaml(prefix + text)).settings.streams
        except InvalidConfigError as error:
            outcome = error.problems
        assert outcome
