"""The files of the demonstration: what each program of the path reads as its configuration."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client, load_server
from choria_core.network_config.protection import ALL_OFF
from choria_core.network_config.server_config import ServerConfig
from choria_emulator.embedded.client_files import FILE_NAME, ClientFile, write_client_file
from choria_emulator.fleet.plan import MAIN_COLLECTIVE

STREAM: Final = "NODES"
SITE: Final = "dc1"
CENTRE: Final = "central"
CALLER: Final = "demo.mcollective"

_ADAPTER: Final = """\
identity = adapter.{site}
plugin.choria.middleware_hosts = {broker}
plugin.choria.use_srv = false
plugin.choria.stats_address = 127.0.0.1
plugin.security.provider = file
soft_shutdown_timeout = 5
plugin.choria.adapters = nodes
plugin.choria.adapter.nodes.type = choria_streams
plugin.choria.adapter.nodes.stream.topic = nodes.%s
plugin.choria.adapter.nodes.ingest.topic = {collective}.broadcast.agent.registration
plugin.choria.adapter.nodes.ingest.protocol = request
"""

_REPLICATOR: Final = """\
name: {centre}
state_store: {folder}
streams:
  - stream: {stream}
    source_url: {source}
    target_url: {target}
    target_subject_prefix: {site}
    inspect_field: sender
    inspect_duration: {seconds}s
"""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The files in a folder of the demonstration.

    Attributes:
        folder: where they are.
    """

    folder: Path

    def adapter(self, site_url: str) -> ServerConfig:
        """Write the adapter's file, and read it; its warnings are known and left out."""
        file = self.folder / "adapter.conf"
        broker = site_url.rpartition("/")[2]
        text = _ADAPTER.format(site=SITE, broker=broker, collective=MAIN_COLLECTIVE)
        file.write_text(text, encoding="utf-8")
        return replace(load_server(file, host=self._host()), warnings=())

    def replicator(self, site_url: str, centre_url: str, *, seconds: int) -> Path:
        """Write the replicator's file, which lets one message of each node pass in ``seconds``."""
        file = self.folder / "replicator.yaml"
        text = _REPLICATOR.format(
            centre=CENTRE,
            folder=self.folder / "state",
            stream=STREAM,
            source=site_url,
            target=centre_url,
            site=SITE,
            seconds=seconds,
        )
        file.write_text(text, encoding="utf-8")
        return file

    def client(self, site_url: str) -> Path:
        """Write the file of whoever calls nodes."""
        given = ClientFile(urls=[site_url], collectives=[MAIN_COLLECTIVE], caller=CALLER)
        return write_client_file(self.folder, given)

    def read_client(self) -> ClientConfig:
        """The configuration that :meth:`client` wrote."""
        return load_client(self.folder / FILE_NAME, host=self._host())

    def audit_logs(self) -> Path:
        """The folder of the nodes' audit logs, which is made."""
        folder = self.folder / "audit"
        folder.mkdir(exist_ok=True)
        return folder

    def _host(self) -> Host:
        """Surroundings in which nothing of the user's own counts, and nothing is protected."""
        environment = {
            ALL_OFF: "true",
            "HOME": str(self.folder),
            "MCOLLECTIVE_CERTNAME": CALLER,
        }
        return Host(HostNames(host_name=lambda: "demo"), environment)
