"""What people may see of a camera or a group at an instant (S8a, M7).

One function decides, everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.alerts import FIRST, Level, Policy, bare_stage
from webapp.domain.health import CameraState

# A picture that is older stands for nothing any more.
GRACE = timedelta(minutes=5)


class Shown(StrEnum):
    """What stands where the picture of a camera or a group stands."""

    OVER_QUOTA = "over_quota"  # more views were asked for this month than there are
    SUSPENDED = (
        "suspended"  # the organisation or the camera's licence stops it (現在表示できません)
    )
    CLOSED = "closed"  # the out-of-hours picture
    UNKNOWN = "unknown"  # no good frame for too long
    STAGE = "stage"  # the alert picture of the current stage
    PICTURE = "picture"  # the masked picture
    NO_BACKGROUND = "no_background"  # counted, but there is nothing to draw it on
    WAITING = "waiting"  # nothing was tried yet


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored of a camera, or of a group.

    ``late_after``   when a good answer becomes too old.
    ``good_at``      when the newest masked picture was good: of a group, its default camera's.
    ``counted_at``   of a group alone: when it was last counted, by whichever of its cameras.
    ``policy``       the rules of its alert; None without an alert.
    ``stage``        where its alert stands, smoothed.
    ``has_stage_picture``  whether that stage has an alert picture that is on.
    """

    state: CameraState
    is_open: bool
    has_picture: bool
    since: datetime | None
    count: int | None
    good_at: datetime | None
    late_after: timedelta = GRACE
    is_suspended: bool = False
    is_over_quota: bool = False
    counted_at: datetime | None = None
    policy: Policy | None = None
    stage: int = FIRST
    has_stage_picture: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What to show.

    ``count`` is None whenever it is not known; ``is_old`` marks a picture of a minute that
    passed without a new one. ``level`` says how busy it is, smoothed; None when that is not known
    or there is no alert. ``is_deciding`` (判定中): the count alone would say something else.
    """

    state: CameraState
    shown: Shown
    since: datetime | None
    count: int | None
    is_old: bool
    level: Level | None = None
    is_deciding: bool = False


def view(facts: Facts, at: datetime) -> View:
    """Decide what of these facts is still true at ``at``."""
    state, since = _state(facts, at)
    known = state is CameraState.OK
    policy = facts.policy if known else None
    bare = None if policy is None or facts.count is None else bare_stage(policy, facts.count)
    return View(
        state=state,
        shown=_shown(facts, state, at),
        since=since,
        count=facts.count if known else None,
        is_old=not known,
        level=policy.level(facts.stage) if policy else None,
        is_deciding=bare is not None and policy is not None and bare != facts.stage,
    )


def _state(facts: Facts, at: datetime) -> tuple[CameraState, datetime | None]:
    if facts.is_suspended:  # nobody asks the camera: nothing is known of now
        return CameraState.WAITING, None
    if not facts.is_open:
        return CameraState.CLOSED, facts.since
    # Nobody wrote anything for a while: what is stored is no longer known (M7).
    counted_at = facts.counted_at or facts.good_at
    if facts.state is CameraState.OK and _is_late(facts, counted_at, at):
        return CameraState.MISSED, counted_at
    return facts.state, facts.since


def _is_late(facts: Facts, good_at: datetime | None, at: datetime) -> bool:
    return good_at is None or at - good_at > facts.late_after


def _shown(facts: Facts, state: CameraState, at: datetime) -> Shown:
    """The first that holds, in the order of S8a."""
    if facts.is_over_quota:
        return Shown.OVER_QUOTA
    if facts.is_suspended:
        return Shown.SUSPENDED
    if state is CameraState.CLOSED:
        return Shown.CLOSED
    if state is CameraState.WAITING:
        return Shown.WAITING
    counted_at = facts.counted_at or facts.good_at
    if facts.policy and facts.has_stage_picture and not _is_late(facts, counted_at, at):
        return Shown.STAGE
    if _is_late(facts, facts.good_at, at):
        return Shown.UNKNOWN
    return Shown.PICTURE if facts.has_picture else Shown.NO_BACKGROUND
