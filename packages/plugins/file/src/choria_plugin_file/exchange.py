"""Two files get each other's name, in one step.

Where a file takes the name of another one ext4 gives it its place on the disk at once, and
writes it.  Of files that change names, one is removed afterwards as one that never was on the
disk, which costs a third of that.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = -100
_EXCHANGE: Final = 2
_UNABLE: Final = frozenset((errno.ENOSYS, errno.EINVAL, errno.ENOENT, errno.EPERM))
"""The kernel or the file system cannot, or there is nothing to change names with."""


def exchange(one: Path, other: Path) -> bool:
    """Let two files of one folder change names; False where that cannot be had.

    Raises:
        OSError: it failed.
    """
    rename = _renameat2()
    if rename is None:
        return False
    if not rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """The function of Linux; None where there is none."""
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    function.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    found: Callable[[int, bytes, int, bytes, int], int] = function
    return found
