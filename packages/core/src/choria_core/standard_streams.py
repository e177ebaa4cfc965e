"""Standard input, output and errors that can be used, however the program was started."""

import os
import sys
from typing import Final

_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def ready_standard_streams() -> None:
    """Make good what the caller left out.

    A stream that was closed becomes the null device: else the next file or connection would
    take its number, and what is printed would go there.  Characters that the encoding of the
    terminal lacks are written as escapes.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
