"""Tries of a task, until it does its work or has none left."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, WorkError
from choria_core.playbook.outcome import HostResult, Outcome
from choria_playbooks.book.looking import holds_marker
from choria_playbooks.book.model import Control, TaskSpec
from choria_playbooks.engine.events import TryBegan, TryEnded
from choria_playbooks.engine.halt import HaltedError
from choria_playbooks.engine.nodes_left import NoNodesError, require_nodes
from choria_playbooks.engine.promises import error_words, sound_outcome
from choria_playbooks.engine.scope import StepScope
from choria_playbooks.engine.session import Session, read_options, refuse_exposed
from choria_playbooks.engine.stores import StepStores
from choria_playbooks.engine.task_run import Try
from choria_playbooks.engine.telling import Place
from choria_playbooks.templates.filling import fill


@dataclass(slots=True)
class Attempted:
    """What came of all tries.

    Attributes:
        outcome: of the last one.
        started: when the first began, unix seconds.
        run_seconds: of all.
        writes: what they put into stores that end with the run.
    """

    outcome: Outcome
    started: float
    run_seconds: float
    writes: Mapping[str, object] = field(default_factory=dict)


class Attempts:
    """Tries tasks of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fixed: dict[int, tuple[TaskSpec, Any]] = {}

    async def run(self, spec: TaskSpec, place: Place) -> Attempted:
        """Try a task as often as its book says.

        Raises:
            HaltedError: the run ends.
            NoNodesError: there is nobody to do it on, which is fine.
        """
        control = spec.control
        stores = StepStores(place.frame.context.stores)
        if control.pre_sleep_seconds:
            await self._sleep(control.pre_sleep_seconds, place)
        teller = self._session.teller
        started, began = teller.now(), time.perf_counter()
        number = 0
        while True:
            number += 1
            teller.tell(
                TryBegan(time=teller.now(), id=place.id, number=number, tries=control.tries)
            )
            outcome, seconds = await self._try(spec, place, stores)
            self._tell_try(place, number, outcome, seconds)
            if outcome.is_ok or number == control.tries:
                break
            await self._sleep(pause_after(control, number), place)
        return Attempted(outcome, started, time.perf_counter() - began, stores.writes)

    async def options(self, spec: TaskSpec, place: Place) -> Any:
        """The options of a task, filled in now.

        Raises:
            NoNodesError: as for :meth:`run`.
            InvalidConfigError: they are wrong, or a marker has no value.
            ChoriaError: a store failed.
        """
        fixed = self._fixed.get(id(spec))
        if fixed is not None:
            return fixed[1]
        session, schema = self._session, place.frame.context.book.schema
        task = session.task(spec.type)
        if not holds_marker(spec.options, schema):
            options = read_options(task.Options, spec.options, spec.id)
            self._fixed[id(spec)] = (spec, options)
            return options
        node = await fill(spec.options, StepScope(place.frame))
        assert isinstance(node, MapNode), "it was one"
        require_nodes(spec, node, place.frame)
        options = read_options(task.Options, node, spec.id)
        refuse_exposed(options, session.masking)
        return options

    async def _try(self, spec: TaskSpec, place: Place, stores: StepStores) -> tuple[Outcome, float]:
        session, frame = self._session, place.frame
        run = Try(place, stores)
        began = time.perf_counter()
        limit = asyncio.timeout(spec.control.timeout_seconds)
        async with session.halt.guard(heeds_stop=frame.heeds_stop):
            await asyncio.sleep(0)  # tasks that wait for nothing let signals and locks have a turn
            session.keeper.require_held()
            try:
                async with limit:
                    options = await self.options(spec, place)
                    found = await session.task(spec.type).run(options, run)
                    outcome = sound_outcome(found, spec.type)
            except TimeoutError as error:
                if limit.expired():
                    outcome = _timed_out(spec.control, run.so_far())
                else:
                    outcome = _failed(error, run.so_far())
            except (NoNodesError, HaltedError):
                raise
            except asyncio.CancelledError as error:
                if _is_cancelled():
                    raise
                outcome = _failed(WorkError(f"it was cancelled within: {error}"), run.so_far())
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a kind of task raises
                outcome = _failed(error, run.so_far())
        return outcome, time.perf_counter() - began

    def _tell_try(self, place: Place, number: int, outcome: Outcome, seconds: float) -> None:
        teller = self._session.teller
        message = "" if place.no_log else teller.masking.text(outcome.message)
        teller.tell(
            TryEnded(
                time=teller.now(),
                id=place.id,
                number=number,
                is_ok=outcome.is_ok,
                message=message,
                run_seconds=seconds,
            )
        )

    async def _sleep(self, seconds: float, place: Place) -> None:
        async with self._session.halt.guard(heeds_stop=place.frame.heeds_stop):
            await asyncio.sleep(seconds)


def pause_after(control: Control, number: int) -> float:
    """Seconds between a try, the first of which has the number 1, and the next one."""
    try:
        grown = control.try_sleep_seconds * control.backoff ** (number - 1)
    except OverflowError:
        grown = control.most_try_sleep_seconds
    return min(grown, max(control.most_try_sleep_seconds, control.try_sleep_seconds))


def _timed_out(control: Control, results: Mapping[str, HostResult]) -> Outcome:
    limit = control.timeout_seconds or 0.0
    return Outcome(is_ok=False, message=f"ended at its timeout of {limit:g} s", results=results)


def _is_cancelled() -> bool:
    """Whether somebody cancelled us; a kind of task may raise what looks like it."""
    task = asyncio.current_task()
    return task is None or bool(task.cancelling())


def _failed(error: Exception | SystemExit, results: Mapping[str, HostResult]) -> Outcome:
    words = str(error)
    if not isinstance(error, ChoriaError) or not words:
        words = error_words(error)
    return Outcome(is_ok=False, message=words, results=results)
