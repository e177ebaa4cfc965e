"""Options become a configuration that nats-server reads as it was meant."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from choria_core.broker.binary import find_nats_server
from choria_core.broker.config import render_config
from choria_core.broker.options import (
    BrokerAuth,
    BrokerOptions,
    BrokerPorts,
    BrokerUser,
    ClusterOptions,
    LeafnodeOptions,
    LeafnodeRemote,
)

PORTS = BrokerPorts(client=4222, monitor=8222, cluster=6222, leafnode=7422)
STORE = Path("/store")

COMBINATIONS = {
    "bare": BrokerOptions(),
    "ipv6": BrokerOptions(host="::1", monitor_port=8222),
    "jetstream": BrokerOptions(jetstream=True, domain="hub", max_payload_bytes=1024),
    "cluster": BrokerOptions(cluster=ClusterOptions("c", routes=("nats-route://127.0.0.1:1",))),
    "leafnode": BrokerOptions(
        leafnode=LeafnodeOptions(port=7422, remotes=(LeafnodeRemote("nats-leaf://127.0.0.1:2"),))
    ),
    "token": BrokerOptions(auth=BrokerAuth(token="t")),
    "extra": BrokerOptions(extra_config="ping_interval: 10s"),
}


def accepted(text: str, folder: Path) -> bool:
    config = folder / "broker.conf"
    config.write_text(text)
    command = [str(find_nats_server()), "-t", "-c", str(config)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_server_accepts_every_combination(name: str, tmp_path: Path) -> None:
    assert accepted(render_config(COMBINATIONS[name], PORTS, STORE), tmp_path)


def test_the_server_notices_a_wrong_one(tmp_path: Path) -> None:
    options = BrokerOptions(extra_config="no_such_setting: 1")

    assert not accepted(render_config(options, PORTS, STORE), tmp_path)


printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(user=printable, password=printable)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_password_breaks_the_syntax(user: str, password: str, tmp_path: Path) -> None:
    auth = BrokerAuth(users=(BrokerUser(user, password),))

    assert accepted(render_config(BrokerOptions(auth=auth), PORTS, STORE), tmp_path)


def test_secrets_do_not_show_in_options() -> None:
    auth = BrokerAuth(users=(BrokerUser("user", "hidden"),), token="hidden")

    assert "hidden" not in repr(BrokerOptions(auth=auth, extra_config="password: hidden"))
