"""The older dialect, the post's own file first."""

from pathlib import Path
from typing import Any

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_text import read_yaml
from choria_core.nats.endpoint import ServerAddress, TlsSettings
from choria_replicator.settings.file import LoadedSettings, settings_of
from choria_replicator.settings.model import Pool, StartAll

POST = """\
debug: false                     # default
verbose: false                   # default
logfile: "/path/to/logfile"      # STDOUT default
state_dir: "/path/to/statedir"   # optional
topics:
    cmdb:
        topic: acme.cmdb
        source_url: nats://source1:4222,nats://source2:4222
        source_cluster_id: dc1
        target_url: nats://target1:4222,nats://target2:4222
        target_cluster_id: dc2
        workers: 10              # optional
        queued: true             # optional
        queue_group: cmdb        # optional
        inspect: host            # optional
        age: 1h                  # optional
        monitor: 10000           # optional
        name: cmdb_replicator    # optional
"""

TOPIC = """\
    topic: acme.cmdb
    source_cluster_id: dc1
    target_url: nats://target:4222
    target_cluster_id: dc2
"""


def load(text: str) -> LoadedSettings:
    return settings_of(read_yaml(text, file="sr.yaml"))


def topic(more: str = "", *, top: str = "") -> LoadedSettings:
    return load(f"{top}topics:\n  cmdb:\n{TOPIC}{more}")


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        load(text)
    return [str(problem) for problem in caught.value.problems]


def warnings(loaded: LoadedSettings) -> list[str]:
    return [str(problem) for problem in loaded.warnings]


def test_the_posts_own_file_is_read_as_it_stands_there() -> None:
    loaded = load(POST)
    settings = loaded.settings
    (stream,) = settings.streams

    assert loaded.warnings == ()
    assert settings.dialect == stream.dialect == "topics"
    assert (settings.log_level, settings.log_file) == ("info", "/path/to/logfile")
    assert settings.state_dir == Path("/path/to/statedir")
    assert settings.monitor_ports == (10000,)
    assert (stream.entry, stream.worker, stream.site) == ("cmdb", *["cmdb_replicator"] * 2)
    assert stream.source.servers == (ServerAddress("source1", 4222), ServerAddress("source2", 4222))
    assert stream.target.servers == (ServerAddress("target1", 4222), ServerAddress("target2", 4222))
    assert (stream.source_cluster, stream.target_cluster) == ("dc1", "dc2")
    assert (stream.source_stream, stream.target_stream) == ("", "")
    assert stream.filter_subject == "acme.cmdb"
    assert stream.subjects.apply("acme.cmdb") == "acme.cmdb"
    assert stream.pool == Pool(workers=10, group="cmdb")
    assert stream.sampling is not None
    assert (stream.sampling.path.text, stream.sampling.interval_ms) == ("host", 3_600_000)
    assert stream.start == StartAll()
    assert stream.create_target


def test_what_is_left_out_stands_at_the_originals_defaults() -> None:
    (stream,) = topic().settings.streams

    assert stream.source.servers == (ServerAddress("localhost", 4222),)
    assert stream.worker == "cmdb_acme_cmdb_stream_replicator"
    assert stream.pool is None
    assert stream.sampling is None
    assert stream.source.tls is None
    assert stream.monitor_port == 0
    settings = topic().settings
    assert (settings.state_dir, settings.log_file, settings.log_level) == (None, "", "info")


@pytest.mark.parametrize(
    ("more", "pool"),
    [
        ("    workers: 0\n", None),
        ("    workers: 1\n", None),
        ("    workers: 3\n", Pool(3, "acme_cmdb_stream_replicator_grp")),
        ("    queued: true\n", Pool(1, "acme_cmdb_stream_replicator_grp")),
        ("    queued: true\n    workers: 0\n", Pool(1, "acme_cmdb_stream_replicator_grp")),
        ("    queued: true\n    queue_group: g\n", Pool(1, "g")),
        ("    workers: 2\n    queued: false\n", Pool(2, "acme_cmdb_stream_replicator_grp")),
    ],
)
def test_more_than_one_worker_or_queued_makes_a_pool(more: str, pool: Pool | None) -> None:
    (stream,) = topic(more).settings.streams

    assert stream.pool == pool


def test_workers_of_a_pool_are_named_as_the_original_names_its_clients() -> None:
    (pool,) = topic("    workers: 2\n    name: cmdb\n").settings.streams
    (single,) = topic("    name: cmdb\n").settings.streams

    assert [pool.worker_name(0), pool.worker_name(1)] == ["cmdb_0", "cmdb_1"]
    assert single.worker_name(0) == "cmdb"


FILES = "{scheme: file, ca: /ca, cert: /cert, key: /key}"
PUPPET = "{scheme: puppet, identity: web1, ssl_dir: /ssl}"
FILES_TLS = TlsSettings(ca_file="/ca", cert_file="/cert", key_file="/key")
PUPPET_TLS = TlsSettings(
    ca_file="/ssl/certs/ca.pem",
    cert_file="/ssl/certs/web1.pem",
    key_file="/ssl/private_keys/web1.pem",
)


