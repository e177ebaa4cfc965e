"""A real etcd on this machine, with an empty store that outlasts its restarts.

async with EtcdServer(require_peer("etcd")) as server:
    endpoint = server.http_url
"""

import uuid
from pathlib import Path
from typing import ClassVar

from choria_testing.json_api import ask_json
from choria_testing.real_server import HOST, RealServer


class EtcdServer(RealServer):
    """A cluster of one, which takes etcd's third protocol: gRPC, and JSON under ``/v3``."""

    port_kinds: ClassVar[tuple[str, ...]] = ("client", "peer")

    def __init__(self, program: Path) -> None:
        super().__init__(program)
        self._name = f"member-{uuid.uuid4().hex[:12]}"

    def arguments(self, ports: dict[str, int]) -> list[str]:
        """The arguments of ``etcd``."""
        client, peer = (f"http://{HOST}:{ports[kind]}" for kind in ("client", "peer"))
        settings = {
            "name": self._name,
            "data-dir": str(self.folder / "data"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"{self._name}={peer}",
            "heartbeat-interval": "20",  # milliseconds: alone, it elects itself at once
            "election-timeout": "200",
            "logger": "zap",
        }
        return [f"--{name}={value}" for name, value in settings.items()]

    def is_ready(self) -> bool:
        """Whether it has a leader and is this server."""
        health = ask_json(f"{self.http_url}/health")
        if not (isinstance(health, dict) and health.get("health") == "true"):
            return False
        answer = ask_json(f"{self.http_url}/v3/cluster/member/list", {})
        assert isinstance(answer, dict)
        return any(member.get("name") == self._name for member in answer["members"])
