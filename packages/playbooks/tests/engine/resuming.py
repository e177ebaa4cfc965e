"""Books that fail, and go on in a second run."""

from textwrap import dedent
from typing import Any

from packages.playbooks.tests.engine.conftest import Lab, Ran


class Twice:
    """Runs a book that fails, and goes on with it."""

    def __init__(self, lab: Lab, book: str) -> None:
        self._lab = lab
        self._book = dedent(book)

    async def first(self, **run: Any) -> Ran:
        """The run that fails."""
        self._lab.diary.kept.setdefault("ext", {})["bad"] = True
        ran = await self._lab.run(self._book, report="first.yaml", **run)
        assert not ran.ended.is_ok, ran.lines()
        self._lab.diary.kept["ext"]["bad"] = False
        return ran

    async def second(self, **run: Any) -> Ran:
        """The run that goes on."""
        self._lab.notes()
        self._lab.values()
        resume = self._lab.resumption("first.yaml")
        ran = await self._lab.run(self._book, report="second.yaml", resume=resume, **run)
        assert ran.ended.is_ok, ran.lines()
        return ran


EXT = """
data_stores: {ext: {type: spy}, memory: {type: memory}}
inputs:
  bad: {type: Boolean, data: ext/bad}
  far: {type: String, data: ext/far, default: far}
  list: {type: Array, data: ext/list, default: []}
  stored: {type: String, data: memory/it, default: nothing}
"""
BAD = 'note: {name: bad, fail: "{{ inputs.bad }}"}'


async def twice(lab: Lab, book: str, **run: Any) -> tuple[Ran, Ran]:
    both = Twice(lab, book)
    return await both.first(**run), await both.second(**run)
