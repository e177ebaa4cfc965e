"""Subjects as the Go programs use them."""

from collections.abc import Callable

import pytest

from choria_core.errors import LocalProtocolError
from choria_core.protocol import subjects, v1, v2
from choria_core.protocol.codec import codec_of, decode_transport
from choria_testing import vectors


@pytest.mark.parametrize("recording", ["plain.jsonl", "tls.jsonl", "v2.jsonl"])
def test_recorded_requests_went_where_ours_would_go(recording: str) -> None:
    asked = 0
    for message in vectors.messages(recording):
        transport = decode_transport(message["data"].encode())
        headers = transport.headers
        if not headers.reply_to:
            continue
        codec = codec_of(transport.version)
        request = codec.decode_request(codec.decode_secure_request(transport.document()).signed)
        asked += 1

        if ".node." in message["subject"]:
            identity = message["subject"].partition(".node.")[2]
            assert message["subject"] == subjects.node(request.collective, identity)
        else:
            assert message["subject"] == subjects.broadcast(request.collective, request.agent)
        if request.agent == "registration":
            assert message["subject"] == subjects.registration(request.collective)
            assert headers.reply_to == subjects.NO_REPLY
        else:
            expected = subjects.replies(request.collective, request.caller, request.request_id)
            assert headers.reply_to == expected

    assert asked


def test_recorded_events_went_where_ours_would_go() -> None:
    published = {message["subject"] for message in vectors.messages("lifecycle.jsonl")}

    assert subjects.lifecycle_event("startup", "server") in published
    assert subjects.lifecycle_event("shutdown", "server") in published


def test_the_other_subjects() -> None:
    assert subjects.service("mcollective", "echo") == "mcollective.broadcast.service.echo"
    assert subjects.inbox_prefix("mcollective") == "mcollective.reply"
    assert subjects.inbox_prefix("choria", "abc") == "choria.reply.abc"
    assert subjects.federation_requests("mt") == "choria.federation.mt.federation"
    assert subjects.federation_request_group("mt") == "mt_federation"
    assert subjects.federation_replies("mt") == "choria.federation.mt.collective"
    assert subjects.federation_reply_group("mt") == "mt_collective"
    assert subjects.machine_watcher_state("nagios") == "choria.machine.watcher.nagios.state"
    assert subjects.raw_target("acme.cmdb") == "acme.cmdb"


@pytest.mark.parametrize("name", ["", "a b", "*", ">", "a.>", "a\r\nb", "é", "a..b"])
def test_names_that_would_change_a_subject_are_refused(name: str) -> None:
    builders: list[Callable[[], str]] = [
        lambda: subjects.broadcast(name, "x"),
        lambda: subjects.broadcast("x", name),
        lambda: subjects.node("x", name),
        lambda: subjects.replies("x", "choria=alice", name),
        lambda: subjects.inbox_prefix(name),
        lambda: subjects.federation_requests(name),
        lambda: subjects.lifecycle_event(name, "server"),
        lambda: subjects.raw_target(name),
    ]
    for build in builders:
        with pytest.raises(LocalProtocolError):
            build()


def test_the_codecs_are_those_of_their_versions() -> None:
    assert codec_of(v1.VERSION) is v1
    assert codec_of(v2.VERSION) is v2
