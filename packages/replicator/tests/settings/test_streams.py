"""The current dialect."""

from pathlib import Path
from typing import Any

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_text import read_yaml
from choria_core.nats.endpoint import Credentials, ServerAddress, TlsSettings
from choria_replicator.settings.file import LoadedSettings, settings_of
from choria_replicator.settings.model import (
    Start,
    StartAll,
    StartDelta,
    StartEnd,
    StartSequence,
    StartTime,
)

FULL = """\
name: central
state_store: /var/lib/sr
monitor_port: 8080
profiling: false
logfile: /var/log/sr.log
loglevel: warn
tls: {ca: /ca, cert: /cert, key: /key}
streams:
  - stream: REG
    name: reg
    source_url: nats://s1:4222,nats://s2:4222?credentials=/x.creds
    target_url: nats://t1:4222
    filter_subject: REG.>
    target_stream: REG_DC1
    target_subject_prefix: DC1
    target_subject_remove: REG
    no_target_create: true
    start_sequence: 7
    source_tls: {ca: /source-ca}
    inspect_field: facts.fqdn
    inspect_duration: 1d
"""

MINIMAL = """\
name: central
streams:
  - stream: REG
    source_url: nats://s1
    target_url: nats://t1
"""


def load(text: str) -> LoadedSettings:
    return settings_of(read_yaml(text, file="sr.yaml"))


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        load(text)
    return [str(problem) for problem in caught.value.problems]


def warnings(loaded: LoadedSettings) -> list[str]:
    return [str(problem) for problem in loaded.warnings]


def test_every_key_finds_its_place() -> None:
    loaded = load(FULL)
    settings = loaded.settings
    (stream,) = settings.streams

    assert loaded.warnings == ()
    assert (settings.site, settings.dialect) == ("central", "streams")
    assert settings.state_dir == Path("/var/lib/sr")
    assert settings.monitor_ports == (8080,)
    assert (settings.log_level, settings.log_file) == ("warn", "/var/log/sr.log")
    assert (stream.entry, stream.worker, stream.site) == ("reg", "reg", "central")
    assert stream.source.servers == (ServerAddress("s1", 4222), ServerAddress("s2", 4222))
    assert stream.source.credentials == Credentials(file="/x.creds")
    assert stream.source.tls == TlsSettings(ca_file="/source-ca")
    assert stream.target.tls == TlsSettings(ca_file="/ca", cert_file="/cert", key_file="/key")
    assert (stream.source_stream, stream.target_stream) == ("REG", "REG_DC1")
    assert stream.filter_subject == "REG.>"
    assert stream.subjects.apply("REG.n1") == "DC1.n1"
    assert not stream.create_target
    assert stream.start == StartSequence(7)
    assert stream.sampling is not None
    assert (stream.sampling.path.text, stream.sampling.interval_ms) == ("facts.fqdn", 86_400_000)
    assert stream.pool is None


def test_what_is_left_out_stands_at_the_originals_defaults() -> None:
    settings = load(MINIMAL).settings
    (stream,) = settings.streams

    assert (stream.worker, stream.target_stream, stream.filter_subject) == ("central", "REG", "")
    assert stream.subjects.apply("REG.n1") == "REG.n1"
    assert stream.create_target
    assert (stream.start, stream.sampling, stream.pool) == (StartAll(), None, None)
    assert (stream.source.tls, stream.target.tls) == (None, None)
    assert (settings.state_dir, settings.monitor_ports) == (None, ())
    assert (settings.log_level, settings.log_file) == ("info", "")


@pytest.mark.parametrize(
    ("more", "start", "ignored"),
    [
        ("start_at_end: true", StartEnd(), []),
        ("start_sequence: 5", StartSequence(5), []),
        ("start_delta: 1d", StartDelta(86_400.0), []),
        ("start_delta: 1M", StartDelta(30 * 86_400.0), []),
        ('start_time: "2026-11-23T09:27:05Z"', StartTime(1_795_426_025_000), []),
        ("start_time: 2026-11-23T10:27:05.5+01:00", StartTime(1_795_426_025_500), []),
        ("start_at_end: false", StartAll(), []),
        ("start_sequence: 0", StartAll(), []),
        ("start_delta: ''", StartAll(), []),
        ("start_time: ''", StartAll(), []),
        (
            """start_time: 2026-11-23T09:27:05Z
    start_delta: 1h
    start_sequence: 5
    start_at_end: true""",
            StartEnd(),
            ["start_time", "start_delta", "start_sequence"],
        ),
        ("start_delta: 1h\n    start_sequence: 5", StartSequence(5), ["start_delta"]),
        (
            "start_time: 2026-11-23T09:27:05Z\n    start_delta: 1h",
            StartDelta(3600.0),
            ["start_time"],
        ),
    ],
)
def test_starts_take_precedence_in_the_originals_order(
    more: str, start: Start, ignored: list[str]
) -> None:
    loaded = load(f"{MINIMAL}    {more}\n")

    assert loaded.settings.streams[0].start == start
    keys = {one.key.removeprefix("streams[0].") for one in loaded.warnings}
    assert keys == set(ignored)


CA = TlsSettings(ca_file="/a")


