"""A file is registered as the Go server does it."""

import base64
import gzip
import json
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import Draft4Validator
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.errors import ConfigError, WorkError
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.protocol.schemas import schema
from choria_core.server.service import Server
from choria_plugin_file_content import hooks
from choria_plugin_file_content.registration import FileRegistration
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.registering import layers, node_config, payload_of, plugins_with, registering

DATA = "plugin.choria.registration.file_content.data"
OTHER = "plugin.choria.registration.file_content"


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    return await make_broker(jetstream=False)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """The recorded node's facts, as old as they were."""
    file = tmp_path / "facts1.yaml"
    file.write_bytes(vectors.path("facts-node1.yaml").read_bytes())
    os.utime(file, (1_795_425_774, 1_795_425_774))
    return file


def recorded() -> list[str]:
    return [
        message["data"]
        for message in vectors.messages("adapter.jsonl")
        if message["subject"].endswith(".agent.registration")
    ]


def content_of(file: Path) -> bytes:
    return file.read_bytes()


def shrink(file: Path) -> None:
    file.write_bytes(b"{}")


def registration_of(folder: Path, *lines: str) -> FileRegistration:
    server = Server(node_config(folder, *lines), plugins_with(hooks))
    return FileRegistration(server.node)


async def body_of(registration: FileRegistration) -> dict[str, Any]:
    item = await registration.item()
    body: dict[str, Any] = json.loads(item.body)
    return body


async def test_what_is_published_is_field_by_field_what_was_recorded(
    plain_broker: Broker, tmp_path: Path, facts: Path
) -> None:
    lines = ("registration = file_content", "registerinterval = 1", f"{DATA} = {facts}")
    config = node_config(tmp_path, *lines, broker=plain_broker)
    async with registering(config, plain_broker, plugins_with(hooks)) as node:
        messages = [(await node.registration()).data for _ in range(2)]

    for ours, theirs in zip(messages, recorded(), strict=False):
        body, model = json.loads(payload_of(ours)), json.loads(payload_of(theirs))
        Draft4Validator(schema("payloads/file_content")).validate(body)
        assert body.keys() == model.keys()
        for key in body.keys() - {"file", "zcontent"}:
            assert body[key] == model[key], key
        assert body["file"] == str(facts)
        content = gzip.decompress(base64.b64decode(body["zcontent"]))
        assert content == gzip.decompress(base64.b64decode(model["zcontent"]))
        envelope, other = layers(ours)[2]["envelope"], layers(theirs)[2]["envelope"]
        for key in envelope.keys() - {"requestid", "time"}:
            assert envelope[key] == other[key], key
        assert envelope.keys() == other.keys()
        check_transport(layers(ours)[0], layers(theirs)[0], plain_broker)


def check_transport(ours: dict[str, Any], theirs: dict[str, Any], broker: Broker) -> None:
    """What is outside says the same as the recorded, but for the broker."""
    assert list(ours) == list(theirs)
    assert ours["protocol"] == theirs["protocol"]
    headers, other = ours["headers"], theirs["headers"]
    assert headers.keys() == other.keys()
    assert headers["reply-to"] == other["reply-to"]
    assert headers["mc_sender"] == other["mc_sender"]
    [[_, name, _]] = other["seen-by"]
    assert headers["seen-by"] == [[broker.url, name, broker.url]]


async def test_without_compression_the_content_is_the_file(tmp_path: Path, facts: Path) -> None:
    body = await body_of(
        registration_of(tmp_path, f"{DATA} = {facts}", f"{OTHER}.compression = false")
    )

    assert base64.b64decode(body["content"]) == content_of(facts)
    assert body.keys() == {"mtime", "file", "updated", "protocol", "content"}


async def test_a_file_is_updated_when_it_was_written_since_the_one_before(
    tmp_path: Path, facts: Path
) -> None:
    registration = registration_of(tmp_path, f"{DATA} = {facts}")
    told = [await body_of(registration), await body_of(registration)]
    os.utime(facts, (1_795_425_775, 1_795_425_775))
    told += [await body_of(registration), await body_of(registration)]
    os.utime(facts, (1_795_425_000, 1_795_425_000))
    told += [await body_of(registration)]

    assert [body["updated"] for body in told] == [False, False, True, False, False]
    assert [body["mtime"] % 1_000 for body in told] == [774, 774, 775, 775, 0]


