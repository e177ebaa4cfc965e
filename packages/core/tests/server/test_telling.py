"""What a server tells of itself: events, status file, monitor."""

import asyncio
import dataclasses
import json
import stat
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from choria_core.broker.free_port import pick_port
from choria_core.broker.server import Broker
from choria_core.protocol.lifecycle import decode_event
from choria_core.protocol.schemas import schema
from choria_core.server.inventory_files import ClassFile, FactFiles
from choria_core.server.status import decode_status
from choria_core.server.status_file import StatusFile
from choria_testing import vectors
from choria_testing.serving import serving
from packages.core.tests.server.conftest import ALICE, CertifiedNetwork, TokenNetwork, WriteConfig


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return type(value).__name__


def recorded_event(kind: str) -> dict[str, Any]:
    for message in vectors.messages("lifecycle.jsonl"):
        if message["subject"] == f"choria.lifecycle.event.{kind}.server":
            event: dict[str, Any] = json.loads(message["data"])
            return event
    raise AssertionError(kind)


async def test_start_and_end_are_told_as_recorded(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    events: dict[str, dict[str, Any]] = {}
    async with serving(configure(), plain_broker) as node:
        node.stop.set()
        await node.event("shutdown")
        for message in node.event_messages:
            kind = decode_event(message.data).kind
            assert message.subject == f"choria.lifecycle.event.{kind}.server"
            events[kind] = json.loads(message.data)

    for kind in ("startup", "shutdown"):
        assert shape(events[kind]) == shape(recorded_event(kind))
        Draft4Validator(schema("lifecycle/event")).validate(events[kind])
        assert events[kind]["data"]["identity"] == events[kind]["subject"] == "node1.example"
    assert events["startup"]["id"] != events["shutdown"]["id"]


async def test_the_older_form_of_events_is_the_inner_document(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    config = configure("plugin.choria.legacy_lifecycle_format = true")
    async with serving(config, plain_broker) as node:
        [message] = node.event_messages

    assert shape(json.loads(message.data)) == shape(recorded_event("startup")["data"])
    Draft4Validator(schema("lifecycle/bare_event")).validate(json.loads(message.data))


async def test_the_status_file_is_there_as_recorded_when_the_server_is_ready(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "status.json"
    async with serving(configure(f"plugin.choria.status_file_path = {file}"), plain_broker) as node:
        first = json.loads(file.read_text())
        await node.ask(ALICE)
        told = node.server.status()

    recorded = json.loads(vectors.path("status.json").read_text())
    assert shape(first) == shape(recorded)
    assert list(first) == list(recorded)
    assert list(first["stats"]) == list(recorded["stats"])
    assert first["connected_server"] == plain_broker.url
    assert (told.stats.total, told.stats.replies, told.stats.events) == (1, 1, 1)
    assert told.last_message > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert decode_status(file.read_bytes()).connected_server == ""  # it has ended


async def test_a_status_file_is_written_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    writes: asyncio.Queue[None] = asyncio.Queue()

    def status() -> Any:
        writes.put_nowait(None)
        return decode_status(vectors.path("status.json").read_bytes())

    keeping = asyncio.create_task(StatusFile(file, interval_seconds=0, status=status).keep())
    for _ in range(3):
        await writes.get()
    keeping.cancel()

    assert decode_status(file.read_bytes()).identity == "node2.example"


async def test_a_status_file_that_cannot_be_written_ends_nothing(
    configure: WriteConfig, plain_broker: Broker, tmp_path: Path
) -> None:
    config = configure(f"plugin.choria.status_file_path = {tmp_path / 'absent' / 'status.json'}")
    async with serving(config, plain_broker) as node:
        await node.ask(ALICE)


async def test_it_says_when_its_certificate_expires(
    certified: CertifiedNetwork, plain_broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "node.pem"
    file.write_bytes(certified.authority.issue("node1.example").pem)
    security = certified.config.security
    own = dataclasses.replace(security.file, certificate=file)
    config = dataclasses.replace(certified.config, security=dataclasses.replace(security, file=own))
    async with serving(config, plain_broker) as node:
        assert node.server.status().certificate_expires == "2027-01-16T08:00:00Z"
        file.unlink()
        assert node.server.status().certificate_expires == "0001-01-01T00:00:00Z"


async def test_it_says_when_its_token_expires(tokens: TokenNetwork, plain_broker: Broker) -> None:
    async with serving(tokens.config, plain_broker) as node:
        assert node.server.status().token_expires == "2027-01-15T09:00:00Z"


async def test_the_monitor_shows_metrics_at_our_paths_and_the_originals(
    configure: WriteConfig, plain_broker: Broker
) -> None:
    port = pick_port("127.0.0.1")
    config = configure(f"plugin.choria.stats_port = {port}")

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.read().decode()  # type: ignore[no-any-return]

    async with serving(config, plain_broker) as node:
        await node.send(b"noise")
        await node.ask(ALICE)
        pages = {
            path: await asyncio.to_thread(get, path)
            for path in (
                "/metrics",
                "/choria/metrics",
                "/choria/prometheus",
                "/choria/",
                "/healthz",
                "/debug/vars",
            )
        }

    for path in ("/metrics", "/choria/metrics", "/choria/prometheus"):
        lines = pages[path].splitlines()
        label = '{identity="node1.example"}'
        for name, value in {
            "total": 2,
            "validated": 1,
            "unvalidated": 1,
            "passed": 1,
            "filtered": 0,
            "replies": 1,
            "ttlexpired": 0,
            "events": 1,
            "dropped": 0,
        }.items():
            assert f"choria_server_{name}{label} {value}" in lines
        refused = 'choria_server_refused{identity="node1.example",reason="malformed"} 1'
        assert refused in lines
        assert any(line.startswith("choria_build_info{version=") for line in lines)
    about = json.loads(pages["/choria/"])
    assert list(about) == ["build", "system", "config_file", "identity"]
    assert about["build"]["secure"] is False
    assert json.loads(pages["/healthz"])["ok"] is True
    variables = json.loads(pages["/debug/vars"])
    assert variables["requests"]["total"] == 2
    assert variables["server"]["refusals"] == {"malformed": 1}


def test_facts_of_files_that_do_not_change_are_one_object(tmp_path: Path) -> None:
    one, other = tmp_path / "a.json", tmp_path / "b.yaml"
    one.write_text('{"a": 1}')
    other.write_text("b: 2\n")
    for facts in (FactFiles([one]), FactFiles([one, other])):
        assert facts() is facts()

    assert FactFiles([])() == {}
    assert ClassFile(None)() == ()


@pytest.mark.parametrize("text", ["", "\n", "a\n\nb"])
def test_classes_are_the_lines_of_a_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "classes"
    file.write_text(text)

    assert list(ClassFile(file)()) == sorted(text.removesuffix("\n").split("\n") if text else [])
