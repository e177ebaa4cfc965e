"""The life of a book: ``pre_book``, its tasks, ``on_success`` or ``on_fail``, ``post_book``."""

from dataclasses import replace

from choria_playbooks.book.model import Hook
from choria_playbooks.engine.blocks import RunList
from choria_playbooks.engine.frame import FINE, Frame, StepResult


async def run_life(frame: Frame, run_list: RunList) -> StepResult:
    """Do all of a book that was prepared.

    Where ``pre_book`` fails nothing else is done.  What ``on_fail`` does changes nothing; a
    failure of ``post_book``, and of ``on_success``, is one of the book.

    Args:
        frame: at the top of the book.
        run_list: does steps one after the other.
    """
    book = frame.context.book
    halt = frame.session.halt

    async def hook(which: Hook, around: Frame) -> StepResult:
        steps = book.hooks.get(which, ())
        if not steps:
            return FINE
        inside = replace(around, list=which.value, wraps_tasks=False, in_hook=True)
        return await run_list(steps, inside)

    before = await hook(Hook.PRE_BOOK, frame)
    if not before.goes_on:
        return before
    result = await run_list(book.tasks, replace(frame, list="tasks", wraps_tasks=True))
    if result.goes_on:
        result = await hook(Hook.ON_SUCCESS, frame)
    elif not halt.loss:
        await hook(Hook.ON_FAIL, frame.after_failure())
    if halt.loss:
        return result
    after = await hook(Hook.POST_BOOK, frame.after_failure())
    return result if after.goes_on or not result.goes_on else after
