"""Locks of steps that run at the same time, and of books that are called."""

import json
import re

import pytest

from choria_core.errors import LockTimeoutError
from choria_playbooks.engine.events import LockGone, LockTaken
from packages.playbooks.tests.engine.conftest import Lab, Ran
from packages.playbooks.tests.locks.conftest import RIVAL, Kept
from packages.playbooks.tests.locks.watching import Gate, watched

PASS = """\
echo "in $CHORIA_LOCK_TOKEN {{ lock.token }}" >> "$SAID"
mkdir inside && sleep 0.01 && rmdir inside || exit 1
echo "out $CHORIA_LOCK_TOKEN" >> "$SAID"
"""
"""Fails where somebody else is within; says when it was, by its token."""

BRANCHES = 3
PASSES = 2


def rivalling(lock: str) -> str:
    """Branches that want the same lock, again and again."""
    step = {"shell": {"loop": [*range(PASSES)], "lock": lock, "command": PASS}}
    return f"tasks: [{{parallel: {json.dumps([step] * BRANCHES)}}}]\n"


def tokens_in_turn(ran: Ran) -> list[int]:
    """Tokens of the passes, each of which was over before the next began."""
    tokens = []
    for begun, over in zip(ran.said[::2], ran.said[1::2], strict=True):
        match = re.fullmatch(r"in (\d+) \1", begun)
        assert match, begun
        assert over == f"out {match[1]}"
        tokens.append(int(match[1]))
    return tokens


async def test_branches_that_want_the_same_lock_take_turns(lab: Lab, kept: Kept) -> None:
    ran = await lab.run(kept.section + rivalling(kept.path("one")))

    assert ran.ended.is_ok, ran.ended.error
    tokens = tokens_in_turn(ran)
    assert len(tokens) == BRANCHES * PASSES
    assert tokens == sorted(set(tokens))
    assert [event.token for event in ran.of(LockTaken)] == tokens


async def test_the_same_lock_by_two_names_of_its_store_is_one_lock(lab: Lab, kept: Kept) -> None:
    """Two stores of a book may be the same place."""
    one, other = (
        json.dumps({"shell": {"lock": f"{store}/{kept.key('one')}", "command": PASS}})
        for store in ("pa", "pb")
    )
    ran = await lab.run(
        f"data_stores: {{pa: {kept.written()}, pb: {kept.written(timeout=60)}}}\n"
        f"tasks: [{{parallel: [{one}, {other}, {one}, {other}]}}]\n"
    )

    assert ran.ended.is_ok, ran.ended.error
    assert len(tokens_in_turn(ran)) == 4


async def test_branches_take_turns_in_memory_too(lab: Lab) -> None:
    ran = await lab.run(f"data_stores: {{pb: {{type: memory}}}}\n{rivalling('pb/one')}")

    assert ran.ended.is_ok, ran.ended.error
    assert tokens_in_turn(ran) == [*range(1, BRANCHES * PASSES + 1)]


async def test_giving_one_lock_back_frees_no_other(lab: Lab, gate: Gate, kept: Kept) -> None:
    short, long = kept.key("short"), kept.key("long")
    steps = [
        {"shell": {"lock": f"pb/{long}", "command": gate.command}},
        {"shell": {"lock": f"pb/{short}", "command": "true"}},
    ]
    book = f"{kept.section}tasks: [{{parallel: {json.dumps(steps)}}}]\n"

    async with kept.opened() as store, watched(lab, book) as run:
        await run.wrote("waiting")
        await run.happened(
            lambda event: isinstance(event, LockGone) and event.lock == f"pb/{short}"
        )
        await (await store.acquire(short, RIVAL, timeout_seconds=0)).release()
        with pytest.raises(LockTimeoutError, match="up=rip"):
            await store.acquire(long, RIVAL, timeout_seconds=0)
        await gate.open()
        ran = await run.ended()
        await (await store.acquire(long, RIVAL, timeout_seconds=0)).release()

    assert ran.ended.is_ok


async def test_a_called_book_enters_the_lock_that_its_caller_holds(
    lab: Lab, gate: Gate, kept: Kept
) -> None:
    """It ends before its caller does, which keeps the lock."""
    key = kept.key("one")
    head = f"{kept.section}locks: [pb/{key}]\n"
    token = 'echo "$CHORIA_LOCK_TOKEN" >> "$SAID"'
    lab.book("child.yaml", f"{head}tasks: [{{shell: {{command: '{token}'}}}}]\n")
    steps = [
        {"shell": {"command": token}},
        {"playbook": "child.yaml"},
        {"shell": {"lock": f"pb/{key}", "command": token}},
        {"shell": {"command": gate.command}},
    ]

    async with kept.opened() as store, watched(lab, f"{head}tasks: {json.dumps(steps)}\n") as run:
        await run.wrote("waiting")
        with pytest.raises(LockTimeoutError, match="up=rip"):
            await store.acquire(key, RIVAL, timeout_seconds=0)
        await gate.open()
        ran = await run.ended()
        assert await store.lock_view(key) is None

    assert ran.ended.is_ok
    (taken,) = ran.of(LockTaken)
    assert len(ran.of(LockGone)) == 1
    assert ran.said == [str(taken.token)] * 3


async def test_branches_do_not_enter_each_others_locks_by_called_books(
    lab: Lab, kept: Kept
) -> None:
    """The same book twice at the same time; its lock is nobody's around them."""
    step = json.dumps({"shell": {"command": PASS}})
    locks = f"locks: [{kept.path('one')}]\n"
    lab.book("child.yaml", f"{kept.section}{locks}tasks: [{step}]\n")

    ran = await lab.run("tasks: [{parallel: [{playbook: child.yaml}, {playbook: child.yaml}]}]\n")

    assert ran.ended.is_ok, ran.ended.error
    assert len(set(tokens_in_turn(ran))) == 2


async def test_a_token_rises_from_run_to_run(lab: Lab, kept: Kept) -> None:
    for _ in range(3):
        ran = await lab.run(
            f"{kept.section}locks: [{kept.path('one')}]\n"
            "tasks: [{shell: {command: 'echo {{ lock.token }} >> \"$SAID\"'}}]\n"
        )
        assert ran.ended.is_ok

    tokens = [int(line) for line in ran.said]
    assert len(tokens) == 3
    assert tokens == sorted(set(tokens))
