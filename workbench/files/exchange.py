"""Two names exchanged in one step, by the system call of Linux or macOS."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100 if sys.platform == "linux" else -2
_EXCHANGE = 2
"""The flag of both systems: `RENAME_EXCHANGE` of Linux, `RENAME_SWAP` of macOS."""

_UNAVAILABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What the system says if it, or the file system, cannot exchange names."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return `False` if the system or the file system cannot.

    Raises
    ------
    OSError
        One of them does not exist, or may not be renamed.
    """
    call = _find_system_call()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNAVAILABLE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def _find_system_call() -> ctypes._NamedFuncPointer | None:
    """Return the function of the C library, if it has one."""
    library = ctypes.CDLL(None, use_errno=True)
    name = "renameat2" if sys.platform == "linux" else "renameatx_np"
    try:
        call = library[name]
    except AttributeError:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
