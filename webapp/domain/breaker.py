"""How much patience a camera gets that has not answered for a while.

A camera that gave no picture several minutes in a row is still asked in each of its
minutes, but only briefly: one that is back answers at once. Every few minutes it gets the
full time, for one that is slow. A camera that does answer, though with no picture, has the
full time always: it holds nobody up for nothing. The first picture closes the breaker.
"""

from __future__ import annotations

# Silent minutes in a row after which a camera is asked only briefly.
OPENS_AFTER = 3

# Seconds that are enough to see whether something answers again.
PROBE_SECONDS = 2.0
# The same where the time ran out: nothing may be there, or a stream whose picture comes late.
SLOW_PROBE_SECONDS = 4.0

# Words of a failure (``Phase``) in which the camera, or what is in its place, did answer.
_ANSWERED = frozenset({"settings", "sign_in", "answer", "file", "consent", "option", "gone"})
_OUT_OF_TIME = "timeout"

# One try in so many has the full time, at first and when the silence has lasted long.
FULL_TRY_EVERY, FULL_TRY_LATER_EVERY = 5, 15
LONG_SILENCE = 60


def patience(silences: int, camera: int, full: float, failure: str) -> float:
    """Give the seconds for the next try of a camera that was silent ``silences`` times in a row.

    ``camera`` is any number of its own: cameras that went silent together, with their
    switch, do not have their long tries together. ``full`` is the usual time. ``failure``
    is the word of the last failure; when it is not known, the camera is asked briefly.
    """
    if silences < OPENS_AFTER or failure in _ANSWERED or _is_full_try(silences, camera):
        return full
    return min(full, SLOW_PROBE_SECONDS if failure == _OUT_OF_TIME else PROBE_SECONDS)


def is_open(silences: int) -> bool:
    """Whether a camera is asked only briefly, most of the time."""
    return silences >= OPENS_AFTER


def _is_full_try(silences: int, camera: int) -> bool:
    every = FULL_TRY_EVERY if silences < LONG_SILENCE else FULL_TRY_LATER_EVERY
    return (silences + camera) % every == 0
