"""What is kept of a camera's usual days: sums that a day is added to (F1, B5).

The days before are never read for again. ``learning`` adds to them, the others read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from webapp.domain.forecast.slots import BLOCKS, SLOTS, WEEKDAYS, Floats

LEAST_DATES = 7

# Days after which a day weighs a third (e to the -1): of the profile, level, holidays, scores.
PROFILE, LEVEL, SPECIAL, SCORE = 56.0, 6.0, 400.0, 45.0
_BAND_FIRST = 1.7


def fade(days: float) -> float:
    """What is left after one more day of what weighs a third after ``days``."""
    return float(np.exp(-1 / days))


def _zeros(*shape: int) -> Callable[[], Floats]:
    return lambda: np.zeros(shape, np.float64)


def _first_band() -> Floats:
    return np.full((2, BLOCKS), _BAND_FIRST)


@dataclass(slots=True)
class Knowledge:
    """All that is kept of a camera: its size does not grow with its history.

    ``total`` and ``n`` (7, 96): people and minutes of the kept history; ``dates``: on how many
    dates something was analysed.
    ``seen`` and ``weight`` (7, 96): means of quarter hours, fading, and their weights.
    ``special`` (2, 2, 8): what holidays and eves had, and what their ordinary day would have, in
    stretches of three hours. ``level`` (2, 2): what work days and other days had lately, and what
    was expected. ``miss`` (2, 2, 96): misses of those days by slot, and their weights.
    ``band`` (2, 8): how many such misses the band reaches down and up.
    ``score`` (5,): weight, mean misses of plain and calendar, difference and its square, fading.
    ``today`` (2,): misses after noon without and with what was seen until then, fading.
    """

    total: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    n: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    dates: Floats = field(default_factory=_zeros(1))
    seen: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    weight: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    special: Floats = field(default_factory=_zeros(2, 2, BLOCKS))
    level: Floats = field(default_factory=_zeros(2, 2))
    miss: Floats = field(default_factory=_zeros(2, 2, SLOTS))
    band: Floats = field(default_factory=_first_band)
    score: Floats = field(default_factory=_zeros(5))
    today: Floats = field(default_factory=_zeros(2))

    def pack(self) -> bytes:
        """All arrays as bytes, in the order of the fields."""
        return b"".join(getattr(self, one.name).astype("<f8").tobytes() for one in fields(self))

    @classmethod
    def unpack(cls, data: bytes) -> Knowledge:
        """What ``pack`` gave; ValueError for anything else."""
        if not cls.is_packed(data):
            raise ValueError("This is no packed knowledge.")
        knowledge = cls()
        place = 0
        for one in fields(knowledge):
            array = getattr(knowledge, one.name)
            values = np.frombuffer(data, "<f8", array.size, place).reshape(array.shape)
            setattr(knowledge, one.name, values.astype(np.float64))
            place += array.nbytes
        return knowledge

    @classmethod
    def is_packed(cls, data: bytes) -> bool:
        """Whether ``unpack`` can read it: it has the length of this version's."""
        return len(data) == sum(int(getattr(cls(), one.name).nbytes) for one in fields(cls))

    @property
    def is_enough(self) -> bool:
        """Whether so many dates were analysed that a forecast may be shown (F1)."""
        return bool(self.dates[0] >= LEAST_DATES)
