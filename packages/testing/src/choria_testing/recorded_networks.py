"""The recorded configurations with files and brokers of our own, and what nodes registered there.

config = recorded_config("server-tls.cfg", folder, port, *NetworkFiles(folder).certified(NODE))
"""

import base64
import gzip
import json
import os
from pathlib import Path
from typing import Any, Final

from choria_testing import vectors
from choria_testing.network_files import write_config
from choria_testing.registering import payload_of

NODE: Final = "node1.example"
"""The node of the configurations."""

_FOLDERS: Final = ("/etc/choria/tls/", "/etc/choria/v2/", "/etc/choria/plain/", "/etc/choria/")


def recorded_config(name: str, folder: Path, broker_port: int, *lines: str) -> Path:
    """A recorded configuration of a server, its facts beside it.

    Args:
        name: of the recording.
        folder: that stands in place of those that it names.
        broker_port: on ``localhost``.
        *lines: more of them; later lines win.
    """
    text = vectors.path(name).read_text()
    for recorded in _FOLDERS:
        text = text.replace(recorded, f"{folder}/")
    facts = folder / "facts1.yaml"
    facts.write_bytes(vectors.path("facts-node1.yaml").read_bytes())
    os.utime(facts, (1_795_425_774, 1_795_425_774))
    hosts = f"plugin.choria.middleware_hosts = localhost:{broker_port}"
    return write_config(folder / f"our-{name}", text, hosts, *lines)


def check_registration(payload: bytes, folder: Path) -> None:
    """Assert that a registration says what was recorded of the node, but for the folder."""
    ours, theirs = json.loads(payload), _recorded()
    assert ours.keys() == theirs.keys()
    for body in (ours, theirs):
        body["zcontent"] = gzip.decompress(base64.b64decode(body["zcontent"]))
    assert ours == theirs | {"file": f"{folder}/facts1.yaml"}


def check_output(document: bytes, folder: Path) -> None:
    """Assert that what an adapter made of a registration is what was recorded."""
    outputs = (
        json.loads(message["data"])
        for message in vectors.messages("adapter.jsonl")
        if message["subject"] == f"REG.{NODE}"
    )
    ours, theirs = json.loads(document), next(outputs)
    assert ours.keys() == theirs.keys()
    for key in ("protocol", "sender"):
        assert ours[key] == theirs[key]
    check_registration(ours["data"].encode(), folder)


def _recorded() -> dict[str, Any]:
    for message in vectors.messages("adapter.jsonl"):
        if message["subject"].endswith(".agent.registration"):
            body: dict[str, Any] = json.loads(payload_of(message["data"]))
            return body
    raise AssertionError("no registration was recorded")
