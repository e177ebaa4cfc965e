"""Statistics as the textfile collector of node_exporter reads them.  Pure.

Counters have the names that the server's own monitor gives them.
"""

from collections.abc import Iterator
from typing import Final

from choria_plugin_stats.document import DISCONNECTED, Statistics

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

_COUNTER: Final = "counter"
_GAUGE: Final = "gauge"


def prometheus_text(statistics: Statistics) -> bytes:
    """The content of the file."""
    return "".join(_lines(statistics)).encode()


def _lines(statistics: Statistics) -> Iterator[str]:
    identity = _label(statistics.identity)
    for name, kind, text, value in _samples(statistics):
        yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name}{{identity={identity}}} {value}\n"
    name = "choria_build_info"
    yield f"# HELP {name} The program\n# TYPE {name} {_COUNTER}\n"
    yield f"{name}{{identity={identity},version={_label(statistics.version)}}} 1\n"


def _samples(statistics: Statistics) -> Iterator[tuple[str, str, str, float]]:
    counts, times = statistics.stats.stats, statistics.stats.times
    connection = statistics.nats
    traffic = connection.stats
    is_connected = int(connection.connected_server != DISCONNECTED)
    server, nats = "choria_server", "choria_server_nats"
    yield f"{server}_total", _COUNTER, "Requests that came from the network", counts.total
    yield f"{server}_validated", _COUNTER, "Requests that were taken", counts.validated
    yield f"{server}_unvalidated", _COUNTER, "Requests that were refused", counts.unvalidated
    yield f"{server}_passed", _COUNTER, "Requests whose filter means this node", counts.passed
    yield f"{server}_filtered", _COUNTER, "Requests whose filter means others", counts.filtered
    yield f"{server}_replies", _COUNTER, "Replies sent", counts.replies
    yield f"{server}_ttlexpired", _COUNTER, "Requests that were too old", counts.ttlexpired
    yield f"{server}_connected", _GAUGE, "Whether there is a broker", is_connected
    yield f"{server}_agents", _GAUGE, "Agents of the node", len(statistics.stats.agents)
    yield f"{server}_threads", _GAUGE, "Threads of the process", len(statistics.stats.threads)
    yield f"{server}_start_time_seconds", _GAUGE, "Unix time of the start", counts.starttime
    yield f"{server}_statistics_time_seconds", _GAUGE, "Unix time of this", statistics.timestamp
    cpu = "Processor time of the process"
    yield f"{server}_cpu_user_seconds", _COUNTER, f"{cpu}, its own", times.utime
    yield f"{server}_cpu_system_seconds", _COUNTER, f"{cpu}, the system's for it", times.stime
    yield f"{nats}_in_messages", _COUNTER, "Messages received", traffic.in_msgs
    yield f"{nats}_out_messages", _COUNTER, "Messages sent", traffic.out_msgs
    yield f"{nats}_in_bytes", _COUNTER, "Bytes received", traffic.in_bytes
    yield f"{nats}_out_bytes", _COUNTER, "Bytes sent", traffic.out_bytes
    yield f"{nats}_reconnects", _COUNTER, "Connections after the first", traffic.reconnects


def _label(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
