"""The last hour as a drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from webapp.cameras.chart import Mark, draw_hour
from webapp.domain.health import CameraState
from webapp.models import Observation

NOW = datetime(2025, 4, 1, 12, 0, 30, tzinfo=UTC)


def seen(minutes_ago: float, count: int | None) -> Observation:
    state = CameraState.OK if count is not None else CameraState.UNREACHABLE
    return Observation(minute=NOW - timedelta(minutes=minutes_ago), state=state, count=count)


def test_an_hour_without_observations_is_empty() -> None:
    chart = draw_hour([], NOW, 60)
    assert len(chart.slots) == 60
    assert (chart.known, chart.gaps, chart.busiest) == ((), (), None)
    assert chart.ticks[-1] - chart.ticks[0] == timedelta(hours=1)


def test_a_count_is_a_bar_nobody_is_a_line_and_unknown_a_gap() -> None:
    chart = draw_hour([seen(3, None), seen(2, None), seen(1, 0), seen(0, 20)], NOW, 60)
    two_gaps, nobody, full = chart.slots[-4:-2], chart.slots[-2], chart.slots[-1]
    assert [slot.mark for slot in two_gaps] == [Mark.UNKNOWN] * 2
    assert len(chart.gaps) == 1
    assert chart.gaps[0].width == 20
    assert 0 < nobody.height < 2
    assert (full.y, full.height) == (0, 100)
    assert chart.top == 20
    assert chart.busiest is full


def test_shorter_intervals_show_the_last_known_count_of_each_minute() -> None:
    chart = draw_hour([seen(0.4, 3), seen(0.2, 7), seen(0.1, None)], NOW, 5)
    assert chart.slots[-1].count == 7


def test_longer_intervals_have_fewer_bars_and_no_false_gaps() -> None:
    chart = draw_hour([seen(10.5, 1), seen(0.5, 2)], NOW, 600)
    assert [slot.count for slot in chart.slots] == [None] * 4 + [1, 2]
    assert chart.gaps == ()


def test_large_counts_stay_in_the_drawing() -> None:
    chart = draw_hour([seen(0, 1234)], NOW, 60)
    assert chart.top == 2000
    assert chart.slots[-1].height <= 100
