"""Ranges and steps, on days that are 23, 24 and 25 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.domain.history import DAY, HOUR, QUARTER, WIDTHS, Sums, join, step_for, stretches

BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")
ONE = Sums(4, 2, 1, 3, 3, 1)


@pytest.mark.parametrize("width", WIDTHS.values())
@pytest.mark.parametrize("pixels", [0, 300, 1280, 10**9])
def test_a_chart_never_has_more_points_than_it_can_show(width: timedelta, pixels: int) -> None:
    step = step_for(width, pixels)
    points = width.total_seconds() / step
    assert points <= max(400, pixels / 2)
    assert step in (QUARTER, DAY) or points > 10


def test_a_day_of_quarter_hours_is_shown_as_they_are() -> None:
    assert step_for(timedelta(days=1), 300) == QUARTER
    assert step_for(timedelta(days=366), 1000) == DAY


@pytest.mark.parametrize(("day", "hours"), [((3, 29), 23), ((10, 25), 25), ((6, 1), 24)])
def test_days_begin_at_midnight_where_the_clock_is_changed(
    day: tuple[int, int], hours: int
) -> None:
    start = datetime(2026, *day, tzinfo=BERLIN).astimezone(UTC)
    end = start + timedelta(hours=hours) + timedelta(days=1)
    for step, expected in ((DAY, 2), (HOUR, hours + 24), (6 * HOUR, 8)):
        parts = [
            (part, dict.fromkeys(part.bins(step), ONE)) for part in stretches(start, end, BERLIN)
        ]
        points = join(iter(parts), step)
        assert len(points) == expected, step
        assert points[0].at == start
        local = [point.at.astimezone(BERLIN) for point in points]
        assert local == sorted(local)
        if step == DAY:
            assert [at.hour for at in local] == [0, 0]


def test_both_sides_of_a_change_are_one_day() -> None:
    start = datetime(2026, 3, 29, tzinfo=BERLIN).astimezone(UTC)
    parts = list(stretches(start, start + timedelta(hours=23), BERLIN))
    assert [part.offset for part in parts] == [3600, 7200]
    [point] = join(iter([(part, {part.bins(DAY)[0]: ONE}) for part in parts]), DAY)
    assert point.sums == Sums(8, 4, 1, 3, 6, 2)
    assert point.sums.mean == 2


def test_without_a_change_there_is_one_stretch_and_gaps_are_gaps() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    [part] = stretches(start, start + timedelta(days=366), TOKYO)
    assert part.offset == 9 * 3600
    [hour] = stretches(start, start + timedelta(hours=1), TOKYO)
    points = join(iter([(hour, {hour.bins(QUARTER)[1]: ONE})]), QUARTER)
    assert [point.sums for point in points] == [None, ONE, None, None]