@pytest.mark.parametrize(
    ("top", "more", "expected"),
    [
        ("", "", (None, None)),
        (f"tls: {FILES}\n", "", (FILES_TLS, FILES_TLS)),
        (f"tls: {PUPPET}\n", "", (PUPPET_TLS, PUPPET_TLS)),
        ("", f"    tls: {PUPPET}\n", (PUPPET_TLS, PUPPET_TLS)),
        (f"tls: {FILES}\n", f"    tls: {PUPPET}\n", (PUPPET_TLS, PUPPET_TLS)),
        (
            f"tls: {FILES}\n",
            "    tls: {scheme: manual, ca: /other}\n",
            (TlsSettings(ca_file="/other"), TlsSettings(ca_file="/other")),
        ),
        (f"tls: {FILES}\n", "    disable_source_tls: true\n", (None, FILES_TLS)),
        (f"tls: {FILES}\n", "    disable_target_tls: true\n", (FILES_TLS, None)),
    ],
)
def test_the_innermost_tls_block_counts_as_a_whole(
    top: str, more: str, expected: tuple[Any, Any]
) -> None:
    (stream,) = topic(more, top=top).settings.streams

    assert (stream.source.tls, stream.target.tls) == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("    tls: {scheme: other}\n", "tls.scheme: must be puppet or file or manual"),
        ("    tls: {ca: /x}\n", "tls.scheme: is required but missing"),
        ("    tls: {scheme: puppet}\n", "tls.identity: is required with scheme: puppet"),
        ("    tls: {scheme: file, cert: /x}\n", "tls.key: is missing"),
        ("    tls: {scheme: file, key: /x}\n", "tls.cert: is missing"),
        ("    workers: -1\n", "workers: must be at least 0"),
        ("    age: 1d\n", 'unknown unit "d"'),
        ("    age: -1h\n", "age: must be at least 0"),
        ("    inspect: a.#.b\n", "'#' is query syntax"),
        ("    name: my name\n", "'my name' cannot stand between spaces"),
        ("    name: ../x\n", "cannot stand"),
        ("    monitor: 70000\n", "monitor: must be at most 65535"),
        ("    source_url: http://x\n", "scheme http is unknown"),
        (
            "    update_flag: u\n",
            "update_flag: comes in a later release (forcing copies by a field)",
        ),
        ("    advisory: {target: a}\n", "advisory: comes in a later release (age advisories)"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(more: str, words: str) -> None:
    found = problems(f"topics:\n  cmdb:\n{TOPIC}{more}")

    assert any(words in one and one.startswith("sr.yaml:") for one in found), found


@pytest.mark.parametrize("key", ["topic", "source_cluster_id", "target_url", "target_cluster_id"])
def test_the_original_required_keys_are_required(key: str) -> None:
    lines = [line for line in TOPIC.splitlines(keepends=True) if f" {key}:" not in line]
    without = "topics:\n  cmdb:\n" + "".join(lines)

    assert any(f"topics.cmdb.{key}: is required but missing" in one for one in problems(without))
    assert problems(f"{without}    {key}: ''\n")


def test_all_problems_of_a_file_come_in_one_go() -> None:
    found = problems(
        "topics:\n  a: {topic: x, workers: two}\n  b: {topic: 'a..b', target_url: nats://t}\n"
    )

    assert len(found) == 7
    assert all(one.startswith(("sr.yaml:2:", "sr.yaml:3:")) for one in found)


def test_keys_of_a_later_release_are_taken_at_their_defaults() -> None:
    assert topic("    update_flag: ''\n    advisory:\n").warnings == ()


def test_unknown_keys_are_warned_of_with_the_nearest_known_one() -> None:
    loaded = topic("    insepct: host\n", top="statedir: /x\n")

    assert warnings(loaded) == [
        "sr.yaml:1:1: statedir: is not known; did you mean state_dir?",
        "sr.yaml:8:5: topics.cmdb.insepct: is not known; did you mean inspect?",
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("    inspect: host\n", "topics.cmdb.inspect: samples nothing without age"),
        ("    age: 1h\n", "topics.cmdb.age: samples nothing without inspect"),
        ("    inspect: host\n    age: 0s\n", "topics.cmdb.inspect: samples nothing without age"),
        ("    queue_group: g\n", "topics.cmdb.queue_group: is not used"),
    ],
)
def test_what_is_said_in_vain_is_warned_of(more: str, words: str) -> None:
    loaded = topic(more)

    assert [words in one for one in warnings(loaded)] == [True]
    assert loaded.settings.streams[0].sampling is None


def test_debug_wins_over_verbose() -> None:
    assert topic(top="debug: true\nverbose: true\n").settings.log_level == "debug"
    assert topic(top="verbose: true\n").settings.log_level == "info"


def test_an_interval_is_never_rounded_down_to_none() -> None:
    (stream,) = topic("    inspect: host\n    age: 100us\n").settings.streams

    assert stream.sampling is not None
    assert stream.sampling.interval_ms == 1


def test_a_made_up_name_must_be_fit_too() -> None:
    found = problems(f"topics:\n  my cmdb:\n{TOPIC}")

    assert len(found) == 1
    assert 'topics["my cmdb"]: gives no fit name; add a name' in found[0]
    assert load(f"topics:\n  my cmdb:\n{TOPIC}    name: cmdb\n").settings.streams
