"""Giving freed memory back to the system.

Decoders and encoders free buffers of many sizes; the C library keeps the pieces, and a
worker that needs little seems to grow. Where it can be asked to, it gives them back.
"""

from __future__ import annotations

import ctypes
from functools import cache


def give_back() -> None:
    """Give back what is free (glibc; elsewhere nothing happens). Takes milliseconds."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    try:
        trim: ctypes._NamedFuncPointer = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return trim
