"""What the example of a rolling deploy leaves on its nodes where a release does not work."""

import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import DONE, Asked, scripted_nodes
from packages.playbooks.tests.examples.conftest import EXAMPLES, Ran, run_book

NAMES = tuple(f"web-{number:02}" for number in range(1, 61))
DDL = """{
  "metadata": {"name": "app", "version": "1.0.0", "timeout": 5},
  "actions": [
    {"action": "deploy",
     "input": {"release": {"type": "string", "optional": false, "maxlength": 20}},
     "output": {"release": {}}},
    {"action": "status", "input": {}, "output": {"running": {}}}]
}"""


class Application:
    """An application on nodes.

    Attributes:
        releases: that run, by node.
        broken: nodes where 2.4.1 does not run.
        deployed: releases that nodes were told to run, in order.
    """

    def __init__(self, broken: Iterable[str]) -> None:
        self.releases = dict.fromkeys(NAMES, "2.4.0")
        self.broken = frozenset(broken)
        self.deployed: list[tuple[str, str]] = []

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """What a node replies."""
        if asked.request.agent == "discovery":
            return [asked.reply()]
        body = json.loads(asked.request.payload)
        if asked.request.agent != "app":
            return [asked.reply(DONE)]
        if body["action"] == "deploy":
            release = body["data"]["release"]
            self.releases[asked.node] = release
            self.deployed.append((asked.node, release))
            return [_reply(asked, release=release)]
        is_well = asked.node not in self.broken or self.releases[asked.node] != "2.4.1"
        return [_reply(asked, running=is_well)]


Deploy = Callable[[Application], Awaitable[Ran]]


def _reply(asked: Asked, **data: object) -> bytes:
    document = {"statuscode": 0, "statusmsg": "OK", "data": data}
    return asked.reply(json.dumps(document).encode())


@pytest.fixture
def deploy(
    make_broker: MakeBroker,
    client: Callable[[Broker], Path],
    environment: dict[str, str],
    tmp_path: Path,
) -> Deploy:
    """Deploys 2.4.1 in place of 2.4.0, by the example."""
    folder = tmp_path / "lib" / "choria" / "agent"
    folder.mkdir(parents=True)
    (folder / "app.json").write_text(DDL)

    async def run(application: Application) -> Ran:
        broker = await make_broker(jetstream=False)
        async with scripted_nodes(broker, *NAMES) as nodes:
            nodes.answer = application.answer
            return await run_book(
                *("playbook", "run", str(EXAMPLES / "rolling_deploy.yaml"), "--json"),
                *("--config", str(client(broker))),
                *("--release", "2.4.1", "--previous", "2.4.0"),
                environment=environment,
                folder=tmp_path,
            )

    return run


async def test_a_good_release_is_everywhere_in_the_end(deploy: Deploy) -> None:
    application = Application(broken=())

    ran = await deploy(application)

    assert ran.code == 0, ran.output
    assert set(application.releases.values()) == {"2.4.1"}


async def test_a_few_nodes_may_fail(deploy: Deploy) -> None:
    application = Application(broken=NAMES[20:23])

    ran = await deploy(application)

    assert ran.code == 0, ran.output
    assert set(application.releases.values()) == {"2.4.1"}


async def test_a_canary_that_is_not_well_is_the_only_one_that_was_touched(deploy: Deploy) -> None:
    application = Application(broken=NAMES)

    ran = await deploy(application)

    assert ran.code == 1
    touched = {node for node, release in application.deployed if release == "2.4.1"}
    assert len(touched) == 1
    assert set(application.releases.values()) == {"2.4.0"}
    assert ran.lines == ["2.4.1 was rolled back to 2.4.0"]


async def test_too_many_failures_in_the_batches_roll_everything_back(deploy: Deploy) -> None:
    application = Application(broken=NAMES[20:])

    ran = await deploy(application)

    assert ran.code == 1
    touched = {node for node, release in application.deployed if release == "2.4.1"}
    assert len(touched) < len(NAMES)
    assert set(application.releases.values()) == {"2.4.0"}
    assert ran.lines == ["2.4.1 was rolled back to 2.4.0"]
