"""Settings files: what a record becomes, and how every problem is named."""

import contextlib
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.file import bind, load, parse
from choria_core.config.problems import InvalidConfigError, Location, Problem
from choria_core.config.schema import CHORIA_DURATION, GO_DURATION, Row, Setting, describe
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError


class Side(enum.Enum):
    """Where to publish."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    ca: str = ""
    key: Annotated[str, Setting("private key", secret=True)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    stream: Annotated[str, Setting("source stream")]
    target_stream: str = ""
    workers: Annotated[int, Setting("copiers", minimum=1, maximum=64)] = 1
    queued: bool = False
    interval: Annotated[
        float,
        Setting("sample interval", grammar=CHORIA_DURATION, minimum=1, key="inspect_duration"),
    ] = 60.0
    size: float = 0.0
    side: Side = Side.TARGET
    tls: Annotated[Tls | None, Setting("overrides the outer block")] = None
    election: Annotated[str, Setting(later="leader election", key="leader_election_name")] = ""
    advisory: Annotated[Mapping[str, object] | None, Setting(later="advisories")] = None

    def check(self) -> Iterator[tuple[str, str, str]]:
        if self.workers > 1 and not self.queued:
            yield "workers", "needs queued: true", "add it, or use one worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    name: Annotated[str, Setting("name of the site")]
    level: Annotated[Literal["debug", "info", "warn"], Setting(key="loglevel")] = "info"
    profiling: bool = True
    port: Annotated[int, Setting("monitor port", key="monitor_port", minimum=0, maximum=65535)] = 0
    store: Path = Path()
    streams: tuple[Stream, ...] = ()
    topics: Mapping[str, Stream] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: Annotated[tuple[float, ...], Setting(grammar=GO_DURATION)] = ()
    extra: object = None


def _problems(text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        parse(text, Settings, file="sr.yaml")
    return str(caught.value).split("\n")


def _stream(text: str) -> Stream:
    return parse(f"name: x\nstreams:\n- stream: A\n  {text}", Settings).value.streams[0]


def test_a_whole_file_becomes_a_record() -> None:
    text = """
        name: central
        loglevel: debug
        profiling: no
        monitor_port: 0x1F90
        store: /var/lib/sr
        streams:
          - stream: NODES
            inspect_duration: 1.5d
            side: source
            size: 2
            tls: {ca: /ca.pem}
          - {stream: 123, queued: true, workers: 4}
        topics:
          a.b: {stream: X}
        headers: {n: 1, t: true, e: ~}
        retries: [1s, 500ms]
        extra: {k: [1, x, ~]}
    """

    value = parse(text, Settings).value

    assert value == Settings(
        name="central",
        level="debug",
        profiling=False,
        port=8080,
        store=Path("/var/lib/sr"),
        streams=(
            Stream(
                stream="NODES", interval=129600.0, side=Side.SOURCE, size=2.0, tls=Tls(ca="/ca.pem")
            ),
            Stream(stream="123", queued=True, workers=4),
        ),
        topics={"a.b": Stream(stream="X")},
        headers={"n": "1", "t": "true", "e": ""},
        retries=(1.0, 0.5),
        extra={"k": [1, "x", None]},
    )


def test_an_empty_value_stands_for_the_default() -> None:
    value = parse("name: x\nloglevel:\nstreams: ~\nprofiling:\n", Settings).value

    assert value == Settings(name="x")


def test_all_problems_of_a_file_are_reported_at_once_in_its_order() -> None:
    text = """\
streams:
- target_sream: x
  workers: "8"
- stream: A
  inspect_duration: 10
  side: sauce
  tls: yes
  workers: 65
  workers: 2
