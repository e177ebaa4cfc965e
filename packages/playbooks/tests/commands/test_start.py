"""A small book begins soon: what it does not use is not imported."""

from pathlib import Path

import pytest

from choria_testing.fresh_process import run_fresh

UNUSED = {"aiohttp", "consul", "nats", "pydantic", "requests", "rich", "structlog", "yarl"}

BOOK = """\
name: small
version: 1.0.0
author: A <a@example.net>
description: One task
schema: 1
inputs:
  word: {description: What to say, type: String, required: false, default: hello}
tasks:
  - shell: {description: Say it, command: "echo {{{ inputs.word }}}"}
"""


@pytest.mark.parametrize("words", [[], ["--json"], ["--word", "goodbye"]])
def test_a_small_book_imports_nothing_for_networks(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "book.yaml").write_text(BOOK)
    command = ["playbook", "run", str(tmp_path / "book.yaml"), *words]
    script = f"""
import io, json, sys
from choria_core.cli import main
sys.stdout = io.TextIOWrapper(open("{tmp_path / "out"}", "wb"))
code = main({command!r})
unused = sorted({UNUSED!r} & set(sys.modules))
sys.stdout = sys.__stdout__
print(json.dumps([code, unused]))
"""

    assert run_fresh(script) == [0, []]
