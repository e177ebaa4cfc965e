"""Nodes of every kind of network, on real brokers."""

from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.messages import Version
from choria_testing import vectors
from choria_testing.callers import Caller
from choria_testing.fixtures import MakeBroker

ALICE = Caller(Version.V1, "choria=alice.mcollective")


class WriteConfig(Protocol):
    def __call__(self, *lines: str, insecure: bool = True) -> ServerConfig: ...


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security, which tells who listens to what."""
    return await make_broker(jetstream=False, monitor_port=ANY_PORT)


@pytest.fixture
def configure(plain_broker: Broker, tmp_path: Path) -> WriteConfig:
    """Write and load the configuration of a node; later lines win."""

    def write(*lines: str, insecure: bool = True) -> ServerConfig:
        file = tmp_path / "server.cfg"
        common = (
            "identity = node1.example",
            "collectives = mcollective,uk",
            f"plugin.choria.middleware_hosts = 127.0.0.1:{plain_broker.port}",
            "plugin.security.provider = file",
            "rpcauthorization = false",
            f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
            f"classesfile = {vectors.path('classes-node1.txt')}",
        )
        file.write_text("\n".join((*common, *lines)) + "\n")
        switch = "INSECURE_YES_REALLY" if insecure else "INSECURE_DISABLE_TLS"
        names = HostNames(host_name=lambda: "machine.example.net")
        return load_server(file, host=Host(names, {switch: "true", "HOME": str(tmp_path)}))

    return write
