"""Blocks: steps that belong together, side by side, or batch by batch."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from choria_core.config.yaml_nodes import plain
from choria_core.errors import ChoriaError, ConfigError
from choria_playbooks.book.model import BlockSpec, Step
from choria_playbooks.engine.events import State
from choria_playbooks.engine.frame import FINE, Batch, Frame, StepResult, Trail, worst
from choria_playbooks.engine.replaying import resume
from choria_playbooks.engine.scope import StepScope, UnknownValueError
from choria_playbooks.engine.shares import batch_sizes, rounded_down
from choria_playbooks.engine.telling import Ending, Place, tell_began, tell_ended
from choria_playbooks.templates.filling import fill

RunList = Callable[[Sequence[Step], Frame], Awaitable[StepResult]]
RunStep = Callable[[Step, Frame], Awaitable[StepResult]]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Does blocks.

    Attributes:
        run_list: does steps one after the other.
        run_step: does one.
    """

    run_list: RunList
    run_step: RunStep

    async def run(self, spec: BlockSpec, place: Place) -> StepResult:
        """Do the steps of a block, ``rescue`` where they fail, and ``always`` in the end."""
        frame = place.frame.below(spec, place.id)
        halt = frame.session.halt
        touched: list[str] = []
        result = await self._body(spec, frame, touched)
        if spec.nodes is not None:
            is_known = bool(touched) or not frame.session.is_rehearsal
            frame = replace(frame, batch=Batch(touched, {}, None, is_known=is_known))
        frame = replace(frame, needs_nodes=False)
        is_rehearsal = frame.session.is_rehearsal  # where what is wrong shall be seen
        if result.state is State.FAILED and spec.rescue and not is_rehearsal:
            rescued = await self.run_list(spec.rescue, frame)
            result = _rescued(result) if rescued.goes_on else rescued
        if spec.always and not halt.loss:
            finally_done = await self.run_list(spec.always, frame.after_failure())
            if result.goes_on and not finally_done.goes_on:
                result = finally_done
        return result

    async def _body(self, spec: BlockSpec, frame: Frame, touched: list[str]) -> StepResult:
        """The steps of a block, without what comes after them.

        Args:
            spec: the block.
            frame: within it.
            touched: gets the nodes of all batches that began.
        """
        if spec.parallel:
            return await self._side_by_side(spec.steps, frame)
        if spec.nodes is None:
            return await self.run_list(spec.steps, frame)
        try:
            nodes = await _nodes(spec, frame)
        except UnknownValueError:
            batch = Batch([], {}, None, is_known=False)
            return await self.run_list(spec.steps, replace(frame, batch=batch))
        except ChoriaError as error:
            return StepResult(state=State.FAILED, message=str(error), exit_code=error.exit_code)
        return await self._batches(spec, nodes, frame, touched)

    async def _side_by_side(self, steps: Sequence[Step], frame: Frame) -> StepResult:
        """Each step a branch of its own; all are done, however the others end."""
        branches = [replace(frame, trail=Trail(frame.trail.last)) for _ in steps]
        try:
            async with asyncio.TaskGroup() as group:
                running = [
                    group.create_task(self._branch(step, branch, frame))
                    for step, branch in zip(steps, branches, strict=True)
                ]
        except BaseExceptionGroup as errors:  # a report that cannot be written, or a bug
            raise errors.exceptions[0] from None
        return worst(task.result() for task in running)

    async def _branch(self, step: Step, branch: Frame, frame: Frame) -> StepResult:
        before = branch.trail.last
        result = await self.run_step(step, branch)
        if branch.trail.last is not before:
            frame.trail.last = branch.trail.last
        return result

    async def _batches(
        self, spec: BlockSpec, nodes: list[str], frame: Frame, touched: list[str]
    ) -> StepResult:
        identity = frame.parent
        done = frame.session.choice.finished_batches(identity)
        gone: set[str] = set()
        for number in sorted(done):
            step = done[number]
            gone.update(_names(step.registered))
            text = step.description
            await resume(step, Place(frame=frame, id=step.id, type="batch", description=text))
        left = [node for node in nodes if node not in gone]
        first = max(done, default=0) + 1
        sizes = batch_sizes(spec.serial, len(nodes), skip=first - 1, left=len(left))
        most = None if spec.max_fail is None else rounded_down(spec.max_fail, len(nodes))
        failed: dict[str, None] = {}
        start = 0
        for index, size in enumerate(sizes):
            batch = Batch(left[start : start + size], failed, most)
            start += size
            touched.extend(batch.nodes)
            told = _Told(first + index, first + len(sizes) - 1)
            result = await self._batch(spec, replace(frame, batch=batch), told)
            if not result.goes_on:
                return result
        return FINE

    async def _batch(self, spec: BlockSpec, frame: Frame, told: "_Told") -> StepResult:
        assert frame.batch is not None, "it was given"
        names = tuple(frame.batch.nodes)
        identity = f"{frame.parent}@{told.number}"
        text = f"batch {told.number} of {told.of}: {_count(len(names))}"
        place = Place(frame=frame, id=identity, type="batch", description=text)
        tell_began(place)
        started, began = frame.session.teller.now(), time.perf_counter()
        inner = replace(frame, parent=identity, parent_static=spec.id, needs_nodes=True)
        result = await self.run_list(spec.steps, inner)
        bad = [node for node in names if node in frame.batch.failed]
        ending = Ending(
            state=State.OK if result.goes_on else result.state,
            message=result.message or (f"{_count(len(bad))} failed" if bad else ""),
            started=started,
            run_seconds=time.perf_counter() - began,
            registered=[node for node in names if node not in frame.batch.failed],
        )
        tell_ended(place, ending)
        return result


@dataclass(frozen=True, slots=True)
class _Told:
    """The number of a batch, and of how many."""

    number: int
    of: int


async def _nodes(spec: BlockSpec, frame: Frame) -> list[str]:
    """The nodes over which a block runs, each once."""
    assert spec.nodes is not None, "it has some"
    async with frame.session.halt.guard(heeds_stop=frame.heeds_stop):
        value = plain(await fill(spec.nodes, StepScope(frame)))
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigError(f"{spec.nodes.location}: nodes must be a list of names")
    return list(dict.fromkeys(value))


def _rescued(result: StepResult) -> StepResult:
    return StepResult(state=State.OK, message=f"rescued: {result.message}")


def _names(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _count(nodes: int) -> str:
    return f"{nodes} node{'' if nodes == 1 else 's'}"
