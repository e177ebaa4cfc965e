"""Steps that are chosen by their tags."""

from typing import Any

import pytest

from choria_core.errors import UsageError
from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab

BOOK = """
data_stores: {box: {type: spy}}
task_lists:
  deploy: {tasks: [{note: {name: deploy, tags: [web]}}, {note: {name: plain}}]}
  other: {tasks: [{note: {name: other}}]}
tasks:
  - note: {name: none}
  - note: {name: db, tags: [db]}
  - note: {name: both, tags: [db, web]}
  - block:
      tags: [web]
      tasks: [{note: {name: inner}}, {note: {name: inner slow, tags: [slow]}}]
      rescue: [{note: {name: rescue}}]
      always: [{note: {name: always}}]
  - block: {lock: box/key, tasks: [{note: {name: locked}}]}
  - tasks: deploy
  - tasks: {list: other, tags: [slow]}
  - note: {name: looped, tags: [web], loop: [1, 2]}
hooks:
  pre_book: [{note: {name: pre_book}}, {note: {name: pre_book slow, tags: [slow]}}]
  pre_task: [{note: {name: "-"}}]
  post_book: [{note: {name: post_book}}]
"""


async def chosen(lab: Lab, **choice: Any) -> list[str]:
    ran = await lab.run(BOOK, **choice)
    assert ran.ended.is_ok
    notes = lab.notes()
    assert notes.count("-") == len([note for note in notes if "_" not in note and note != "-"])
    return [note for note in notes if note != "-"]


async def test_without_tags_all_are_done(lab: Lab) -> None:
    assert len(await chosen(lab)) == 15


async def test_those_with_a_tag_are_done_with_all_in_blocks_that_have_it(lab: Lab) -> None:
    assert await chosen(lab, tags=frozenset(("web",))) == [
        "pre_book",
        "pre_book slow",
        "both",
        "inner",
        "inner slow",
        "always",
        "deploy",
        "looped",
        "looped",
        "post_book",
    ]


async def test_any_of_the_tags_will_do(lab: Lab) -> None:
    assert await chosen(lab, tags=frozenset(("db", "slow"))) == [
        "pre_book",
        "pre_book slow",
        "db",
        "both",
        "inner slow",
        "other",
        "post_book",
    ]


async def test_tags_to_skip_win_and_hold_for_hooks_too(lab: Lab) -> None:
    skipped = await chosen(lab, tags=frozenset(("web",)), skip_tags=frozenset(("slow", "db")))

    assert skipped == ["pre_book", "inner", "always", "deploy", "looped", "looped", "post_book"]


async def test_all_but_those_to_skip_are_done(lab: Lab) -> None:
    assert await chosen(lab, skip_tags=frozenset(("web",))) == [
        "pre_book",
        "pre_book slow",
        "none",
        "db",
        "locked",
        "plain",
        "other",
        "post_book",
    ]


async def test_no_lock_is_taken_for_a_block_of_which_nothing_is_chosen(lab: Lab) -> None:
    ran = await lab.run(BOOK, tags=frozenset(("web",)))

    assert lab.diary.stores == ["open box", "close box"]
    step = ran.steps["tasks[4]"]
    assert (step.state, step.message) == (State.SKIPPED, "has none of the tags web")


async def test_what_was_left_out_says_why(lab: Lab) -> None:
    ran = await lab.run(BOOK, tags=frozenset(("web",)), skip_tags=frozenset(("slow",)))

    assert ran.steps["tasks[0]"].message == "has none of the tags web"
    assert ran.steps["tasks[3].tasks[1]"].message == "has the tag slow"
    assert ran.steps["tasks[3].tasks[1]"].state is State.SKIPPED
    assert ran.states["tasks[6]"] is State.SKIPPED


async def test_another_book_is_not_even_prepared_when_its_tag_is_skipped(lab: Lab) -> None:
    lab.book("child.yaml", "data_stores: {box: {type: spy}}\nlocks: [box]\n")
    book = "tasks: [{playbook: {file: child.yaml, tags: [x]}}]"
    await lab.run(book, skip_tags=frozenset(("x",)))
    assert lab.diary.stores == []
    await lab.run(book, tags=frozenset(("x",)))
    assert lab.diary.stores[0] == "open box"


async def test_other_books_have_tags_of_their_own(lab: Lab) -> None:
    lab.book("child.yaml", "tasks: [{note: {name: a, tags: [x]}}, {note: {name: b}}]\n")
    await lab.run("tasks: [{playbook: child.yaml}, {note: {name: c}}]", tags=frozenset(("x",)))
    assert lab.notes() == ["a"]


@pytest.mark.parametrize("option", ["tags", "skip_tags"])
async def test_a_tag_that_nothing_has_is_a_mistake(lab: Lab, option: str) -> None:
    choice: dict[str, Any] = {option: frozenset(("wbe",))}
    message = r"no step of the book has the tag 'wbe'; did you mean web"
    with pytest.raises(UsageError, match=message):
        await lab.run(BOOK, **choice)

    assert lab.notes() == []
