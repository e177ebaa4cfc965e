"""Target streams made from source streams, on real servers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import nats
import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import ConfigError
from choria_replicator.message.subject_map import SubjectMap
from choria_replicator.target.stream_clone import BATCHED_SINCE, Clone, CloneRequest, clone_config

SECOND = 1_000_000_000
MODERN = (2, 15, 1)

# What the original was recorded to work with and to create (nats-server 2.15.1).
RECORDED = {
    "name": "REG",
    "subjects": ["REG.>"],
    "retention": "limits",
    "max_consumers": -1,
    "max_msgs": -1,
    "max_bytes": -1,
    "discard": "old",
    "discard_new_per_subject": False,
    "max_age": 0,
    "max_msgs_per_subject": -1,
    "max_msg_size": -1,
    "storage": "file",
    "num_replicas": 1,
    "no_ack": False,
    "duplicate_window": 120 * SECOND,
    "sealed": False,
    "deny_delete": False,
    "deny_purge": False,
    "allow_rollup_hdrs": False,
    "allow_direct": False,
    "mirror_direct": False,
    "compression": "none",
    "allow_msg_ttl": False,
    "metadata": {"_nats.level": "5", "_nats.req.level": "0", "_nats.ver": "2.15.1"},
    "consumer_limits": {},
}

Api = Callable[..., Awaitable[dict[str, Any]]]


def clone(source: dict[str, Any], **changes: Any) -> Clone:
    settings: dict[str, Any] = {
        "name": "COPY",
        "subjects": SubjectMap(prefix="DC1"),
        "server_release": MODERN,
        "max_replicas": 3,
    }
    return clone_config(source, CloneRequest(**{**settings, **changes}))


def notes_about(result: Clone, key: str) -> list[str]:
    return [one for one in result.adaptations if one.startswith(f"{key} ")]


@pytest_asyncio.fixture
async def api(broker: Broker) -> AsyncIterator[Api]:
    """Calls of the JetStream API of a fresh server."""
    connection = await nats.connect(broker.url)

    async def call(subject: str, **body: Any) -> dict[str, Any]:
        reply = await connection.request(f"$JS.API.{subject}", json.dumps(body).encode())
        answer: dict[str, Any] = json.loads(reply.data)
        assert "error" not in answer, answer
        return answer

    yield call
    await connection.close()


def test_an_ordinary_stream_is_cloned_as_the_original_did_but_for_batches_and_window() -> None:
    mapping = SubjectMap(prefix="DC1", remove="REG")
    result = clone(RECORDED, name="REG", subjects=mapping)

    left_out = ("metadata", "mirror_direct", "discard_new_per_subject", "sealed")
    expected = {key: value for key, value in RECORDED.items() if key not in left_out}
    assert result.config == expected | {
        "subjects": ["DC1.>"],
        "duplicate_window": 10 * SECOND,
        "allow_batched": True,
    }
    assert [note.split()[0] for note in result.adaptations] == ["duplicate_window", "allow_batched"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("mirror", {"name": "X"}, None),
        ("sources", [{"name": "X"}], None),
        ("republish", {"src": ">", "dest": "r.>"}, None),
        ("placement", {"cluster": "east"}, None),
        ("subject_transform", {"src": "a.*", "dest": "b.$1"}, None),
        ("subject_delete_marker_ttl", SECOND, None),
        ("allow_msg_counter", True, None),
        ("allow_msg_schedules", True, None),
        ("persist_mode", "async", None),
        ("first_seq", 100, None),
        ("key_of_a_later_server", 1, None),
        ("no_ack", True, False),
        ("num_replicas", 5, 3),
        ("max_msg_size", 1000, 2024),
        ("retention", "workqueue", "limits"),
        ("retention", "interest", "limits"),
        ("discard", "new", "old"),
    ],
)
def test_what_cannot_stand_is_left_out_or_changed_and_said(
    key: str, value: object, expected: object
) -> None:
    result = clone(RECORDED | {key: value})

    assert result.config.get(key) == expected
    assert len(notes_about(result, key)) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("persist_mode", "default"),
        ("mirror_direct", True),
        ("template_owner", "x"),
        ("mirror", None),
        ("sources", []),
    ],
)
def test_what_nobody_misses_is_left_out_in_silence(key: str, value: object) -> None:
    result = clone(RECORDED | {key: value})

    assert key not in result.config
    assert notes_about(result, key) == []


def test_a_sealed_source_gives_a_target_that_can_be_written() -> None:
    sealed = RECORDED | {"sealed": True, "deny_delete": True, "deny_purge": True}
    result = clone(sealed)

    assert (result.config["deny_delete"], result.config["deny_purge"]) == (False, False)
    assert "sealed" not in result.config
    assert len(notes_about(result, "sealed")) == 1


@pytest.mark.parametrize(
    ("source", "subjects"),
    [
        ({"subjects": ["a.*"], "subject_transform": {"src": "a.*", "dest": "b.$1.c"}}, ["b.*.c"]),
        ({"subject_transform": {"src": "", "dest": "b.{{wildcard(1)}}"}}, ["b.*"]),
        ({"subject_transform": {"src": "", "dest": "b.{{split(1,-)}}.c"}}, ["b.>"]),
        ({"subject_transform": {"src": "", "dest": "b.x-$1"}}, ["b.>"]),
        ({"subject_transform": {"src": ">", "dest": "b.>"}}, ["b.>"]),
        ({"sources": [{"name": "X", "filter_subject": "x.>"}]}, ["x.>"]),
        (
            {"sources": [{"name": "X", "subject_transforms": [{"src": "x.>", "dest": "y.>"}]}]},
            ["y.>"],
        ),
        ({"subjects": ["a", "b.>", "b.c"]}, ["a", "b.>"]),
    ],
)
def test_the_target_takes_what_the_source_stores(
    source: dict[str, Any], subjects: list[str]
) -> None:
    result = clone({"name": "X", **source}, subjects=SubjectMap())

    assert result.config["subjects"][-len(subjects) :] == subjects


def test_a_filtered_copy_takes_only_the_filtered_subject() -> None:
    result = clone({"name": "MIRROR"}, filter_subject="acme.cmdb", subjects=SubjectMap())

    assert result.config["subjects"] == ["acme.cmdb"]


def test_a_source_without_subjects_needs_a_filter() -> None:
    with pytest.raises(ConfigError, match="MIRROR lists no subjects of its own"):
        clone({"name": "MIRROR", "mirror": {"name": "X"}})


def test_the_duplicate_window_never_exceeds_the_age_of_messages() -> None:
    assert clone({**RECORDED, "max_age": SECOND}).config["duplicate_window"] == SECOND
    pool = clone(RECORDED, duplicate_window_seconds=120.0)
    assert pool.config["duplicate_window"] == 120 * SECOND
    assert clone(RECORDED, duplicate_window_seconds=0).config["duplicate_window"] == SECOND // 10


def test_our_metadata_goes_along_and_the_servers_does_not() -> None:
    result = clone(RECORDED | {"metadata": {"_nats.ver": "2.15.1", "team": "ops"}})

    assert result.config["metadata"] == {"team": "ops"}


def test_an_older_server_is_given_only_keys_that_it_knows() -> None:
    source = RECORDED | {"allow_msg_ttl": True, "allow_batched": True, "metadata": {"team": "ops"}}
    result = clone(source, server_release=(2, 9, 25))

    unknown = {"allow_batched", "allow_msg_ttl", "allow_atomic", "compression", "metadata"}
    assert unknown.isdisjoint(result.config)
    assert len(notes_about(result, "allow_msg_ttl")) == 1
    assert len(notes_about(result, "allow_batched")) == 1
    assert notes_about(result, "compression") == []


def test_batches_are_allowed_from_the_first_release_that_has_them() -> None:
    major, minor, _ = BATCHED_SINCE

    assert clone(RECORDED, server_release=BATCHED_SINCE).config["allow_batched"] is True
    assert "allow_batched" not in clone(RECORDED, server_release=(major, minor - 1, 9)).config


SOURCES: dict[str, dict[str, Any]] = {
    "plain": {},
    "bounded": {
        "max_msgs": 10,
        "max_bytes": 10_000,
        "max_age": SECOND,
        "duplicate_window": SECOND,
        "max_msgs_per_subject": 3,
        "max_msg_size": 100,
    },
    "queue": {
        "retention": "workqueue",
        "discard": "new",
        "max_msgs_per_subject": 1,
        "discard_new_per_subject": True,
    },
    "interest": {"retention": "interest", "storage": "memory"},
    "key-value": {
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "allow_direct": True,
        "allow_msg_ttl": True,
        "subject_delete_marker_ttl": SECOND,
        "max_msgs_per_subject": 1,
        "compression": "s2",
    },
    "counter": {"allow_msg_counter": True, "allow_direct": True},
    "schedules": {"allow_msg_schedules": True, "allow_msg_ttl": True, "allow_rollup_hdrs": True},
    "fast": {"persist_mode": "async", "no_ack": True},
    "placed": {"placement": {"tags": []}, "first_seq": 500, "metadata": {"team": "ops"}},
    "transformed": {
        "subject_transform": {"src": "plain.*", "dest": "moved.{{wildcard(1)}}"},
        "republish": {"src": "moved.>", "dest": "again.>"},
    },
    "limited consumers": {"consumer_limits": {"max_ack_pending": 5}, "max_consumers": 4},
    "batches": {"allow_atomic": True, "allow_batched": True},
}


@pytest.mark.parametrize("name", SOURCES)
async def test_a_real_server_takes_the_clone_of_every_kind_of_stream(name: str, api: Api) -> None:
    """The source is what its server says it is; the clone is created beside it."""
    source = {"name": "SOURCE", "subjects": ["plain.*"], **SOURCES[name]}
    created = await api("STREAM.CREATE.SOURCE", **source)

    result = clone(created["config"], max_replicas=1)
    answer = await api("STREAM.CREATE.COPY", **result.config)

    assert answer["config"]["allow_batched"] is True
    assert answer["config"]["retention"] == "limits"
    assert answer["state"]["last_seq"] == 0
    made_of_it = {
        key: answer["config"].get(key, False) for key in result.config if key != "metadata"
    }
    assert made_of_it == {key: result.config[key] for key in made_of_it}


async def test_a_real_server_takes_the_clone_of_a_sealed_stream(api: Api) -> None:
    source = await api("STREAM.CREATE.SOURCE", name="SOURCE", subjects=["plain.*"])
    sealed = await api("STREAM.UPDATE.SOURCE", **{**source["config"], "sealed": True})

    answer = await api("STREAM.CREATE.COPY", **clone(sealed["config"], max_replicas=1).config)

    assert not answer["config"].get("sealed")
    assert not answer["config"]["deny_purge"]
