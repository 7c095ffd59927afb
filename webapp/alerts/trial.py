"""過去30日で試す: what a setting would have done, by the very same state machine (B4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import anyio.to_thread

from webapp.domain.alerts import FIRST, Change, Policy, Sample, bare_stage, replay
from webapp.models import Camera, CameraGroup, GroupObservation, Observation

DAYS = 30
SHOWN = 8  # of the newest rises


@dataclass(frozen=True, slots=True)
class StageTrial:
    """One stage: minutes in it, how often it was entered from below, and mails to each address."""

    stage: int
    minutes: int
    entered: int
    told: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What would have happened. ``unsmoothed`` is how often the bare count rose to a stage."""

    known: int
    unknown: int
    stages: list[StageTrial]
    unsmoothed: int
    newest: list[Change] = field(default_factory=list)

    @property
    def entered(self) -> int:
        """How often it became busier."""
        return sum(stage.entered for stage in self.stages)


def try_out(policy: Policy, samples: Sequence[Sample], interval: timedelta) -> Trial:
    """Run the rules over samples, oldest first. Pure, and quick enough for a month of minutes."""
    minutes: Counter[int] = Counter()
    entered: Counter[int] = Counter()
    told: Counter[int] = Counter()
    newest: list[Change] = []
    unsmoothed, bare, known = 0, FIRST, 0
    for sample, (state, change) in zip(samples, replay(policy, samples, interval), strict=True):
        if sample.count is not None:
            known += 1
            minutes[state.stage] += 1
            now = bare_stage(policy, sample.count)
            unsmoothed += now > bare
            bare = now
        if change is not None and change.is_rise:
            entered[change.stage] += 1
            newest.append(change)
            if change.tells:
                told[change.tells] += 1
    scale = interval / timedelta(minutes=1)
    stages = [
        StageTrial(stage, round(minutes[stage] * scale), entered[stage], told[stage])
        for stage in range(FIRST, policy.stages + 1)
    ]
    return Trial(known, len(samples) - known, stages, unsmoothed, newest[::-1][:SHOWN])


async def trial_of(
    subject: Camera | CameraGroup, policy: Policy, interval: timedelta, now: datetime
) -> Trial:
    """Try the rules on the last 30 days of a camera or a group, in one query and a thread."""
    samples = await samples_of(subject, now - timedelta(days=DAYS), now)
    return await anyio.to_thread.run_sync(try_out, policy, samples, interval)


async def samples_of(subject: Camera | CameraGroup, since: datetime, now: datetime) -> list[Sample]:
    """What an alert of a camera or a group was given, or would have been, oldest first."""
    if isinstance(subject, CameraGroup):
        sums = GroupObservation.filter(group_id=subject.id, minute__gte=since, minute__lt=now)
        columns = ("minute", "count", "known", "members", "first_count", "first_known")
        rows = await sums.order_by("minute").values_list(*columns)
        return [_first(*row) for row in rows]
    seen = Observation.filter(camera_id=subject.id, minute__gte=since, minute__lt=now)
    found = await seen.order_by("minute").values_list("minute", "count")
    return [Sample(minute, count) for minute, count in found]


def _first(
    minute: datetime,
    count: int | None,
    known: int,
    members: int,
    first_count: int | None,
    first_known: int | None,
) -> Sample:
    """What the alert was given: the sum before answers that came late."""
    if first_known is None:
        return Sample(minute, count, known < members)
    return Sample(minute, first_count, first_known < members)
