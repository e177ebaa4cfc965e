"""What a span of time cost this process."""

import contextlib
import os
import time
from types import TracebackType
from typing import Self

from choria_emulator.measure.result import Effort

_SCHEDULED = "/proc/self/schedstat"


class EffortMeter:
    """Reads the clocks of this process; used as ``with``.

    The time for which it was ready to run and had to wait is known on Linux alone; it is 0
    elsewhere, and is that of the first thread, which is all that a client has.
    """

    def __enter__(self) -> Self:
        self._file = -1
        with contextlib.suppress(OSError):
            self._file = os.open(_SCHEDULED, os.O_RDONLY | os.O_CLOEXEC)
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file >= 0:
            os.close(self._file)

    def start(self) -> None:
        """Begin the span."""
        self._start = self._read()

    def so_far(self) -> Effort:
        """The cost since then."""
        wall, cpu, waiting = (
            now - before for now, before in zip(self._read(), self._start, strict=True)
        )
        return Effort(wall_ns=wall, cpu_ns=cpu, waiting_ns=waiting)

    def _read(self) -> tuple[int, int, int]:
        return time.perf_counter_ns(), time.process_time_ns(), self._waited_ns()

    def _waited_ns(self) -> int:
        """Nanoseconds that the first thread waited for a processor since it began."""
        if self._file < 0:
            return 0
        try:
            return int(os.pread(self._file, 100, 0).split()[1])
        except (OSError, ValueError, IndexError):
            return 0
