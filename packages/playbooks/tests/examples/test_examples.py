"""Each book that comes with the package, run over a fleet of emulated nodes."""

import base64
import csv
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from choria_core.plugins import Plugins
from choria_playbooks.book.lint import lint
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.reading import read_book
from choria_testing.consul_agent import ConsulAgent
from choria_testing.json_api import ask_json
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.web_server import served
from packages.playbooks.tests.examples.conftest import EXAMPLES, RunExample

pytestmark = pytest.mark.asyncio(loop_scope="module")

RELEASES = ("--release", "2.4.1", "--previous", "2.4.0")
STAND_INS = ("--deploy_action", "emulated0.generate", "--status_action", "rpcutil.get_fact")
HEALTH = ("--input", '{"status_properties": {"fact": "health"}}')


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
async def test_an_example_is_in_order(file: Path) -> None:
    plugins = Plugins()
    plugins.load_installed()
    kinds = kinds_of(plugins)

    read = read_book(file, kinds)

    assert read.book.metadata.name == file.stem
    assert read.warnings == ()
    assert lint(read.book, kinds) == ()


async def test_a_rolling_deploy_goes_to_the_canary_and_then_in_batches(
    run_example: RunExample,
) -> None:
    ran = await run_example(
        "rolling_deploy.yaml", *RELEASES, *STAND_INS, *HEALTH, "--healthy", "value=good"
    )

    assert ran.code == 0, ran.output
    batches = [event for event in ran.of("step_began") if event["type"] == "batch"]
    sizes = [event["description"].rpartition(": ")[2] for event in batches]
    assert sizes == ["10 nodes", "15 nodes", "15 nodes", "15 nodes", "5 nodes"]
    assert ran.told == ["2.4.1: deploy", "2.4.1: look whether it works"] * 6


@pytest.mark.parametrize(("live", "idle"), [("alpha", "bravo"), ("bravo", "alpha")])
async def test_of_two_clusters_the_idle_one_is_the_first(
    run_example: RunExample, consul: ConsulAgent, live: str, idle: str
) -> None:
    key = f"{consul.http_url}/v1/kv/deploy/live"
    put(key, live)

    ran = await run_example(
        "two_cluster_deploy.yaml",
        *("--release", "2.4.1", "--deploy_action", "emulated0.generate"),
        *("--status_action", "rpcutil.ping"),
        CONSUL_HTTP_ADDR=consul.http_url,
    )

    assert ran.code == 0, ran.output
    assert ran.told == [
        f"Remember that {live} is live",
        *deployed_to(idle),
        *deployed_to(live),
    ]
    assert value_of(ask_json(key)) == live


async def test_a_cluster_that_does_not_work_does_not_go_live(
    run_example: RunExample, consul: ConsulAgent
) -> None:
    key = f"{consul.http_url}/v1/kv/deploy/live"
    put(key, "alpha")

    ran = await run_example(
        "two_cluster_deploy.yaml",
        *("--release", "2.4.1", "--deploy_action", "emulated0.generate"),
        *("--status_action", "rpcutil.get_fact"),  # it fails, as no fact is named
        CONSUL_HTTP_ADDR=consul.http_url,
    )

    assert ran.code == 1
    assert ran.lines == ["stopped: alpha is live and was not touched"]
    assert value_of(ask_json(key)) == "alpha"


def deployed_to(cluster: str) -> list[str]:
    """What is done to a cluster."""
    return [
        f"Deploy 2.4.1 to {cluster}",
        f"Look whether {cluster} works",
        f"Make {cluster} live",
    ]


def put(url: str, text: str) -> None:
    """Give a key of Consul a value."""
    request = urllib.request.Request(url, data=text.encode(), method="PUT")
    urllib.request.urlopen(request, timeout=PATIENCE_SECONDS).close()


def value_of(answer: Any) -> str:
    """The value in an answer of Consul about one key."""
    return base64.b64decode(answer[0]["Value"]).decode()


async def test_an_audit_is_a_table_of_all_nodes(run_example: RunExample, tmp_path: Path) -> None:
    ran = await run_example("fleet_audit.yaml", "--facts", "os.family", "--facts", "cluster")

    assert ran.code == 0, ran.output
    with (tmp_path / "fleet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 72
    assert {row["success"] for row in rows} == {"True"}
    assert {row["os.family"] for row in rows if row["node"].startswith("db-")} == {"RedHat"}
    assert {row["cluster"] for row in rows if row["node"].startswith("web-")} == {"alpha", "bravo"}
    assert ran.lines == ["72 nodes in fleet.csv"]


@pytest.mark.parametrize(
    ("work", "code", "end"),
    [("emulated0.generate", 0, "is over"), ("rpcutil.get_fact", 1, "failed")],
    ids=["good", "bad"],  # the second fails, as no fact is named
)
async def test_a_maintenance_window_is_announced_and_over_in_any_case(
    run_example: RunExample, work: str, code: int, end: str
) -> None:
    async with served() as chat:
        ran = await run_example(
            "maintenance_window.yaml",
            *("--reason", "new kernel", "--work_action", work),
            *("--disable_action", "rpcutil.ping", "--enable_action", "rpcutil.ping"),
            MAINTENANCE_WEBHOOK=f"{chat.url}/hooks/s3cret",
        )

    assert ran.code == code, ran.output
    assert [json.loads(seen.body)["text"] for seen in chat.seen] == [
        "Maintenance of role::web begins: new kernel",
        f"Maintenance of role::web {end}",
    ]
    assert "s3cret" not in ran.output
    around = ["Announce the window", "Take nodes out of service"]
    ending = ["Bring nodes back", "Call for help" if code else "Announce the end"]
    assert ran.told == [*around, *["Work"] * (1 if code else 6), *ending]
    texts = [event["text"] for event in ran.of("log")]
    assert any("locks/maintenance" in text for text in texts)
