"""What a viewer sees: the manual's table (2-2-4), the same for three stages, and S8a's order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webapp.domain.alerts import Level, Policy
from webapp.domain.health import CameraState
from webapp.domain.viewing import Facts, Shown, view

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATE = NOW - timedelta(minutes=6)
TWO, THREE = Policy((10,)), Policy((10, 20))
PICTURES = {
    "2段ともアラート設定なし": set[int](),
    "2段目のみアラート設定": {2},
    "1・2段共にアラート設定": {1, 2},
    "3段目のみ": {3},
    "すべて": {1, 2, 3},
}


def facts(policy: Policy, stage: int, pictures: set[int], **changes: object) -> Facts:
    made = Facts(
        state=CameraState.OK,
        is_open=True,
        has_picture=True,
        since=NOW,
        count={1: 3, 2: 12, 3: 25}[stage],
        good_at=NOW,
        policy=policy,
        stage=stage,
        has_stage_picture=stage in pictures,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_group", [False, True], ids=["camera", "group"])
@pytest.mark.parametrize(
    ("policy", "case", "stage", "shown"),
    [
        # The table of the manual: N人未満, N人以上.
        (TWO, "2段ともアラート設定なし", 1, Shown.PICTURE),
        (TWO, "2段ともアラート設定なし", 2, Shown.PICTURE),
        (TWO, "2段目のみアラート設定", 1, Shown.PICTURE),
        (TWO, "2段目のみアラート設定", 2, Shown.STAGE),
        (TWO, "1・2段共にアラート設定", 1, Shown.STAGE),
        (TWO, "1・2段共にアラート設定", 2, Shown.STAGE),
        # The same for three stages; a stage without a picture shows the masked one.
        (THREE, "2段ともアラート設定なし", 3, Shown.PICTURE),
        (THREE, "2段目のみアラート設定", 2, Shown.STAGE),
        (THREE, "2段目のみアラート設定", 3, Shown.PICTURE),
        (THREE, "3段目のみ", 1, Shown.PICTURE),
        (THREE, "3段目のみ", 2, Shown.PICTURE),
        (THREE, "3段目のみ", 3, Shown.STAGE),
        (THREE, "すべて", 1, Shown.STAGE),
        (THREE, "すべて", 2, Shown.STAGE),
        (THREE, "すべて", 3, Shown.STAGE),
    ],
)
def test_the_table_of_the_manual(
    policy: Policy, case: str, stage: int, shown: Shown, *, is_group: bool
) -> None:
    counted_at = NOW if is_group else None
    seen = view(facts(policy, stage, PICTURES[case], counted_at=counted_at), NOW)
    assert seen.shown is shown
    assert seen.level is policy.level(stage)
    assert not seen.is_deciding


def test_the_first_that_holds_is_shown() -> None:
    everything = facts(
        TWO, 2, {2}, is_over_quota=True, is_suspended=True, is_open=False, good_at=LATE
    )
    order = [
        ({}, Shown.OVER_QUOTA),
        ({"is_over_quota": False}, Shown.SUSPENDED),
        ({"is_suspended": False}, Shown.CLOSED),
        ({"is_open": True}, Shown.UNKNOWN),
        ({"good_at": NOW}, Shown.STAGE),
        ({"has_stage_picture": False}, Shown.PICTURE),
        ({"has_picture": False}, Shown.NO_BACKGROUND),
    ]
    for change, shown in order:
        everything = replace(everything, **change)  # type: ignore[arg-type]
        assert view(everything, NOW).shown is shown


def test_a_group_shows_its_stage_though_its_default_camera_is_lost() -> None:
    lost = {"good_at": LATE, "counted_at": NOW}
    assert view(facts(TWO, 2, {2}, **lost), NOW).shown is Shown.STAGE
    assert view(facts(TWO, 2, set(), **lost), NOW).shown is Shown.UNKNOWN
    assert view(facts(TWO, 2, {2}, good_at=NOW, counted_at=LATE), NOW).shown is Shown.PICTURE


def test_deciding_is_shown_while_the_count_alone_says_something_else() -> None:
    assert view(facts(TWO, 1, set(), count=12), NOW).is_deciding
    assert view(facts(TWO, 2, set(), count=9), NOW).is_deciding
    assert not view(facts(TWO, 2, set(), count=12), NOW).is_deciding


def test_what_is_not_known_has_no_level() -> None:
    for state in CameraState:
        seen = view(facts(THREE, 3, set(), state=state), NOW)
        assert seen.level == (Level.BUSY if state is CameraState.OK else None)
        assert seen.is_deciding is False
