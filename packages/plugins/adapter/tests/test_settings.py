"""What the configuration says of adapters, right and wrong."""

from pathlib import Path

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.errors import ConfigError
from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_plugin_adapter.service import AdapterService
from choria_plugin_adapter.settings import Adapters, Takes, read_adapters
from choria_testing import vectors

PREFIX = "plugin.choria.adapter.reg"
REG = {
    "type": "choria_streams",
    "ingest.topic": "mcollective.broadcast.agent.registration",
}


def lines_of(**parts: str) -> list[str]:
    named = {part.replace("__", "."): text for part, text in parts.items()}
    settings = {part: text for part, text in (REG | named).items() if text}
    return [
        "plugin.choria.adapters = reg",
        *(f"{PREFIX}.{part} = {text}" for part, text in settings.items()),
    ]


def read(folder: Path, *lines: str) -> Adapters:
    file = folder / "adapter.cfg"
    file.write_text("identity = broker.example\n" + "\n".join(lines) + "\n")
    names = HostNames(host_name=lambda: "machine.example.net")
    return read_adapters(load_server(file, host=Host(names, {})).settings)


def test_the_recorded_file_of_a_broker_is_read() -> None:
    names = HostNames(host_name=lambda: "machine.example.net")
    config = load_server(vectors.path("broker-adapter.cfg"), host=Host(names, {}))

    (reg,) = read_adapters(config.settings).adapters

    assert (reg.name, reg.group, reg.takes) == ("reg", "nats_ingest_reg", Takes.REQUESTS)
    assert reg.ingest == "mcollective.broadcast.agent.registration"
    assert reg.template.text == "REG.%s"
    assert reg.servers == (ServerAddress("localhost", 4243),)
    assert (reg.queue_length, reg.verify, reg.retry_seconds) == (1000, False, None)


def test_defaults_are_those_of_the_original(tmp_path: Path) -> None:
    (reg,) = read(tmp_path, *lines_of(type="jetstream")).adapters

    assert reg.takes is Takes.REPLIES
    assert reg.template.text == "reg"
    assert reg.servers == ()
    assert reg.queue_length == 1000
    assert reg.ack_seconds == 5.0


def test_everything_can_be_set(tmp_path: Path) -> None:
    parts = {
        "ingest__protocol": "reply",
        "stream__topic": "dc1.%s.facts",
        "stream__servers": "a.example:4222, b.example:4223",
        "stream__workers": "3",
        "ingest__workers": "2",
        "stream__ack_timeout": "500ms",
        "stream__retry_for": "30",
        "queue_len": "7",
        "verify": "yes",
    }

    (reg,) = read(tmp_path, *lines_of(**parts)).adapters

    assert [str(server) for server in reg.servers] == [
        "nats://a.example:4222",
        "nats://b.example:4223",
    ]
    assert (reg.ack_seconds, reg.retry_seconds, reg.queue_length) == (0.5, 30.0, 7)
    assert reg.verify


@pytest.mark.parametrize(
    ("parts", "place", "text"),
    [
        ({"type": "nats_stream"}, 3, "nats_stream is deprecated and gone; write choria_streams"),
        ({"type": "kafka"}, 3, "must be choria_streams or jetstream, not 'kafka'"),
        ({"type": ""}, 2, "must be choria_streams or jetstream; write choria_streams"),
        ({"ingest__topic": ""}, 2, "is missing"),
        ({"ingest__topic": "a..b"}, 4, "'a..b' is no subject"),
        ({"ingest__protocol": "event"}, 5, "must be request or reply, not 'event'"),
        ({"stream__topic": "$JS.%s"}, 5, "'$JS.%s' makes no subject"),
        ({"stream__topic": "REG.%s.>"}, 5, "makes no subject"),
        ({"stream__topic": "REG %s"}, 5, "makes no subject"),
        ({"queue_len": "0"}, 5, "must be at least 1, not 0"),
        ({"queue_len": "many"}, 5, "must be a whole number"),
        ({"ingest__workers": "-1"}, 5, "must be at least 1, not -1"),
        ({"stream__workers": "0"}, 5, "must be at least 1, not 0"),
        ({"stream__ack_timeout": "0"}, 5, "must be longer than nothing"),
        ({"stream__retry_for": "soon"}, 5, "stream.retry_for"),
        ({"stream__servers": "a.example:port"}, 5, "stream.servers"),
        ({"verify": "perhaps"}, 5, "must be true or false"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    parts: dict[str, str], place: int, text: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidConfigError) as refused:
        read(tmp_path, *lines_of(**parts))

    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "adapter.cfg"), place)
    assert text in str(problem)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as refused:
        read(tmp_path, *lines_of(type="kafka", queue_len="0"), "plugin.choria.adapters = reg, b.c")

    assert [problem.line for problem in refused.value.problems] == [3, 5, 6, 6, 6]


def test_no_adapter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match=r"plugin\.choria\.adapters: names no adapter"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"{PREFIX}.ingest.topik = x", f"is not known; did you mean {PREFIX}.ingest.topic?"),
        ("plugin.choria.adapter.other.type = jetstream", "other does not run"),
    ],
)
def test_keys_that_nobody_reads_are_warned_of(line: str, text: str, tmp_path: Path) -> None:
    adapters = read(tmp_path, *lines_of(), line)

    (warning,) = adapters.warnings
    assert warning.line == 5
    assert text in str(warning)


@pytest.mark.parametrize(
    ("protocol", "environment", "text"),
    [
        ("reply", {}, "replies of protocol version 1 are not signed and cannot be verified"),
        ("request", {"INSECURE_YES_REALLY": "true"}, "nothing is signed in this network"),
    ],
)
def test_what_cannot_be_verified_is_refused_at_the_start(
    protocol: str, environment: dict[str, str], text: str, tmp_path: Path
) -> None:
    file = tmp_path / "adapter.cfg"
    pem = vectors.path("ca.pem")
    security = (
        "plugin.security.provider = file",
        *(f"plugin.security.file.{key} = {pem}" for key in ("ca", "certificate", "key")),
    )
    wanted = lines_of(verify="true", ingest__protocol=protocol)
    file.write_text("\n".join((*security, *wanted)) + "\n")
    names = HostNames(host_name=lambda: "machine.example.net")
    config = load_server(file, host=Host(names, environment))

    with pytest.raises(ConfigError, match=rf"{file}:8: {PREFIX}\.verify: {text}"):
        AdapterService(config, read_adapters(config.settings))
