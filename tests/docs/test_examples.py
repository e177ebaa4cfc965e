"""The documented examples run.

A page's fenced blocks take part when their info string says so:

```console test``
    Lines that begin with ``$ `` are commands, the others what they print on standard
    output.  ``...`` stands for any text.  Commands that show none may print anything.
```yaml file=NAME``
    The text is saved as NAME (in any language) before the commands below it run.

All blocks of a page run in their order, in one shell that stops at the first
failure, in an empty folder, with ``choria`` on PATH.  The well-known ports that
pages use are exchanged for free ones.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(?P<info>\S.*)\n(?P<body>(?s:.*?))^```$", re.MULTILINE)
PORTS = ("4222", "4223", "8222", "8080")
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md")
    for page in ROOT.glob(pattern)
    if "console test" in page.read_text()
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a page, or a file to save; what it must print, if anything is shown."""

    script: str
    printed: str = ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    steps = _steps(_with_free_ports(page.read_text()))
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    (tmp_path / "work").mkdir()

    status = _run(_script(steps, outputs), tmp_path / "work")

    for number, step in enumerate(steps):
        shown = outputs / str(number)
        printed = shown.read_text()
        story = f"{step.script}\nprinted:\n{printed}\n{Path(f'{shown}.log').read_text()}"
        is_last = not (outputs / str(number + 1)).exists()
        assert not (status and is_last), f"{story}\nand ended the page with {status}"
        assert _matches(step.printed, printed), f"{story}\nbut the page shows:\n{step.printed}"


def test_the_first_page_of_all_has_examples() -> None:
    assert ROOT / "README.md" in PAGES


def _steps(text: str) -> list[Step]:
    steps: list[Step] = []
    for block in BLOCK.finditer(text):
        language, *words = block["info"].split()
        named = [word.removeprefix("file=") for word in words if word.startswith("file=")]
        if named:
            steps.append(Step(_saving(named[0], block["body"])))
        elif language == "console" and "test" in words:
            steps.extend(_commands(block["body"]))
    return steps


def _saving(name: str, text: str) -> str:
    file = shlex.quote(name)
    return f'mkdir -p "$(dirname {file})" && printf %s {shlex.quote(text)} > {file}'


def _commands(body: str) -> list[Step]:
    """The commands of one block; lines before the first would belong to nothing."""
    assert body.startswith("$ "), f"a console block begins with a command: {body!r}"
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    return [Step(*part.split("\n", 1)) for part in parts]


def _script(steps: list[Step], outputs: Path) -> str:
    """One shell script; each step writes its output to a file of its number."""
    lines = ["set -e"]
    for number, step in enumerate(steps):
        shown = shlex.quote(str(outputs / str(number)))
        lines.append(f"{{ {step.script}\n}} > {shown} 2> {shown}.log")
    return "\n".join(lines)


def _run(script: str, folder: Path) -> int:
    """Exit status; whatever the page left running in the background is ended."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    shell = subprocess.Popen(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return shell.wait(timeout=100)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()


def _matches(shown: str, printed: str) -> bool:
    """Whether ``printed`` is what the page shows; ``...`` stands for any text."""
    if not shown.strip():
        return True
    parts = (re.escape(part) for part in shown.strip().split("..."))
    return re.fullmatch(".*".join(parts), printed.strip(), re.DOTALL) is not None


def _with_free_ports(text: str) -> str:
    """``text`` with every well-known port exchanged for one that is free now."""
    sockets = {port: socket.create_server(("127.0.0.1", 0)) for port in PORTS}
    try:
        free = {port: str(server.getsockname()[1]) for port, server in sockets.items()}
    finally:
        for server in sockets.values():
            server.close()
    return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: free[found[1]], text)
