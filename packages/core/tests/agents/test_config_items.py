"""Keys of a configuration are shown as JSON can hold them, and secrets not at all."""

import json
from pathlib import Path

import pytest

from choria_core.agents.config_items import config_item
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.settings import Settings

LINES = """identity = node1.example
collectives = mcollective,uk
plugin.choria.middleware_hosts = broker.example:4222
plugin.nats.user = ada
plugin.nats.pass = a-secret
plugin.weather.api_key = a-secret
plugin.weather.place = roof
plugin.yaml = /etc/facts.yaml
rpcauthorization = no
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a server."""
    (tmp_path / "server.cfg").write_text(LINES)
    host = Host(HostNames(host_name=lambda: "n.example.net"), {"HOME": str(tmp_path)})
    return load_server(tmp_path / "server.cfg", host=host).settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("identity", "node1.example"),
        ("collectives", ["mcollective", "uk"]),
        ("ttl", 60),
        ("rpcauthorization", False),
        ("plugin.yaml", ["/etc/facts.yaml"]),
        ("plugin.weather.place", "roof"),
        ("plugin.nats.user", "ada"),
        ("plugin.nats.pass", "***"),
        ("plugin.weather.api_key", "***"),
    ],
)
def test_a_key_has_its_value(key: str, value: object, settings: Settings) -> None:
    assert config_item(settings, key) == value


def test_every_value_fits_json_and_none_is_a_secret(settings: Settings) -> None:
    items = {key: config_item(settings, key) for key in (*settings.values, *settings.options)}

    assert "a-secret" not in json.dumps(items)


def test_an_unknown_key_is_no_key(settings: Settings) -> None:
    with pytest.raises(KeyError):
        config_item(settings, "no.such")
