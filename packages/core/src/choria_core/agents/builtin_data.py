"""The data sources that come with core: ``choria`` and ``config_item``.

Source: the recorded replies of the Go programs; keys and types of ``choria`` are
theirs, with the names of Go where they stand for the runtime.
"""

import os
import platform
import threading
import time
from collections.abc import Mapping

from choria_core.agents.data_source import DataSource
from choria_core.agents.node import Node

_UNKNOWN = "unknown"


class ChoriaData(DataSource):
    """The running server."""

    name = "choria"
    description = "The running server: its counts, classes and agents"

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        """Everything; there is nothing to ask for."""
        del query
        agents, classes, counts = node.agents(), node.classes(), node.counts
        return {
            "agents": [metadata.name for metadata in agents],
            "agents_count": len(agents),
            "built": _UNKNOWN,
            "classes": sorted(classes),
            "classes_count": len(classes),
            "commit": _UNKNOWN,
            "configfile": node.config_file,
            "connected_broker": node.connection().connected_server,
            "cpus": os.cpu_count() or 1,
            "events": node.events,
            "filtered": counts.filtered,
            "go_version": f"python{platform.python_version()}",
            "goroutines": threading.active_count(),
            "license": "Apache-2.0",
            "machines": [],
            "machines_count": 0,
            "passed": counts.passed,
            "pid": os.getpid(),
            "provisioning": False,
            "replies": counts.replies,
            "total": counts.total,
            "ttlexpired": counts.ttl_expired,
            "unvalidated": counts.invalid,
            "uptime": int(time.time() - node.started),
            "validated": counts.valid,
            "version": node.version,
        }


class ConfigItemData(DataSource):
    """One key of the server's configuration."""

    name = "config_item"
    description = "A key of the server's configuration: its value, and whether there is one"
    takes_query = True

    def read(self, node: Node, query: str) -> Mapping[str, object]:
        """``query`` is the key."""
        try:
            return {"present": True, "value": node.config_item(query)}
        except KeyError:
            return {"present": False, "value": None}
