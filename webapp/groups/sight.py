"""A group as people see it now: the sum of its cameras, under its default camera's picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from webapp import words
from webapp.alerts.standing import Standing
from webapp.cameras.sight import Sight, kind_of, word_of
from webapp.domain.alerts import Level, bare_stage
from webapp.domain.groups import Sum
from webapp.domain.health import CameraState
from webapp.domain.viewing import Facts, Shown, view
from webapp.i18n import N_

NO_CAMERA = N_("カメラなし")


@dataclass(frozen=True, slots=True)
class Alerted:
    """Where the group's alert stands, and the address of its stage's picture, or empty."""

    standing: Standing
    url: str
    now: datetime


@dataclass(frozen=True, slots=True)
class GroupSight:
    """What to show of a group.

    ``kind``     the class for colour and shape, as a camera's.
    ``word``     message id of the state.
    ``sum``      what was counted, and on how many cameras it rests.
    ``at``       when the default camera's picture was analysed; None without one.
    ``picture``  the default camera's sight; None without a camera.
    """

    kind: str
    word: str
    sum: Sum
    at: datetime | None
    picture: Sight | None
    is_deciding: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether a count of now stands behind the state."""
        return self.kind in _COUNTED


_COUNTED = frozenset({"done", *Level})


def group_sight(
    default: Sight | None,
    total: Sum,
    states: Collection[CameraState],
    alert: Alerted | None = None,
) -> GroupSight:
    """What to show of a group with this default camera, sum, and states of its open members.

    The default camera's hours are the group's (S7): while it is closed or stopped, so is the
    group. Otherwise one known camera is enough for a sum. With an alert its stage is the state,
    and its picture stands for the default camera's (S8).
    """
    if default is None:
        return GroupSight("waiting", NO_CAMERA, Sum(None, 0, 0), None, None)
    if default.kind in {"closed", "stopped"}:
        nothing = Sum(None, 0, 0)
        return GroupSight(default.kind, default.word, nothing, default.at, default)
    state = CameraState.MISSED
    if total.known:
        state = CameraState.OK
        if alert is not None:
            return _alerted(default, total, alert)
    elif states and all(one is CameraState.WAITING for one in states):
        state = CameraState.WAITING
    kind = {CameraState.OK: "done", CameraState.WAITING: "waiting"}.get(state, "unknown")
    return GroupSight(kind, words.STATE_WORDS[state], total, default.at, default)


def _alerted(default: Sight, total: Sum, alert: Alerted) -> GroupSight:
    standing, count = alert.standing, total.count
    is_partial = total.known < total.members
    # Of "at least 5" nobody can say that it lies below the stage.
    if count is not None and is_partial and bare_stage(standing.policy, count) < standing.stage:
        count = None
    facts = Facts(
        state=CameraState.OK,
        is_open=True,
        has_picture=bool(default.url),
        since=None,
        count=count,
        good_at=default.at,
        counted_at=alert.now,
        policy=standing.policy,
        stage=standing.stage,
        has_stage_picture=bool(alert.url),
    )
    seen = view(facts, alert.now)
    picture = default
    if seen.shown is Shown.STAGE:
        picture = replace(default, url=alert.url, shown=Shown.STAGE, is_old=False)
    return GroupSight(
        kind_of(seen), word_of(seen), total, default.at, picture, is_deciding=seen.is_deciding
    )
