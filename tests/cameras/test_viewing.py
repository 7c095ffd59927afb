"""What of the stored facts is still true: unknown is never nought (M7, S8a)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.domain.health import CameraState
from webapp.domain.viewing import Facts, Shown, view

NOW = datetime(2025, 4, 1, 12, tzinfo=UTC)


def facts(state: CameraState = CameraState.OK, minutes: float = 1, **fields: Any) -> Facts:
    values: dict[str, Any] = {
        "state": state,
        "is_open": True,
        "has_picture": True,
        "since": NOW - timedelta(minutes=20),
        "count": 4 if state is CameraState.OK else None,
        "good_at": NOW - timedelta(minutes=minutes),
    }
    return Facts(**{**values, **fields})


def test_a_good_minute_is_shown_with_its_count() -> None:
    seen = view(facts(), NOW)
    assert (seen.state, seen.shown, seen.count) == (CameraState.OK, Shown.PICTURE, 4)
    assert not seen.is_old


@pytest.mark.parametrize(
    "state",
    [
        CameraState.UNREACHABLE,
        CameraState.BAD_PICTURE,
        CameraState.ENGINE_FAILED,
        CameraState.MISSED,
    ],
)
def test_a_lost_camera_has_no_count_and_keeps_its_picture_for_five_minutes(
    state: CameraState,
) -> None:
    seen = view(facts(state, minutes=5), NOW)
    assert (seen.shown, seen.count, seen.is_old) == (Shown.PICTURE, None, True)
    assert view(facts(state, minutes=5.1), NOW).shown is Shown.UNKNOWN


def test_an_answer_that_nobody_renewed_is_not_known_any_more() -> None:
    seen = view(facts(minutes=5.1), NOW)
    assert (seen.state, seen.shown, seen.count) == (CameraState.MISSED, Shown.UNKNOWN, None)
    assert seen.since == NOW - timedelta(minutes=5.1)


def test_a_slow_installation_may_take_longer() -> None:
    slow = facts(minutes=20, late_after=timedelta(minutes=30))
    assert view(slow, NOW).state is CameraState.OK


def test_a_closed_camera_is_closed_at_once_whatever_is_stored() -> None:
    for state in CameraState:
        seen = view(facts(state, is_open=False), NOW)
        assert (seen.state, seen.shown, seen.count) == (CameraState.CLOSED, Shown.CLOSED, None)


def test_without_a_background_there_is_a_count_and_no_picture() -> None:
    seen = view(facts(has_picture=False), NOW)
    assert (seen.shown, seen.count) == (Shown.NO_BACKGROUND, 4)


def test_a_new_camera_waits() -> None:
    seen = view(facts(CameraState.WAITING, good_at=None, since=None), NOW)
    assert (seen.shown, seen.count) == (Shown.WAITING, None)


def test_a_camera_that_never_answered_is_unknown() -> None:
    assert view(facts(CameraState.UNREACHABLE, good_at=None), NOW).shown is Shown.UNKNOWN


def test_a_stopped_organisation_comes_before_everything_else() -> None:
    for state in CameraState:
        for is_open in (True, False):
            seen = view(facts(state, is_open=is_open, is_suspended=True), NOW)
            assert (seen.shown, seen.count, seen.since) == (Shown.SUSPENDED, None, None)
            assert seen.is_old