async def test_a_file_that_is_exchanged_is_updated(tmp_path: Path, facts: Path) -> None:
    registration = registration_of(tmp_path, f"{DATA} = {facts}")
    await body_of(registration)
    draft = tmp_path / "draft"
    draft.write_text("{}")  # now, which is later
    draft.replace(facts)

    body = await body_of(registration)
    assert body["updated"]
    assert gzip.decompress(base64.b64decode(body["zcontent"])) == b"{}"


async def test_a_target_is_where_it_goes(tmp_path: Path, facts: Path) -> None:
    item = await registration_of(
        tmp_path, f"{DATA} = {facts}", f"{OTHER}.target = mcollective.x"
    ).item()
    assert item.target == "mcollective.x"


async def test_a_file_that_is_missing_or_empty_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    registration = registration_of(tmp_path, f"{DATA} = {file}")
    with pytest.raises(WorkError, match=r"facts\.json cannot be read: No such file"):
        await registration.item()
    assert registration.size() == 0
    file.touch()
    with pytest.raises(WorkError, match="is empty: there is nothing to send"):
        await registration.item()
    file.write_text("{}")
    assert not (await body_of(registration))["updated"]
    assert registration.size() == 2


async def test_a_large_file_is_packed_and_one_that_is_far_too_large_is_not(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    registration = registration_of(tmp_path, f"{DATA} = {file}")
    file.write_bytes(b"x" * (1 << 20))
    body = await body_of(registration)
    assert gzip.decompress(base64.b64decode(body["zcontent"])) == content_of(file)
    with file.open("ab") as opened:
        opened.truncate((1 << 24) + 1)
    with pytest.raises(WorkError, match=r"has more than 16777216 bytes: make it smaller"):
        await registration.item()


async def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "facts.json"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)  # or a reader that waits would do so for ever
    try:
        os.write(held, b"{}")
        with pytest.raises(
            WorkError, match=r"facts\.json cannot be read: it is a pipe and no file"
        ):
            await registration_of(tmp_path, f"{DATA} = {pipe}").item()
    finally:
        os.close(held)


async def test_a_missing_file_is_told_and_sent_once_it_is_there(
    plain_broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "facts.json"
    lines = ("registration = file_content", "registerinterval = 1", f"{DATA} = {file}")
    config = node_config(tmp_path, *lines, broker=plain_broker)
    failed: list[str] = []

    def catch(
        _logger: object, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if line["event"] == "a registration failed" and not failed:
            failed.append(line["cause"])
            file.write_text('{"a":1}')
        return line

    with capture_logs(processors=[catch]):
        async with registering(config, plain_broker, plugins_with(hooks)) as node:
            body = json.loads(payload_of((await node.registration()).data))
    assert "No such file" in failed[0]
    assert gzip.decompress(base64.b64decode(body["zcontent"])) == b'{"a":1}'


async def test_a_change_of_size_sends_it_early(
    plain_broker: Broker, tmp_path: Path, facts: Path
) -> None:
    lines = (
        "registration = file_content",
        "registerinterval = 36000",
        f"{DATA} = {facts}",
        "plugin.choria.registration.size_trigger = 100",
        "plugin.choria.registration.size_interval = 1",
    )
    config = node_config(tmp_path, *lines, broker=plain_broker)
    size = len(content_of(facts))
    async with registering(config, plain_broker, plugins_with(hooks)) as node:
        first = json.loads(payload_of((await node.registration()).data))
        with facts.open("ab") as file:
            file.write(b"#" * 100)
        second = json.loads(payload_of((await node.registration()).data))
        shrink(facts)
        third = json.loads(payload_of((await node.registration()).data))

    sizes = [
        len(gzip.decompress(base64.b64decode(body["zcontent"]))) for body in (first, second, third)
    ]
    assert sizes == [size, size + 100, 2]


def test_without_a_file_the_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{DATA}: no file to send; set it to a path"):
        registration_of(tmp_path)


@pytest.mark.parametrize("name", ["server-plain.cfg", "server-tls.cfg", "server-v2.cfg"])
def test_configurations_of_the_original_register_unchanged(tmp_path: Path, name: str) -> None:
    names = HostNames(host_name=lambda: "machine.example.net")
    config = load_server(vectors.path(name), host=Host(names, {"HOME": str(tmp_path)}))

    assert config.registration.plugins == ("file_content",)
    wanted = config.registration.file_content
    assert str(wanted.file) == "/etc/choria/facts1.yaml"
    assert wanted.compressed
    assert wanted.target == f"{config.main_collective}.broadcast.agent.registration"
    assert (config.registration.interval_seconds, config.registration.splay) == (5, False)
    assert not config.warnings
