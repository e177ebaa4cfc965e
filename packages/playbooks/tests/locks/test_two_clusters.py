"""The book that made data stores known: it deploys to alpha, writes bravo, and deploys to bravo."""

import json
from pathlib import Path

import pytest

from choria_core.errors import KeyMissingError
from choria_testing.consul_agent import ConsulAgent
from packages.playbooks.tests.locks.conftest import Kept, Playbook, sessions

BOOK = Path(__file__).parent.parent / "books" / "two_clusters.yaml"
SCRIPT = "/path/to/script"
KEY = "choria/kv/cluster"
LOCK = "choria/locks/playbook/deploy_clusters"

RECORDER = """\
#!/bin/sh
echo "$* $CHORIA_LOCK_TOKEN" >> "$SAID"
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The book, whose script records its arguments and the token of the lock."""
    return written(tmp_path, BOOK.read_text())


@pytest.fixture
def book_in_memory(tmp_path: Path) -> Path:
    """The same with a store in memory; nothing else is another one."""
    return written(tmp_path, BOOK.read_text().replace("type: consul", "type: memory"))


def written(folder: Path, text: str) -> Path:
    script = folder / "script"
    script.write_text(RECORDER)
    script.chmod(0o755)
    assert text.count(SCRIPT) == 2
    file = folder / "two_clusters.yaml"
    file.write_text(text.replace(SCRIPT, str(script)))
    return file


def deployed(folder: Path) -> tuple[list[str], set[str]]:
    """Arguments of the script in order, and the tokens of all its runs."""
    lines = (folder / "said").read_text().splitlines()
    split = [line.rpartition(" ") for line in lines]
    return [arguments for arguments, _, _ in split], {token for _, _, token in split}


async def test_it_runs_with_a_memory_store(
    playbook: Playbook, book_in_memory: Path, tmp_path: Path
) -> None:
    async with playbook("run", book_in_memory) as program:
        assert await program.ended() == 0, program.output

    arguments, _ = deployed(tmp_path)
    assert arguments == ["--cluster alpha", "--cluster bravo"]


async def test_it_runs_with_consul(
    playbook: Playbook, book: Path, consul: ConsulAgent, in_consul: Kept, tmp_path: Path
) -> None:
    """What was there before is gone, the lock is held throughout, and nothing of it is left."""
    async with in_consul.opened() as store:
        await store.write(KEY, "zulu")

        async with playbook("run", book, "--json", CONSUL_HTTP_ADDR=consul.http_url) as program:
            assert await program.ended() == 0, program.output

        assert await store.read(KEY) == "bravo"
        with pytest.raises(KeyMissingError):
            await store.read(LOCK)
    arguments, tokens = deployed(tmp_path)
    assert arguments == ["--cluster alpha", "--cluster bravo"]
    told = [json.loads(line) for line in program.lines]
    (taken,) = [event for event in told if event["event"] == "lock_taken"]
    assert taken["lock"] == f"pb_data/{LOCK}"
    assert tokens == {str(taken["token"])}
    descriptions = [one["description"] for one in told if one["event"] == "step_ended"]
    assert descriptions[1::2] == ["Deploy to cluster alpha", "Deploy to cluster bravo"]
    assert sessions(consul, "deploy_clusters") == []


async def test_it_is_rehearsed_without_consul(
    playbook: Playbook, book: Path, unused_tcp_port: int, tmp_path: Path
) -> None:
    """What would be read there stays unknown, which is no fault."""
    nobody = f"http://127.0.0.1:{unused_tcp_port}"

    async with playbook("run", book, "--check", CONSUL_HTTP_ADDR=nobody) as program:
        assert await program.ended() == 0, program.output

    assert program.output.count("known only then: {{{ inputs.cluster }}}") == 2
    assert not (tmp_path / "said").exists()
