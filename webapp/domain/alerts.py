"""混雑アラート: from counts to stages that do not flap (S2, S3).

A policy divides counts into two or three stages. The stage that people see is smoothed:

- It rises when two of the last three known counts reach its threshold, the newest among
  them. That costs one minute at most.
- It falls when two in a row lie below its clear level, a tenth below the threshold: a count
  that hovers, or that jumps to and fro each minute, does not flap.
- A count that is not known neither raises nor clears.
- A partial sum of a group ("at least") may raise, and never clears.
- Whoever was told of a stage is not told again before its cool-down is over.
- Closing ends every stage, without a word to anybody.

Everything here is pure: the trial before saving and the live run are the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MOST = 999  # the largest threshold
FIRST = 1  # the stage without a threshold: 空

# N of M: so many of the last so many known counts let it rise, and let it fall.
_RISES = (2, 3)
_FALLS = (2, 2)
# Counts that are older decide nothing any more.
MEMORY = timedelta(minutes=5)
COOL_DOWN = timedelta(minutes=15)
# A minute brings one count; whatever happens, no more than these are remembered.
_MOST_REMEMBERED = 12


class Level(StrEnum):
    """What a stage means to people, whatever the number of stages."""

    FREE = "free"  # 空
    SOME = "some"  # やや混雑
    BUSY = "busy"  # 混雑


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one camera or group.

    ``thresholds`` are those of stage 2 and, with three stages, of stage 3, ascending. Stage k
    begins at a count of its threshold (N人以上). ``mails`` are the stages that tell somebody.
    Raises ValueError for thresholds that make no sense.
    """

    thresholds: tuple[int, ...]
    mails: frozenset[int] = frozenset()
    memory: timedelta = MEMORY
    cool_down: timedelta = COOL_DOWN

    def __post_init__(self) -> None:
        if len(self.thresholds) not in {1, 2}:
            raise ValueError("a policy has two or three stages")
        if not all(0 <= threshold <= MOST for threshold in self.thresholds):
            raise ValueError(f"thresholds lie between 0 and {MOST}")
        if sorted(set(self.thresholds)) != list(self.thresholds):
            raise ValueError("thresholds ascend")

    @property
    def stages(self) -> int:
        """How many stages there are: 2 or 3."""
        return len(self.thresholds) + 1

    def threshold(self, stage: int) -> int:
        """The count from which on ``stage`` (2 or 3) begins."""
        return self.thresholds[stage - 2]

    def level(self, stage: int) -> Level:
        """What the stage means to people."""
        if stage <= FIRST:
            return Level.FREE
        return Level.BUSY if stage >= self.stages else Level.SOME


@dataclass(frozen=True, slots=True)
class Sample:
    """What a minute brought. ``count`` None: not known. ``is_partial``: at least ``count``."""

    minute: datetime
    count: int | None
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where a camera or group stands.

    ``seen`` are the known counts that still decide, oldest first; ``told`` holds the minute
    in which somebody was last told of a stage; ``minute`` is that of the newest sample.
    """

    stage: int = FIRST
    since: datetime | None = None
    minute: datetime | None = None
    seen: tuple[Sample, ...] = ()
    told: tuple[tuple[int, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A stage that was entered. ``tells`` is the stage whose recipients hear of it, or 0.

    ``was_told`` says that they would hear of it, and were told a short while ago.
    """

    minute: datetime
    before: int
    stage: int
    count: int
    is_partial: bool = False
    tells: int = 0
    was_told: bool = False

    @property
    def is_rise(self) -> bool:
        """Whether it became busier."""
        return self.stage > self.before


def bare_stage(policy: Policy, count: int) -> int:
    """The stage of a count alone, without smoothing."""
    return FIRST + sum(count >= threshold for threshold in policy.thresholds)


def clear_level(threshold: int) -> int:
    """Below which count a stage ends that began at ``threshold``.

    A tenth lower, one person at least; never so low that an empty place could not end it.
    """
    return max(1, threshold - max(1, threshold // 10)) if threshold > 0 else 0


def next_state(policy: Policy, state: State, sample: Sample) -> tuple[State, Change | None]:
    """Where a camera or group stands after a sample, and the stage that it entered, if any.

    1. A sample that is not newer than the last one changes nothing; one without a count only
       moves the time on.
    2. The stage rises to the highest whose threshold is reached, or falls to the highest that
       is not cleared.
    3. Who rises tells of the highest entered stage that tells anybody, once in its cool-down.
    """
    if state.minute is not None and sample.minute <= state.minute:
        return state, None
    if sample.count is None:
        return replace(state, minute=sample.minute), None
    oldest = sample.minute - policy.memory
    kept = tuple(one for one in state.seen if one.minute > oldest)
    seen = (*kept, sample)[-_MOST_REMEMBERED:]
    before = min(state.stage, policy.stages)
    stage = _raised(policy, before, seen, sample.count)
    if stage == before:
        stage = _cleared(policy, before, seen, sample)
    since = state.since if stage == state.stage and state.since else sample.minute
    after = State(stage, since, sample.minute, seen, state.told)
    if stage == before:
        return after, None
    change = Change(sample.minute, before, stage, sample.count, sample.is_partial)
    return _tell(policy, after, change) if change.is_rise else (after, change)


def close(state: State) -> State:
    """Where a camera or group stands when it closes: at the beginning, and nobody is told."""
    return State(told=state.told)


def after_gap(state: State, minute: datetime, interval: timedelta) -> State:
    """Where it stands before the sample of ``minute``: closed, when it was closed meanwhile.

    Every minute of a camera that is open has a row, known or not; where rows are missing for
    longer than ``interval`` it was closed, or nobody worked for a day.
    """
    if state.minute is not None and minute - state.minute > interval * 1.5:
        return close(state)
    return state


def replay(
    policy: Policy, samples: Iterable[Sample], interval: timedelta, state: State | None = None
) -> Iterator[tuple[State, Change | None]]:
    """Run the very same state machine over stored samples, oldest first."""
    state = state or State()
    for sample in samples:
        state, change = next_state(policy, after_gap(state, sample.minute, interval), sample)
        yield state, change


def _raised(policy: Policy, before: int, seen: tuple[Sample, ...], count: int) -> int:
    for stage in range(policy.stages, before, -1):
        threshold = policy.threshold(stage)
        needed, of = _RISES
        known = _known(seen, threshold)[-of:]
        if count >= threshold and sum(one >= threshold for one in known) >= needed:
            return stage
    return before


def _cleared(policy: Policy, before: int, seen: tuple[Sample, ...], newest: Sample) -> int:
    stage = before
    while stage > FIRST and not newest.is_partial:
        level = clear_level(policy.threshold(stage))
        needed, of = _FALLS
        if sum(count < level for count in _known(seen, level)[-of:]) < needed:
            break
        stage -= 1
    return stage


def _known(seen: tuple[Sample, ...], level: int) -> list[int]:
    """The counts of which it is known whether they reach the level, oldest first.

    Of "at least 5" nobody knows whether it reaches 6.
    """
    return [
        one.count
        for one in seen
        if one.count is not None and not (one.is_partial and one.count < level)
    ]


def _tell(policy: Policy, state: State, change: Change) -> tuple[State, Change]:
    entered = range(change.stage, change.before, -1)
    stage = next((stage for stage in entered if stage in policy.mails), 0)
    if not stage:
        return state, change
    told = dict(state.told)
    last = told.get(stage)
    if last is not None and change.minute - last < policy.cool_down:
        return state, replace(change, was_told=True)
    told[stage] = change.minute
    return replace(state, told=tuple(sorted(told.items()))), replace(change, tells=stage)
