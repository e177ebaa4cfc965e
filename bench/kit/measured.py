"""Run a program to its end and print what the system says that it took, as JSON.

    python -m bench.kit.measured FOLDER SECONDS PROGRAM WORD…

It is a small process of its own, as the system counts the memory of the process that
starts a program as that program's.  After SECONDS the program is killed.  Its output is
in FOLDER/out and FOLDER/err.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    """Start, wait, tell."""
    folder, limit_seconds, *command = sys.argv[1:]
    with Path(folder, "out").open("wb") as out, Path(folder, "err").open("wb") as err:
        started, began = time.time(), time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        killer = threading.Timer(float(limit_seconds), process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        killer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    taken = {
        "started": started,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
        "exit_code": process.returncode,
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
