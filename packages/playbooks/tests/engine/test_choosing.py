"""Which steps are done, of books of any shape."""

from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.shapes import TAGS, Node, Written, anywhere, times, trees


@anywhere
@given(trees, st.sets(st.sampled_from(TAGS)), st.sets(st.sampled_from(TAGS)))
async def test_tags_choose_exactly_those_that_they_should(
    lab: Lab, nodes: list[Node], wanted: set[str], unwanted: set[str]
) -> None:
    written = Written([*nodes, Node("note", TAGS, [])])
    every = [*times(nodes), (f"n{written.count - 1}", frozenset(TAGS))]
    lab.notes()
    ran = await lab.run(written.text, tags=frozenset(wanted), skip_tags=frozenset(unwanted))

    assert ran.ended.is_ok
    expected = [name for name, own in every if not own & unwanted and (not wanted or own & wanted)]
    assert sorted(lab.notes()) == sorted(expected)


@anywhere
@given(trees, st.data())
async def test_each_task_is_done_once_in_a_run_and_the_one_that_resumes_it(
    lab: Lab, nodes: list[Node], data: st.DataObject
) -> None:
    Written(nodes)
    every = [name for name, _ in times(nodes)]
    bad = data.draw(st.sampled_from(every))
    text = Written(nodes, bad).text
    report = f"report-{len(list_of_files(lab))}.yaml"
    lab.notes()
    lab.diary.kept["box"] = {"bad": True}
    first = await lab.run(text, report=report)
    assert not first.ended.is_ok
    before = lab.notes()
    lab.diary.kept["box"]["bad"] = False
    second = await lab.run(text, resume=lab.resumption(report))

    assert second.ended.is_ok, second.lines()
    again = lab.notes()
    failed = [name for name, state in first.states.items() if state is State.FAILED]
    tries = sum(first.steps[name].type == "note" for name in failed)
    assert sorted([*before, *again]) == sorted([*every, *[bad] * tries])
    done = {name for name, step in second.steps.items() if step.type == "note"}
    assert len(done) == len(every)


def list_of_files(lab: Lab) -> list[str]:
    """What is in the folder of a lab."""
    return [file.name for file in lab.folder.iterdir()]


@anywhere
@given(trees, st.data())
async def test_a_run_begins_at_any_step(lab: Lab, nodes: list[Node], data: st.DataObject) -> None:
    text = Written(nodes).text
    lab.notes()
    whole = await lab.run(text)
    every = lab.notes()
    ids = [
        name
        for name, step in whole.steps.items()
        if step.type == "note" and "#" not in name and "/" not in name
    ]
    if not ids:
        return
    order = [event for event in whole.steps if event in ids]
    start = data.draw(st.sampled_from(order))
    ran = await lab.run(text, start_at=start)

    assert ran.ended.is_ok
    done = lab.notes()
    assert set(done) <= set(every)
    assert ran.states[start] is State.OK
    position = _position(start)
    for name in ids:
        state = ran.states.get(name, State.SKIPPED)
        assert (state is State.OK) == (_position(name) >= position), name


def _position(identity: str) -> list[int]:
    """Where a step stands in its book."""
    return [int(part) for part in identity.replace("]", "[").split("[") if part.isdigit()]
