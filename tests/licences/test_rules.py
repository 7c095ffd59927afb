"""What is in force on a day, what is in excess of it, and what is announced (L1, L2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.licences import (
    UNLIMITED,
    Change,
    Coming,
    Limit,
    Stop,
    Terms,
    announcements,
    good_until,
    in_excess,
    limit_on,
    local_day,
    month_end,
    month_name,
    packs_on,
    quota_on,
    terms_on,
)

FIRST = date(2026, 4, 1)
THREE = Terms(cameras=3, packs=1)


def test_without_figures_an_organisation_is_unlimited() -> None:
    assert terms_on([], FIRST) == UNLIMITED
    assert limit_on(UNLIMITED, FIRST) == Limit(None, Stop.EXCESS)
    assert quota_on(UNLIMITED, FIRST) is None
    assert list(in_excess(limit_on(UNLIMITED, FIRST), 500)) == []
    assert announcements([], FIRST, 500) == []


def test_a_change_holds_from_its_day_until_the_next_one() -> None:
    two = Terms(cameras=2)
    changes = [Change(date(2026, 5, 1), two), Change(FIRST, THREE)]
    assert terms_on(changes, date(2026, 3, 31)) == UNLIMITED
    assert terms_on(changes, FIRST) == THREE
    assert terms_on(changes, date(2026, 4, 30)) == THREE
    assert terms_on(changes, date(2026, 5, 1)) == two


def test_of_two_changes_for_one_day_the_later_one_counts() -> None:
    assert terms_on([Change(FIRST, Terms(9)), Change(FIRST, THREE)], FIRST) == THREE


def test_the_newest_cameras_are_in_excess() -> None:
    assert list(in_excess(limit_on(THREE, FIRST), 5)) == [3, 4]
    assert list(in_excess(limit_on(THREE, FIRST), 3)) == []
    assert list(in_excess(limit_on(Terms(0), FIRST), 2)) == [0, 1]


def test_the_last_good_day_is_good() -> None:
    terms = Terms(cameras=3, cameras_until=FIRST, packs=2, packs_until=FIRST)
    assert limit_on(terms, FIRST) == Limit(3, Stop.EXCESS)
    assert packs_on(terms, FIRST) == 2
    after = FIRST + timedelta(days=1)
    assert limit_on(terms, after) == Limit(0, Stop.ENDED)
    assert packs_on(terms, after) == 0
    assert quota_on(terms, after) == 0


def test_calls_are_ten_thousand_a_camera_and_a_hundred_thousand_a_pack() -> None:
    assert quota_on(THREE, FIRST) == 130_000
    assert quota_on(Terms(cameras=1), FIRST) == 10_000


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 2, 29), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 1, 31), date(2026, 1, 31)),
    ],
)
def test_a_licence_without_end_is_good_until_the_end_of_each_month(day: date, end: date) -> None:
    assert month_end(day) == end
    assert good_until(None, day) == end
    assert good_until(FIRST, day) == FIRST


@pytest.mark.parametrize(
    ("zone", "day", "month"),
    [
        ("Asia/Tokyo", date(2026, 4, 1), "2026-04"),
        ("Pacific/Honolulu", date(2026, 3, 31), "2026-03"),
        ("UTC", date(2026, 3, 31), "2026-03"),
    ],
)
def test_a_day_is_one_of_their_own_calendar(zone: str, day: date, month: str) -> None:
    at = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)  # midnight in Tokyo
    assert local_day(at, ZoneInfo(zone)) == day
    assert month_name(local_day(at, ZoneInfo(zone))) == month


def test_an_end_is_announced_fourteen_days_ahead() -> None:
    ends = [Change(date(2026, 1, 1), Terms(cameras=3, cameras_until=date(2026, 4, 20)))]
    assert announcements(ends, date(2026, 4, 6), 2) == []
    [told] = announcements(ends, date(2026, 4, 7), 2)
    assert (told.what, told.day, told.cameras) == (Coming.CAMERAS_END, date(2026, 4, 21), (0, 1))
    [still] = announcements(ends, date(2026, 4, 20), 2)
    assert still == told
    assert announcements(ends, date(2026, 4, 21), 2) == [], "it has come: this is no news"


def test_an_end_that_is_put_off_already_is_not_announced() -> None:
    changes = [
        Change(date(2026, 1, 1), Terms(cameras=3, cameras_until=date(2026, 4, 20))),
        Change(date(2026, 4, 15), Terms(cameras=3)),
    ]
    assert announcements(changes, date(2026, 4, 10), 2) == []


def test_fewer_licences_are_announced_when_they_stop_a_camera() -> None:
    changes = [Change(date(2026, 1, 1), Terms(5)), Change(date(2026, 4, 10), Terms(3))]
    assert announcements(changes, FIRST, 3) == []
    [told] = announcements(changes, FIRST, 5)
    assert (told.what, told.day, told.limit) == (Coming.CAMERAS_FEWER, date(2026, 4, 10), 3)
    assert told.cameras == (3, 4)
    [told] = announcements(changes, FIRST, 7)
    assert told.cameras == (3, 4), "the others stand still today"


def test_packs_that_end_are_announced() -> None:
    terms = Terms(cameras=3, packs=1, packs_until=date(2026, 4, 5))
    [told] = announcements([Change(date(2026, 1, 1), terms)], FIRST, 3)
    assert (told.what, told.day) == (Coming.PACKS_END, date(2026, 4, 6))


@given(
    st.lists(
        st.builds(
            Change,
            st.dates(date(2026, 1, 1), date(2026, 3, 1)),
            st.builds(
                Terms,
                st.none() | st.integers(0, 5),
                st.none(),
                st.integers(0, 2),
            ),
        ),
        max_size=4,
    ),
    st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    st.integers(0, 8),
)
def test_what_is_announced_is_what_then_happens(
    changes: list[Change], day: date, cameras: int
) -> None:
    for told in announcements(changes, day, cameras):
        assert day < told.day <= day + timedelta(days=14)
        if told.what is Coming.CAMERAS_FEWER:
            then = limit_on(terms_on(changes, told.day), told.day)
            assert set(told.cameras) <= set(in_excess(then, cameras))
            now = limit_on(terms_on(changes, day), day)
            assert not set(told.cameras) & set(in_excess(now, cameras))