@pytest.mark.parametrize(
    ("top", "more", "expected"),
    [
        ("tls: {ca: /a}\n", "", (CA, CA)),
        ("", "    tls: {ca: /a}\n", (CA, CA)),
        ("tls: {ca: /b}\n", "    tls: {ca: /a}\n", (CA, CA)),
        (
            "tls: {ca: /b, cert: /c, key: /k}\n",
            "    target_tls: {ca: /a}\n",
            (TlsSettings(ca_file="/b", cert_file="/c", key_file="/k"), CA),
        ),
        (
            "",
            "    tls: {ca: /b}\n    source_tls: {ca: /a}\n",
            (CA, TlsSettings(ca_file="/b")),
        ),
        ("", "    source_tls: {ca: /a}\n", (CA, None)),
        ("", "    source_tls: {}\n", (TlsSettings(), None)),
    ],
)
def test_the_most_specific_tls_block_counts_as_a_whole(
    top: str, more: str, expected: tuple[Any, Any]
) -> None:
    (stream,) = load(f"{top}{MINIMAL}{more}").settings.streams

    assert (stream.source.tls, stream.target.tls) == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("name: my worker", "'my worker' cannot stand between spaces in a header"),
        ("target_stream: a.b", "'a.b' is no stream name: remove '.'"),
        ("filter_subject: a..b", "'a..b' is no subject"),
        ("filter_subject: '>.a'", "'>.a' is no subject"),
        ("target_subject_prefix: a.*", "'a.*' holds a wildcard"),
        ("target_subject_prefix: '>'", "'>' holds a wildcard"),
        ("start_sequence: -1", "must be at least 0"),
        ("start_delta: soon", "is not a duration"),
        ("start_time: yesterday", "not an RFC 3339 time: 'yesterday'; write it like"),
        ("inspect_field: a|b", "is query syntax"),
        ("inspect_duration: -1h", "must be at least 0"),
        ("tls: {cert: /x}", "tls.key: is missing"),
        ("source_tls: {key: /x}", "source_tls.cert: is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_place(more: str, words: str) -> None:
    (found,) = problems(f"{MINIMAL}    {more}\n")

    assert found.startswith(
        f"sr.yaml:6:{found.split(':')[2]}: streams[0].{more.split(':', maxsplit=1)[0]}"
    )
    assert words in found


@pytest.mark.parametrize(
    ("key", "default", "other"),
    [
        ("ephemeral", "false", "true"),
        ("target_initiated", "false", "true"),
        ("max_age", "0", "1d"),
        ("inspect_force_field", "''", "force"),
        ("inspect_header", "''", "Host"),
        ("inspect_subject_token", "0", "-1"),
        ("warn_duration", "''", "1h"),
        ("size_trigger", "0", "1024"),
        ("leader_election_name", "''", "dc1"),
        ("advisory", "", "{subject: a, reliable: true}"),
        ("choria", "", "{seed_file: /s, jwt_file: /j}"),
        ("source_choria", "", "{seed_file: /s}"),
        ("target_choria", "", "{seed_file: /s}"),
    ],
)
def test_keys_of_a_later_release_are_refused_unless_at_their_default(
    key: str, default: str, other: str
) -> None:
    assert load(f"{MINIMAL}    {key}: {default}\n").warnings == ()
    (found,) = problems(f"{MINIMAL}    {key}: {other}\n")

    assert f"streams[0].{key}: " in found
    assert "comes in a later release" in found
    assert "remove it or leave it at" in found


@pytest.mark.parametrize(
    "more",
    [
        "choria: {seed_file: /s}",
        "heartbeats: {url: nats://x, subjects: [{subject: h}]}",
    ],
)
def test_whole_blocks_of_a_later_release_are_refused(more: str) -> None:
    (found,) = problems(f"{more}\n{MINIMAL}")

    assert "comes in a later release" in found


@pytest.mark.parametrize("profiling", ["true", "false"])
def test_profiling_is_taken_either_way(profiling: str) -> None:
    assert load(f"profiling: {profiling}\n{MINIMAL}").warnings == ()


@pytest.mark.parametrize("key", ["stream", "source_url", "target_url"])
def test_what_the_original_required_is_required(key: str) -> None:
    lines = [line for line in FULL.splitlines(keepends=True) if f" {key}:" not in line]
    text = "".join(lines).replace("    name: reg", "  - name: reg", key == "stream")

    (found,) = problems(text)

    assert f"streams[0].{key}: is required but missing" in found


def test_a_replicator_without_a_name_is_refused() -> None:
    (missing,) = problems(MINIMAL.removeprefix("name: central\n"))
    (empty,) = problems(MINIMAL.replace("central", "''"))

    assert "name: is required but missing" in missing
    assert "name: is empty" in empty


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("inspect_field: host", "inspect_field: samples nothing without inspect_duration"),
        ("inspect_duration: 1h", "inspect_duration: samples nothing without inspect_field"),
        ("source: nats://x", "streams[0].source: is not known; did you mean source_url?"),
    ],
)
def test_what_is_said_in_vain_is_warned_of(more: str, words: str) -> None:
    loaded = load(f"{MINIMAL}    {more}\n")

    assert [words in one for one in warnings(loaded)] == [True]
    assert loaded.settings.streams[0].sampling is None


def test_an_unknown_log_level_counts_as_info_and_is_said() -> None:
    loaded = load(f"loglevel: error\n{MINIMAL}")

    assert loaded.settings.log_level == "info"
    assert warnings(loaded) == [
        "sr.yaml:1:1: loglevel: error is no level and counts as info; write info"
    ]


def test_a_password_in_a_url_never_comes_out() -> None:
    text = MINIMAL.replace("nats://s1", "nats://bob:hunter2@s1")

    shown = repr(load(text).settings) + "".join(problems(text + "    start_sequence: -1\n"))
    broken = problems(text.replace("@s1", "@s1:99999"))

    assert "hunter2" not in shown + "".join(broken)
