"""The state machine: what raises, what clears, what neither does (S2, S3, S7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.alerts import (
    FIRST,
    Change,
    Level,
    Policy,
    Sample,
    State,
    bare_stage,
    clear_level,
    close,
    next_state,
    replay,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TWO = Policy((11,), frozenset({2}))
THREE = Policy((10, 20), frozenset({2, 3}))


def minutes(*counts: int | tuple[int] | None) -> list[Sample]:
    """A sample a minute; a count in brackets is "at least"."""
    return [
        Sample(NOON + number * MINUTE, count[0], is_partial=True)
        if isinstance(count, tuple)
        else Sample(NOON + number * MINUTE, count)
        for number, count in enumerate(counts)
    ]


def run(policy: Policy, *counts: int | tuple[int] | None) -> tuple[list[int], list[Change]]:
    """The stage after each minute, and the changes."""
    steps = list(replay(policy, minutes(*counts), MINUTE))
    return [state.stage for state, _ in steps], [change for _, change in steps if change]


def mails(changes: list[Change]) -> list[int]:
    return [change.tells for change in changes if change.tells]


def test_a_count_that_hovers_for_an_hour_mails_once() -> None:
    _, changes = run(TWO, *([10, 11] * 30))
    assert mails(changes) == [2]
    assert len(changes) == 1


def test_a_count_that_jumps_to_and_fro_each_minute_mails_once() -> None:
    _, changes = run(TWO, *([2, 30] * 30))
    assert len(changes) == 1


def test_smoothing_costs_one_minute_at_most() -> None:
    stages, _ = run(TWO, 0, 0, 15, 15, 15, 0, 0, 0)
    assert stages == [1, 1, 1, 2, 2, 2, 1, 1]


def test_one_wrong_minute_does_nothing() -> None:
    assert run(TWO, 0, 40, 0, 0)[1] == []
    stages, _ = run(TWO, 15, 15, 0, 15, 15)
    assert stages == [1, 2, 2, 2, 2]


def test_a_stage_begins_at_its_threshold_and_ends_below_its_clear_level() -> None:
    assert run(TWO, 11, 11)[0] == [1, 2]
    assert run(TWO, 10, 10)[0] == [1, 1]
    assert run(TWO, 11, 11, 10, 10, 10)[0][-1] == 2
    assert run(TWO, 11, 11, 9, 9)[0][-1] == 1


def test_unknown_neither_raises_nor_clears() -> None:
    assert run(TWO, 15, None, None, 15)[0] == [1, 1, 1, 2]
    assert run(TWO, 15, 15, None, None, None)[0][-1] == 2
    assert run(TWO, *([15, 15] + [None] * 60))[0][-1] == 2


def test_counts_from_before_a_long_silence_decide_nothing() -> None:
    stages, _ = run(TWO, 15, *([None] * 30), 15)
    assert stages[-1] == 1


def test_a_partial_sum_raises_and_never_clears() -> None:
    assert run(TWO, (15,), (15,))[0] == [1, 2]
    stages, _ = run(TWO, 15, 15, *[(0,)] * 30)
    assert stages[-1] == 2
    # "At least 0" says nothing of 11: it is no vote against rising either.
    assert run(TWO, 15, (0,), (0,), 15)[0][-1] == 2


def test_a_jump_mails_the_highest_stage_only() -> None:
    _, changes = run(THREE, 0, 25, 25)
    assert [(change.before, change.stage, change.tells) for change in changes] == [(1, 3, 3)]


def test_a_jump_past_a_stage_that_alone_mails_is_told_there() -> None:
    _, changes = run(Policy((10, 20), frozenset({2})), 0, 25, 25)
    assert mails(changes) == [2]


def test_a_climb_mails_each_stage_and_a_descent_none() -> None:
    _, changes = run(THREE, 12, 12, 12, 25, 25, 12, 12, 0, 0)
    assert [change.stage for change in changes] == [2, 3, 2, 1]
    assert mails(changes) == [2, 3]


def test_whoever_was_told_is_told_again_after_the_cool_down() -> None:
    again = [15, 15, 0, 0]
    _, changes = run(TWO, *again, *again)
    assert mails(changes) == [2]
    assert changes[2].was_told
    _, changes = run(TWO, *again, *([0] * 14), *again)
    assert mails(changes) == [2, 2]


def test_closing_ends_the_stage_and_tells_nobody() -> None:
    state = State()
    for sample in minutes(15, 15):
        state, _ = next_state(TWO, state, sample)
    assert state.stage == 2
    closed = close(state)
    assert (closed.stage, closed.seen, closed.minute) == (FIRST, (), None)
    assert closed.told == state.told


def test_a_gap_without_rows_is_a_closing_in_the_replay() -> None:
    evening = minutes(15, 15, 15)
    morning = [Sample(NOON + timedelta(hours=12) + n * MINUTE, 15) for n in range(2)]
    steps = list(replay(TWO, evening + morning, MINUTE))
    assert [state.stage for state, _ in steps] == [1, 2, 2, 1, 2]
    assert mails([change for _, change in steps if change]) == [2, 2]


def test_an_older_or_repeated_sample_changes_nothing() -> None:
    state, _ = next_state(TWO, State(), minutes(0, 15)[1])
    assert next_state(TWO, state, minutes(0, 15)[1]) == (state, None)
    assert next_state(TWO, state, minutes(0, 15)[0]) == (state, None)


@pytest.mark.parametrize(
    ("threshold", "level"), [(0, 0), (1, 1), (2, 1), (5, 4), (11, 10), (20, 18), (999, 900)]
)
def test_clear_levels(threshold: int, level: int) -> None:
    assert clear_level(threshold) == level
    assert clear_level(threshold) <= threshold


def test_every_threshold_but_nought_can_be_cleared_by_an_empty_place() -> None:
    for threshold in range(1, 1000):
        assert clear_level(threshold) > 0


def test_levels_have_the_words_of_their_number_of_stages() -> None:
    assert [TWO.level(stage) for stage in (1, 2)] == [Level.FREE, Level.BUSY]
    assert [THREE.level(stage) for stage in (1, 2, 3)] == [Level.FREE, Level.SOME, Level.BUSY]


@pytest.mark.parametrize("thresholds", [(), (1, 2, 3), (-1,), (1000,), (5, 5), (9, 3)])
def test_thresholds_that_make_no_sense_are_refused(thresholds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"stages|thresholds"):
        Policy(thresholds)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=80),
    st.sampled_from([TWO, THREE, Policy((1,), frozenset({2})), Policy((0, 3))]),
)
def test_whatever_comes_the_stage_is_one_that_was_seen(
    counts: list[int | None], policy: Policy
) -> None:
    state, before = State(), FIRST
    for sample in minutes(*counts):
        state, change = next_state(policy, state, sample)
        assert 1 <= state.stage <= policy.stages
        assert len(state.seen) <= 12
        if change is None:
            assert state.stage == before
        else:
            assert sample.count is not None
            assert (change.before, change.stage) == (before, state.stage)
            # Nobody rises above what the newest count alone would say, nor falls below it.
            bare = bare_stage(policy, sample.count)
            assert state.stage <= bare if change.is_rise else state.stage >= bare
        before = state.stage