loglevel: debgu
monitor_port: 1.5
profiling: "yes"
topics: [a]
retries: 5s
extras: 1
"""

    assert _problems(text) == [
        "sr.yaml:1:1: name: is required but missing; add it: name of the site",
        "sr.yaml:2:3: streams[0].target_sream: is not known; did you mean target_stream?",
        "sr.yaml:2:3: streams[0].stream: is required but missing; add it: source stream",
        (
            'sr.yaml:3:12: streams[0].workers: must be a whole number, not the text "8"; '
            "remove the quotes: 8"
        ),
        (
            'sr.yaml:5:21: streams[1].inspect_duration: "10" has no unit after 10: '
            "write for example 10s"
        ),
        (
            'sr.yaml:6:9: streams[1].side: must be source or target, not the text "sauce"; '
            "did you mean source?"
        ),
        ('sr.yaml:7:8: streams[1].tls: must be a block of keys, not yes; write "key: value" lines'),
        "sr.yaml:8:12: streams[1].workers: must be at most 64, not 65",
        "sr.yaml:9:3: streams[1].workers: is given twice, first on line 8; remove one of them",
        (
            'sr.yaml:10:11: loglevel: must be debug or info or warn, not the text "debgu"; '
            "did you mean debug?"
        ),
        "sr.yaml:11:15: monitor_port: must be a whole number, not 1.5; write it without a point",
        (
            'sr.yaml:12:12: profiling: must be true or false, not the text "yes"; '
            "write true without quotes"
        ),
        ('sr.yaml:13:9: topics: must be a block of names, not a list; write "name: value" lines'),
        (
            'sr.yaml:14:10: retries: must be a list, not the text "5s"; '
            'write one line beginning with "- " for each'
        ),
        "sr.yaml:15:1: extras: is not known; did you mean extra?",
    ]


def test_the_error_carries_its_problems() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("name: x\nprofling: false\n", Settings, file="sr.yaml")

    assert isinstance(caught.value, InvalidConfigError)
    assert caught.value.exit_code == 2
    assert caught.value.problems == (
        Problem("sr.yaml", 2, 1, "profling", "is not known", "did you mean profiling?"),
    )
    assert caught.value.problems[0].location == Location("sr.yaml", 2, 1)


def test_unknown_keys_are_warnings_where_the_caller_says_so() -> None:
    loaded = parse("name: x\nprofling: false\nTLS: {}\n", Settings, file="f", unknown="warn")

    assert loaded.value == Settings(name="x")
    assert [str(warning) for warning in loaded.warnings] == [
        "f:2:1: profling: is not known; did you mean profiling?",
        "f:3:1: TLS: is not known; did you mean tls, in streams[]?",
    ]


def test_a_key_in_the_wrong_block_is_told_where_it_belongs() -> None:
    assert _problems("name: x\nworkers: 2\nstreams: [{stream: A, name: b}]\n") == [
        "sr.yaml:2:1: workers: is not known; it belongs in streams[]",
        "sr.yaml:3:23: streams[0].name: is not known; it belongs at the top of the file",
    ]


def test_a_key_like_no_other_is_answered_with_those_that_are_known() -> None:
    [problem] = _problems("name: x\ntopics: {a: {stream: A, tls: {zzzz: 1}}}\n")

    assert problem == (
        "sr.yaml:2:31: topics.a.tls.zzzz: is not known; remove it; known here: ca, key"
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "~\n"])
def test_an_empty_file_is_explained(text: str) -> None:
    [problem] = _problems(text)

    assert "name" in problem
    assert "sr.yaml" in problem


def test_an_empty_file_will_do_where_nothing_is_required() -> None:
    assert parse("", Tls).value == Tls()


def test_a_file_that_is_no_block_is_explained() -> None:
    assert _problems("- a\n") == [
        (
            "sr.yaml:1:1: the file must be a block of keys, not a list; "
            'write "key: value" lines at its top level'
        )
    ]


def test_a_part_that_is_broken_as_yaml_is_reported_once_and_beside_the_rest() -> None:
    assert _problems("name: !vault x\nprofiling: 3\n") == [
        "sr.yaml:1:7: name: has the unknown tag !vault; remove the tag",
        "sr.yaml:2:12: profiling: must be true or false, not 3; write true or false",
    ]


@pytest.mark.parametrize(
    "text", ['leader_election_name: ""', "leader_election_name:", "advisory: ~"]
)
def test_a_key_for_later_is_accepted_at_its_default(text: str) -> None:
    assert _stream(text) == Stream(stream="A")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "leader_election_name: a",
            (
                "leader_election_name: comes in a later release (leader election); "
                'remove it or leave it at ""'
            ),
        ),
        (
            "advisory: {subject: x}",
            "advisory: comes in a later release (advisories); remove it or leave it at none",
        ),
        (
            "advisory: 3",
            "advisory: comes in a later release (advisories); remove it or leave it at none",
        ),
    ],
)
def test_a_key_for_later_is_refused_at_any_other_value(text: str, problem: str) -> None:
    assert _problems(f"name: x\nstreams:\n- stream: A\n  {text}\n") == [
        f"sr.yaml:4:3: streams[0].{problem}"
    ]


def test_what_a_record_finds_in_itself_gets_the_line_of_the_key() -> None:
    assert _problems("name: x\ntopics:\n  a:\n    stream: A\n    workers: 2\n") == [
        "sr.yaml:5:5: topics.a.workers: needs queued: true; add it, or use one worker"
    ]


def test_what_spans_records_can_name_the_line_of_each() -> None:
    loaded = parse(
        "name: x\nstreams:\n- stream: A\n- stream: B\n  target_stream: A\n", Settings, file="f"
    )

    written = loaded.problem(
        "streams[1].target_stream", "is written by streams[0] too", "rename it"
    )
    defaulted = loaded.problem("streams[0].target_stream", "is written by streams[1] too")

    assert (
        str(written) == "f:5:3: streams[1].target_stream: is written by streams[0] too; rename it"
    )
    assert str(defaulted) == "f:3:3: streams[0].target_stream: is written by streams[1] too"
    assert "streams[1].target_stream" in loaded.locations
    assert "streams[0].target_stream" not in loaded.locations
    assert loaded.locations.of('topics["a.b"].tls.ca') == Location("f", 1, 1)


def test_merge_keys_fill_records_and_keep_their_lines() -> None:
    text = "name: x\nstreams:\n- &d {stream: A, size: 1}\n- <<: *d\n  stream: B\n"

    loaded = parse(text, Settings, file="f")

    assert [(item.stream, item.size) for item in loaded.value.streams] == [("A", 1.0), ("B", 1.0)]
    assert str(loaded.locations.of("streams[1].size")) == "f:3:18"
    assert str(loaded.locations.of("streams[1].stream")) == "f:5:3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size: .nan", "must be a number, not .nan"),
        ("size: '1.5'", "remove the quotes: 1.5"),
        ("size: x", "write digits only"),
        ("workers: 99999999999999999999", "write one that fits into 64 bits"),
        ("workers: {}", "must be a whole number, not a block of keys"),
        ("queued: 1", "write true"),
        ("queued: 'off'", "write false without quotes"),
        ("queued: maybe", 'must be true or false, not the text "maybe"; write true or false'),
        ("inspect_duration: 500ms", "must be at least 1s, not 500ms"),
        ("inspect_duration: 1x", 'the unknown unit "x"'),
        ("target_stream: [a]", "must be text, not a list"),
        ("side: true", "must be source or target, not true"),
    ],
)
def test_a_wrong_value_is_explained_in_the_words_of_yaml(text: str, words: str) -> None:
    [problem] = _problems(f"name: x\nstreams:\n- stream: A\n  {text}\n")

    assert words in problem
    assert problem.startswith("sr.yaml:4:")


def test_a_secret_is_not_shown_where_it_is_wrong() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Login:
        pin: Annotated[int, Setting(secret=True)] = 0
        url: int = 0
        wait: Annotated[float, Setting(secret=True, grammar=GO_DURATION)] = 0.0

    with pytest.raises(InvalidConfigError) as caught:
        parse("pin: hunter1\nurl: nats://u:hunter2@h\nwait: hunter3\n", Login)

    assert "hunter" not in str(caught.value)
    assert len(caught.value.problems) == 3


def test_a_record_that_refuses_its_values_is_reported_at_its_line() -> None:
    @dataclass(frozen=True, slots=True)
    class Even:
        number: int = 0

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ConfigError("the number must be even")

    @dataclass(frozen=True, slots=True)
    class Outer:
        even: Even = Even()

    Outer.__annotations__["even"] = Even
    with pytest.raises(InvalidConfigError) as caught:
        parse("\neven: {number: 3}\n", Outer, file="f")

    assert str(caught.value) == "f:2:1: even: the number must be even"


def test_files_are_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "sr.yaml"
    path.write_bytes("\ufeffname: zürich\n".encode())

    loaded = load(path, Settings)

    assert loaded.value.name == "zürich"
    assert loaded.locations.of("name").file == str(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "is larger than 64 MiB"),
        (lambda path: path.write_bytes(b"a: 1\nb: \xff\n"), ":2:4: is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "sr.yaml"
    make(path)

    with pytest.raises(InvalidConfigError) as caught:
        load(path, Settings)

    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_a_parsed_document_can_be_bound_to_the_record_it_calls_for() -> None:
    document = read_yaml("ca: x\n")

    assert bind(document, Tls).value == Tls(ca="x")


def test_the_reference_is_generated_from_the_records() -> None:
    rows = {row.key: row for row in describe(Settings)}

    assert rows["name"] == Row("name", "text", "required", "name of the site")
    assert rows["loglevel"] == Row("loglevel", "debug or info or warn", "info", "")
    assert rows["monitor_port"].default == "0"
    assert rows["profiling"].default == "true"
    assert rows["store"].type == "path"
    assert rows["retries"].type == "list of duration (1h30m, 500ms)"
    assert rows["streams[].inspect_duration"].default == "1m"
    assert rows["streams[].side"] == Row("streams[].side", "source or target", "target", "")
    assert rows["streams[].tls.ca"].default == '""'
    assert rows["topics.<name>.leader_election_name"].later == "leader election"
    assert rows["headers"] == Row("headers", "map of name to text", "{}", "")


def test_a_record_type_that_yaml_cannot_fill_is_our_own_mistake() -> None:
    @dataclass(frozen=True, slots=True)
    class Wrong:
        when: complex = 0j

    with pytest.raises(TypeError, match="field when"):
        parse("when: 1", Wrong)


KEYS = st.sampled_from(
    ["name", "streams", "stream", "topics", "workers", "tls", "inspect_duration", "advisory", "zz"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def _yaml(tree: object) -> str:
    match tree:
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(value)}" for key, value in tree.items()) + "}"
        case list():
            return "[" + ", ".join(_yaml(item) for item in tree) + "]"
        case None:
            return "~"
        case bool():
            return str(tree).lower()
        case str():
            return "'" + tree.replace("'", "''") + "'"
    return repr(tree)


@given(TREES.map(_yaml) | st.text())
def test_any_text_gives_a_record_or_clear_problems(text: str) -> None:
    for unknown in ("error", "warn"):
        with contextlib.suppress(InvalidConfigError):
            loaded = parse(text, Settings, unknown=unknown)

            assert isinstance(loaded.value, Settings)
