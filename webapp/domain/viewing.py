"""What people may see of a camera at an instant. One function decides, everywhere (S8a, M7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.health import CameraState

# A picture that is older stands for nothing any more.
GRACE = timedelta(minutes=5)


class Shown(StrEnum):
    """What stands where the picture of a camera stands."""

    CLOSED = "closed"  # the out-of-hours picture
    UNKNOWN = "unknown"  # no good frame for too long
    PICTURE = "picture"  # the masked picture
    NO_BACKGROUND = "no_background"  # counted, but there is nothing to draw it on
    WAITING = "waiting"  # nothing was tried yet


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored of a camera. ``late_after`` is when a good answer becomes too old."""

    state: CameraState
    is_open: bool
    has_picture: bool
    since: datetime | None
    count: int | None
    good_at: datetime | None
    late_after: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class View:
    """What to show.

    ``count`` is None whenever it is not known; ``is_old`` marks a picture of a minute that
    passed without a new one.
    """

    state: CameraState
    shown: Shown
    since: datetime | None
    count: int | None
    is_old: bool


def view(facts: Facts, at: datetime) -> View:
    """Decide what of these facts is still true at ``at``."""
    state, since = _state(facts, at)
    known = state is CameraState.OK
    return View(
        state=state,
        shown=_shown(facts, state, at),
        since=since,
        count=facts.count if known else None,
        is_old=not known,
    )


def _state(facts: Facts, at: datetime) -> tuple[CameraState, datetime | None]:
    if not facts.is_open:
        return CameraState.CLOSED, facts.since
    # Nobody wrote anything for a while: what is stored is no longer known (M7).
    is_late = facts.good_at is None or at - facts.good_at > facts.late_after
    if facts.state is CameraState.OK and is_late:
        return CameraState.MISSED, facts.good_at
    return facts.state, facts.since


def _shown(facts: Facts, state: CameraState, at: datetime) -> Shown:
    if state is CameraState.CLOSED:
        return Shown.CLOSED
    if state is CameraState.WAITING:
        return Shown.WAITING
    if facts.good_at is None or at - facts.good_at > facts.late_after:
        return Shown.UNKNOWN
    return Shown.PICTURE if facts.has_picture else Shown.NO_BACKGROUND
