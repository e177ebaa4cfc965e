"""Two runs of books at the same time, as programs: one waits for the other, or is refused."""

from pathlib import Path

from choria_core.errors import LockTimeoutError
from packages.playbooks.tests.locks.conftest import Kept, Playbook, events_of, write_locking_book
from packages.playbooks.tests.locks.watching import Gate


async def test_one_run_at_a_time_has_the_lock(
    playbook: Playbook, in_consul: Kept, gate: Gate, tmp_path: Path
) -> None:
    """The second waits and then does its work; the third does not wait for so long."""
    first = write_locking_book(tmp_path / "first.yaml", in_consul, gate.command, "0s")
    second = write_locking_book(tmp_path / "second.yaml", in_consul, "echo done", "1m")
    third = write_locking_book(tmp_path / "third.yaml", in_consul, "touch never", "1200ms")

    async with playbook("run", first, "--json") as one:
        await one.said('"waiting"')
        async with playbook("run", second, "--json") as two, playbook("run", third) as three:
            await two.said("lock_waiting")
            assert await three.ended() == LockTimeoutError.exit_code == 4, three.output
            await gate.open()
            assert await two.ended() == 0, two.output
            assert await one.ended() == 0, one.output

    path = in_consul.path("one")
    assert any(f"Waiting for lock {path}, held by choria=" in line for line in three.lines)
    assert "was not free within 1.2 s" in three.output
    assert not (tmp_path / "never").exists()
    (waiting,) = events_of(two, "lock_waiting")
    assert waiting["lock"] == path
    assert "alice" in waiting["holder"]
    (theirs,), (ours,) = events_of(one, "lock_taken"), events_of(two, "lock_taken")
    assert ours["token"] > theirs["token"]
    assert ours["time"] > events_of(one, "step_ended")[0]["time"]
