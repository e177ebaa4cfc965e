"""A run on a terminal: a tree that grows."""

import re

from packages.playbooks.tests.commands.conftest import OnTerminal, WriteBook

CONTROLS = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


def lines_of(shown: str) -> list[str]:
    """What stays on a terminal of all that was drawn, or nearly so, without controls."""
    return [CONTROLS.sub("", line).rstrip() for line in shown.splitlines()]


async def test_a_run_is_a_tree_of_its_steps(terminal: OnTerminal, book: WriteBook) -> None:
    file = book(
        """
        tasks:
          - shell: {description: first, command: echo hello}
          - block:
              description: the block
              tasks:
                - shell: {description: "[bold]second[/bold]", command: "exit 3"}
        """
    )

    async with terminal("run", file) as shown:
        assert await shown.ended() == 1

    lines = lines_of(shown.shown)
    places = [
        next(number for number, line in enumerate(lines) if re.fullmatch(wanted, line))
        for wanted in (
            "▸ first",
            "  │ hello",
            r"✓ first  \d+\.\d\d s",
            "▸ the block",
            r"  ▸ \[bold\]second\[/bold\]",
            r"  ✗ \[bold\]second\[/bold\]  \d+\.\d\d s",
            r"✗ the block  \d+\.\d\d s.*",
            "   Outcome: failed",
        )
    ]
    assert places == sorted(places)
    assert shown.shown.rindex("\x1b[?25h") > shown.shown.rindex("\x1b[?25l")


async def test_all_that_a_talkative_program_says_is_shown(
    terminal: OnTerminal, book: WriteBook
) -> None:
    file = book(
        """
        tasks:
          - shell: {description: talk, command: seq 3000}
        """
    )

    async with terminal("run", file) as shown:
        assert await shown.ended() == 0

    said = [line.removeprefix("  │ ") for line in lines_of(shown.shown) if "  │ " in line]
    assert said == [str(number) for number in range(1, 3001)]


async def test_what_a_program_is_doing_is_drawn_while_it_runs(
    terminal: OnTerminal, book: WriteBook
) -> None:
    file = book(
        """
        tasks:
          - shell: {description: wait for it, command: "while ! test -e done; do sleep 0.1; done"}
        """
    )

    async with terminal("run", file) as shown:
        await shown.until("  0 s")
        await shown.until("  1 s")
        (file.parent / "done").touch()
        assert await shown.ended() == 0

    assert "✓ wait for it" in shown.shown
