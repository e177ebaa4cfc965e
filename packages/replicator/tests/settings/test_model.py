"""The model behind both dialects."""

import pytest

from choria_core.config.yaml_text import read_yaml
from choria_core.errors import UsageError
from choria_replicator.settings.file import settings_of
from choria_replicator.settings.model import ReplicatorSettings, from_options, select

STREAMS = """\
name: central
streams:
  - {stream: REG, name: first, source_url: nats://s, target_url: nats://t}
  - {stream: REG, name: second, source_url: nats://s, target_url: nats://u}
  - {stream: OTHER, source_url: nats://s, target_url: nats://t}
"""
ENDS = "source_cluster_id: a, target_cluster_id: b, source_url: nats://s, target_url: nats://t"
TOPICS = f"""\
topics:
  one: {{topic: x, monitor: 1001, {ENDS}}}
  two: {{topic: y, monitor: 1002, name: named, {ENDS}}}
"""


def settings(text: str) -> ReplicatorSettings:
    return settings_of(read_yaml(text)).settings


def entries(chosen: ReplicatorSettings) -> list[tuple[str, str]]:
    return [(one.entry, one.source_stream or one.filter_subject) for one in chosen.streams]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], [("first", "REG"), ("second", "REG"), ("central", "OTHER")]),
        (["REG"], [("first", "REG"), ("second", "REG")]),
        (["second"], [("second", "REG")]),
        (["central", "first"], [("first", "REG"), ("central", "OTHER")]),
        (["OTHER", "REG", "first"], [("first", "REG"), ("second", "REG"), ("central", "OTHER")]),
    ],
)
def test_streams_are_selected_by_name_or_source_stream(
    names: list[str], chosen: list[tuple[str, str]]
) -> None:
    assert entries(select(settings(STREAMS), names)) == chosen


def test_topics_are_selected_by_their_key_or_by_name() -> None:
    assert entries(select(settings(TOPICS), topic="one")) == [("one", "x")]
    assert entries(select(settings(TOPICS), ["named"])) == [("two", "y")]
    assert entries(select(settings(TOPICS), ["named"], "one")) == [("one", "x"), ("two", "y")]


def test_only_the_ports_of_selected_topics_answer() -> None:
    assert settings(TOPICS).monitor_ports == (1001, 1002)
    assert select(settings(TOPICS), topic="two").monitor_ports == (1002,)


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no stream is named X; there are OTHER, REG, central"):
        select(settings(STREAMS), ["REG", "X"])
    with pytest.raises(UsageError, match="no topic is named x; there are one, two"):
        select(settings(TOPICS), topic="x")
    with pytest.raises(UsageError, match="--topic selects an entry of topics:"):
        select(settings(STREAMS), topic="REG")


def test_the_command_line_alone_names_whole_streams() -> None:
    chosen = from_options("nats://s:1", "nats://bob:pw@t", ["A", "B", "A"])

    assert [(one.source_stream, one.target_stream, one.worker) for one in chosen.streams] == [
        ("A", "A", "A"),
        ("B", "B", "B"),
    ]
    assert str(chosen.streams[0].source) == "nats://s:1"
    assert chosen.streams[0].target.credentials.user == "bob"
    assert chosen.streams[0].site == chosen.site == "choria"


def test_the_command_line_can_name_the_copy_of_one_stream() -> None:
    (copy,) = from_options("nats://s", "nats://t", ["A"], name="mine").streams

    assert (copy.entry, copy.worker, copy.source_stream, copy.target_stream) == (
        ("mine", "mine", "A", "A")
    )
    for streams, name in ((["A", "B"], "mine"), (["A"], ""), (["A"], "my own")):
        with pytest.raises(UsageError, match="--name"):
            from_options("nats://s", "nats://t", streams, name=name)


def test_the_command_line_alone_can_be_wrong_too() -> None:
    with pytest.raises(UsageError, match="--stream NAME"):
        from_options("nats://s", "nats://t", [])
    with pytest.raises(UsageError, match="--stream NAME"):
        from_options("nats://s", "nats://t", [""])
    with pytest.raises(UsageError, match=r"--stream: 'A\\udcff' is no stream name"):
        from_options("nats://s", "nats://t", ["A\udcff"])
    with pytest.raises(UsageError, match="same server"):
        from_options("nats://s,nats://t", "nats://t:4222", ["A"])
    with pytest.raises(UsageError, match=r"--stream: 'a\.b' is no stream name"):
        from_options("nats://s", "nats://t", ["a.b"])
    with pytest.raises(UsageError, match=r"--target: .*scheme http is unknown"):
        from_options("nats://s", "http://t", ["A"])
