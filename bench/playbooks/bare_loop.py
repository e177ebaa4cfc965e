"""Run ``true`` so often, one after the other, with nothing around it.

    python -m bench.playbooks.bare_loop COUNT

It is the least that a program in Python can do: ``posix_spawn`` and ``waitpid``, no pipes,
nothing read.
"""

import os
import sys


def main(count: int) -> None:
    """Spawn and wait."""
    for _ in range(count):
        pid = os.posix_spawnp("true", ["true"], os.environ)
        _, status = os.waitpid(pid, 0)
        if status:
            sys.exit(f"true ended with status {status}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
