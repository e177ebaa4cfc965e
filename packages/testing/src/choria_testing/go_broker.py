"""The Go program's broker, with streams and one adapter inside; TLS is a must there."""

from choria_core.broker.free_port import pick_port
from choria_testing.network_files import NetworkFiles

HOST = "localhost"
"""Also the name in its certificate."""


def go_broker_lines(
    files: NetworkFiles, port: int, *, adapter: str, ingest: str, topic: str
) -> tuple[str, ...]:
    """The lines of its configuration.

    Args:
        files: of the network; its streams are kept in their folder.
        port: to listen on.
        adapter: its name.
        ingest: subject that it reads requests from.
        topic: that it writes to, with ``%s``.
    """
    prefix = f"plugin.choria.adapter.{adapter}"
    network = "plugin.choria.network"
    return (
        f"identity = {HOST}",
        "collectives = mcollective",
        "plugin.choria.use_srv = false",
        f"plugin.choria.middleware_hosts = {HOST}:{port}",
        "plugin.choria.broker_network = true",
        f"{network}.listen_address = 127.0.0.1",
        f"{network}.client_port = {port}",
        f"{network}.peer_port = 0",
        f"{network}.stream.store = {files.folder / 'store'}",
        f"{network}.system.user = system",
        f"{network}.system.password = {pick_port('127.0.0.1')}",
        f"plugin.choria.adapters = {adapter}",
        f"{prefix}.type = choria_streams",
        f"{prefix}.queue_len = 20000",
        f"{prefix}.stream.servers = {HOST}:{port}",
        f"{prefix}.stream.topic = {topic}",
        f"{prefix}.ingest.topic = {ingest}",
        f"{prefix}.ingest.protocol = request",
        *files.certified(HOST),
        "loglevel = warn",
        "logfile = stdout",
    )
