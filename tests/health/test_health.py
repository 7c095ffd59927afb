"""The table of a camera's states: every state with every outcome of a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.domain.health import OUTCOMES, CameraState, Health, next_health

BEFORE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT = BEFORE + timedelta(minutes=1)

S = CameraState
BAD = (S.UNREACHABLE, S.BAD_PICTURE)
# What comes of a bad minute, by the state before it and the bad minutes in a row before it.
VERIFIED_FIRST = {
    (state, failures)
    for state in (S.OK, S.CLOSED, S.ENGINE_FAILED, S.MISSED, S.SKIPPED)
    for failures in (0,)
}
CONFIRMED = {(S.WAITING, 0)} | {
    (state, failures)
    for state in (S.VERIFYING, S.UNREACHABLE, S.BAD_PICTURE, S.MISSED, S.SKIPPED)
    for failures in (1, 2, 50)
}
STANDS = sorted(VERIFIED_FIRST | CONFIRMED)


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
@pytest.mark.parametrize(("state", "failures"), STANDS)
def test_every_state_with_every_outcome(state: S, failures: int, outcome: S) -> None:
    after = next_health(Health(state, BEFORE, failures, failures), outcome, AT)
    if outcome in BAD:
        expected = outcome if (state, failures) in CONFIRMED else S.VERIFYING
        counts = (failures + 1, failures + 1 if outcome is S.UNREACHABLE else 0)
    else:
        expected = outcome
        counts = (failures, failures) if outcome in {S.MISSED, S.SKIPPED} else (0, 0)
    assert (after.state, after.failures, after.silences) == (expected, *counts)
    keeps = expected is state or (state is S.VERIFYING and expected in BAD)
    assert after.since == (BEFORE if keeps else AT)


def test_every_state_is_in_the_table() -> None:
    assert {state for state, _ in STANDS} == set(S)
    assert set(S) - {S.WAITING, S.VERIFYING} == OUTCOMES


@pytest.mark.parametrize("outcome", [S.WAITING, S.VERIFYING])
def test_no_minute_ends_in_a_state_of_several_minutes(outcome: S) -> None:
    with pytest.raises(ValueError, match=outcome.value):
        next_health(Health(), outcome, AT)


def test_only_a_count_is_known() -> None:
    assert [state for state in S if state.is_known] == [S.OK]


def test_one_bad_minute_among_good_ones_is_never_offline() -> None:
    health = Health(S.OK, BEFORE)
    seen = []
    for minute in range(20):
        outcome = S.UNREACHABLE if minute % 2 else S.OK
        health = next_health(health, outcome, AT + timedelta(minutes=minute))
        seen.append(health.state)
    assert set(seen) == {S.OK, S.VERIFYING}


def test_minutes_that_nobody_looked_at_do_not_clear_a_camera() -> None:
    health = Health(S.UNREACHABLE, BEFORE, 4, 4)
    health = next_health(health, S.MISSED, AT)
    assert health.state is S.MISSED
    assert next_health(health, S.UNREACHABLE, AT).state is S.UNREACHABLE
    assert next_health(health, S.OK, AT) == Health(S.OK, AT)


def test_the_first_picture_ever_that_fails_is_told_at_once() -> None:
    assert next_health(Health(), S.BAD_PICTURE, AT) == Health(S.BAD_PICTURE, AT, 1, 0)
