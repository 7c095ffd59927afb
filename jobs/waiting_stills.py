"""How much memory is held by stills that were fetched and still wait for their analysis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT_BYTES = 64 * 1024 * 1024


class WaitingStills:
    """Counts the bytes; while they are too many, a worker takes up no further slot.

    Stills that are under way then may still arrive: above ``most_bytes`` lies at most what
    the cameras that are being asked send.
    """

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether no further camera should be asked for now."""
        return self._bytes >= self._most_bytes

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count a still of ``size`` bytes until its analysis has ended."""
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size
