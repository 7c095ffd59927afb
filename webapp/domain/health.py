"""What is known of a camera in a minute. Unknown is never nought (M7).

A minute has an outcome; a camera has a state, which follows from its outcomes. One bad
minute is looked at again before the camera is called offline: it is being verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Bad minutes in a row that make a camera offline.
CONFIRMED_BY = 2

# No camera counts further than this: the number only tells that it has been long.
_MOST = 10_000


class CameraState(StrEnum):
    """The outcome of a minute, and the state of a camera after its latest minute."""

    WAITING = "waiting"  # no picture was tried yet
    OK = "ok"  # counted
    CLOSED = "closed"  # outside business hours: nothing was asked
    VERIFYING = "verifying"  # one bad minute: the next one decides
    UNREACHABLE = "unreachable"  # the camera gave no picture
    BAD_PICTURE = "bad_picture"  # what it gave is no picture that can be trusted
    ENGINE_FAILED = "engine_failed"  # the engine failed on this frame
    MISSED = "missed"  # no worker got to it in its minute
    SKIPPED = "skipped"  # the workers had too much to do in its minute

    @property
    def is_known(self) -> bool:
        """Whether a count stands behind this state."""
        return self is CameraState.OK


# What a minute can bring. The other states are drawn from several minutes, or from none.
OUTCOMES = frozenset(CameraState) - {CameraState.WAITING, CameraState.VERIFYING}

# The camera itself is to blame for these, as far as anybody can tell.
_BAD = frozenset({CameraState.UNREACHABLE, CameraState.BAD_PICTURE})

# Nobody looked at the camera: nothing is learnt about it.
_UNSEEN = frozenset({CameraState.MISSED, CameraState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Health:
    """How a camera stands.

    ``since``     when it came into this state.
    ``failures``  bad minutes in a row, of whichever kind.
    ``silences``  minutes in a row in which it gave no picture at all.
    """

    state: CameraState = CameraState.WAITING
    since: datetime | None = None
    failures: int = 0
    silences: int = 0


def next_health(health: Health, outcome: CameraState, at: datetime) -> Health:
    """Say how a camera stands after a minute with this ``outcome`` that ended at ``at``.

    | outcome                    | state afterwards                                         |
    |----------------------------|----------------------------------------------------------|
    | ok, closed, engine_failed  | the same; failures and silences end                      |
    | missed, skipped            | the same; failures and silences are kept: nobody looked  |
    | unreachable, bad_picture   | verifying for the first in a row; from the second on, or |
    |                            | when there never was a good one, the same                |

    An offline camera is so since the bad minute that was verified. Raises ValueError for
    a state that no minute brings.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"no minute ends as {outcome.value}")
    failures, silences = _counts(health, outcome)
    is_new = health.state is CameraState.WAITING
    state = outcome
    if outcome in _BAD and failures < CONFIRMED_BY and not is_new:
        state = CameraState.VERIFYING
    return Health(state, _since(health, state, at), failures, silences)


def _counts(health: Health, outcome: CameraState) -> tuple[int, int]:
    if outcome in _UNSEEN:
        return health.failures, health.silences
    if outcome not in _BAD:
        return 0, 0
    is_silent = outcome is CameraState.UNREACHABLE
    silences = min(health.silences + 1, _MOST) if is_silent else 0
    return min(health.failures + 1, _MOST), silences


def _since(health: Health, state: CameraState, at: datetime) -> datetime:
    confirms = health.state is CameraState.VERIFYING and state in _BAD
    if health.since is not None and (confirms or state is health.state):
        return health.since
    return at
