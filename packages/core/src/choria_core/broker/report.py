"""What a nats-server says of itself in the ports file that it writes when it is ready."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BrokerReport:
    """The content of a ports file.  An empty text stands for a service not offered.

    Attributes:
        pid: the server's process id, from the file's name.
        url: where clients connect; no credentials in it.
        monitor_url: the server's own HTTP endpoint.
        cluster_url: where other members of its cluster connect.
    """

    pid: int = 0
    url: str = ""
    monitor_url: str = ""
    cluster_url: str = ""


def read_report(folder: Path) -> BrokerReport | None:
    """The report in ``folder``, or None while there is no complete one."""
    for path in folder.glob("*.ports"):
        try:
            urls = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None  # it is being written
        pid = int(path.stem.rpartition("_")[2])
        return BrokerReport(
            pid, *(_first(urls, kind) for kind in ("nats", "monitoring", "cluster"))
        )
    return None


def _first(urls: dict[str, list[str]], kind: str) -> str:
    """The first URL of a kind: with one address listened on, there is one."""
    return next(iter(urls.get(kind) or ()), "")
