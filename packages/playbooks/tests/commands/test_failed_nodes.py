"""``--limit @failed`` asks those nodes again that failed in the run that is resumed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import Asked, scripted_nodes
from packages.playbooks.tests.commands.conftest import Running, WriteBook

NODES = tuple(f"n{number}.example" for number in range(1, 5))
BAD = ("n2.example", "n4.example")
BOOK = """
nodes:
  all: {type: yaml, source: nodes.yaml, group: all}
tasks:
  - choria: {description: ask, action: rpcutil.ping, nodes: "{{ nodes.all }}"}
"""


@pytest.fixture
def file(book: WriteBook, tmp_path: Path) -> Path:
    """A book that asks all nodes."""
    (tmp_path / "nodes.yaml").write_text(yaml.safe_dump({"all": list(NODES)}))
    return book(BOOK)


def configured(folder: Path, port: int) -> Path:
    """The configuration of a client."""
    config = folder / "client.cfg"
    config.write_text(
        f"plugin.choria.middleware_hosts = 127.0.0.1:{port}\n"
        "plugin.choria.use_srv = false\n"
        "plugin.security.provider = file\n"
        "collectives = mcollective\n"
    )
    return config


def failing(asked: Asked) -> Iterable[bytes]:
    """Some nodes fail."""
    if asked.node in BAD:
        return [asked.reply(b'{"statuscode": 1, "statusmsg": "no", "data": {}}')]
    return [asked.reply()]


async def test_only_nodes_that_failed_are_asked_again(
    running: Running, file: Path, make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False)
    config = configured(tmp_path, broker.port)
    own: dict[str, Any] = {"INSECURE_YES_REALLY": "true"}

    async with scripted_nodes(broker, *NODES) as nodes:
        nodes.answer = failing
        words = ("run", file, "-c", config)
        async with running(*words, "--report-file", "first.yaml", **own) as first:
            assert await first.ended() == 1, first.output
        asked_first = sorted(asked.node for asked in nodes.requests)
        nodes.requests.clear()
        nodes.answer = lambda asked: [asked.reply()]
        again = ("--resume", "first.yaml", "--limit", "@failed")
        async with running(*words, *again, **own) as second:
            assert await second.ended() == 0, second.output
        asked_again = sorted(asked.node for asked in nodes.requests)

    assert asked_first == list(NODES)
    assert asked_again == list(BAD)
