"""The forecast's rules (F1, B5): means, calendar, band, score, quiet times, and odd pasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.domain.forecast.correction import correct
from webapp.domain.forecast.day_kinds import Kind, kind_of
from webapp.domain.forecast.expected import expect, together
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.learning import add, forget
from webapp.domain.forecast.means import plain_means
from webapp.domain.forecast.quiet_times import quiet_times
from webapp.domain.forecast.scores import Method, score_of
from webapp.domain.forecast.slots import EVENING, NIGHT, SLOTS, Floats, clock_of
from webapp.hours.holidays import japanese_holidays

MONDAY = date(2026, 6, 1)
HOLIDAYS = japanese_holidays()
MINUTES = np.full(SLOTS, 15.0)
BUMP = 8 * np.exp(-(((np.arange(SLOTS) - 56) / 14) ** 2))  # most people at 14:00

Counts = Callable[[date], Floats]


def learn(
    first: date, days: int, counts: Counts, holidays: frozenset[date] = HOLIDAYS
) -> Knowledge:
    """``counts`` says the mean of each quarter hour of a date; NaN where nothing was analysed."""
    knowledge = Knowledge()
    for number in range(days):
        day = first + timedelta(days=number)
        mean = counts(day)
        n = np.where(np.isnan(mean), 0, 15.0)
        add(knowledge, day, np.nan_to_num(mean) * 15, n, HOLIDAYS)
    return knowledge


def busy(day: date) -> Floats:
    """Weekends see twice as many."""
    return BUMP * (2 if day.weekday() >= 5 or day in HOLIDAYS else 1)


def business(counts: Counts, day: date) -> Floats:
    """What a business day really is, by the slot."""
    return np.concatenate((counts(day)[NIGHT:], counts(day + timedelta(days=1))[:NIGHT]))


def test_the_night_belongs_to_the_day_before() -> None:
    """25:00 of Monday is 1:00 of Tuesday, and stands under Monday."""

    def night(day: date) -> Floats:
        return np.where(np.arange(SLOTS) == 4, float(day.weekday() == 1), 0.0)

    means = plain_means(learn(MONDAY, 14, night))
    at_25 = EVENING + 4
    assert clock_of(at_25) == (25, 0)
    assert means[0, at_25] == 1
    assert means[1, at_25] == 0


def test_the_plain_mean_is_over_minutes_and_knows_no_day_that_was_not_analysed() -> None:
    knowledge = Knowledge()
    for number, (mean, minutes) in enumerate(((2.0, 15.0), (10.0, 5.0))):
        n = np.where(np.arange(SLOTS) == 40, minutes, 0)
        add(knowledge, MONDAY + timedelta(days=7 * number), n * mean, n, HOLIDAYS)
    means = plain_means(knowledge)
    assert means[0, 16] == pytest.approx((2 * 15 + 10 * 5) / 20)
    assert np.isnan(means).sum() == means.size - 1
    assert knowledge.dates[0] == 2


def test_seven_dates_are_enough_and_six_are_not() -> None:
    assert not learn(MONDAY, 6, busy).is_enough
    assert learn(MONDAY, 7, busy).is_enough
    gaps = learn(MONDAY, 12, lambda day: busy(day) if day.day % 2 else np.full(SLOTS, np.nan))
    assert not gaps.is_enough


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 60)), min_size=3, max_size=40),
    st.integers(1, 30),
)
@settings(max_examples=40, deadline=None)
def test_what_is_forgotten_was_never_there(counts: list[int | None], gone: int) -> None:
    gone = min(gone, len(counts))

    def of(day: date) -> Floats:
        count = counts[(day - MONDAY).days]
        return np.full(SLOTS, np.nan if count is None else float(count))

    knowledge = learn(MONDAY, len(counts), of)
    for number in range(gone):
        mean = of(MONDAY + timedelta(days=number))
        n = np.where(np.isnan(mean), 0, 15.0)
        forget(knowledge, MONDAY + timedelta(days=number), np.nan_to_num(mean) * 15, n)
    begun = MONDAY + timedelta(days=gone)
    fresh = learn(begun, len(counts) - gone, of)
    np.testing.assert_allclose(plain_means(knowledge), plain_means(fresh))
    assert knowledge.dates == fresh.dates


@given(
    st.lists(
        st.one_of(
            st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 10**7)
        ),
        min_size=1,
        max_size=25,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_past_breaks_it(counts: list[float | None]) -> None:
    """Whatever is kept: numbers that are there, low below mean below high, never below nought."""
    knowledge = Knowledge()
    for number, count in enumerate(counts):
        total = np.full(SLOTS, np.nan if count is None else float(count))
        add(knowledge, MONDAY + timedelta(days=number), total, MINUTES, HOLIDAYS)
    again = Knowledge.unpack(knowledge.pack())
    for method in Method:
        for ahead in range(8):
            day = MONDAY + timedelta(days=len(counts) + ahead)
            expected = expect(knowledge, day, HOLIDAYS, method)
            known = ~np.isnan(expected.mean)
            assert np.isfinite(expected.mean[known]).all()
            assert (expected.low[known] >= 0).all()
            assert (expected.low[known] <= expected.mean[known] + 1e-9).all()
            assert (expected.high[known] >= expected.mean[known] - 1e-9).all()
            np.testing.assert_array_equal(expected.mean, expect(again, day, HOLIDAYS, method).mean)


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="quarter hours"):
        add(Knowledge(), MONDAY, np.zeros(95), np.zeros(95), HOLIDAYS)
    with pytest.raises(ValueError, match="packed"):
        Knowledge.unpack(b"something else")


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 7, 20), Kind.HOLIDAY),  # 海の日, a Monday
        (date(2026, 7, 19), Kind.WEEKDAY),  # the Sunday before it is none of its eves
        (date(2026, 5, 6), Kind.HOLIDAY),  # 振替休日
        (date(2026, 9, 22), Kind.HOLIDAY),  # 国民の休日 between two others
        (date(2026, 9, 18), Kind.WEEKDAY),  # a Friday: Saturday follows, which is no holiday
        (date(2026, 4, 28), Kind.EVE),
        (date(2026, 12, 28), Kind.EVE),
        (date(2026, 12, 31), Kind.HOLIDAY),
        (date(2027, 1, 3), Kind.HOLIDAY),
        (date(2027, 1, 4), Kind.WEEKDAY),
    ],
)
def test_what_the_calendar_says_of_a_day(day: date, kind: Kind) -> None:
    assert kind_of(day, HOLIDAYS) is kind


def test_a_holiday_on_a_monday_is_expected_like_one() -> None:
    knowledge = learn(date(2025, 9, 1), 280, busy)
    holiday = date(2026, 7, 20)
    truth = business(busy, holiday)
    calendar = expect(knowledge, holiday, HOLIDAYS, Method.CALENDAR).mean
    plain = expect(knowledge, holiday, HOLIDAYS, Method.PLAIN).mean
    assert np.abs(calendar - truth).mean() < 0.25 * np.abs(plain - truth).mean()


def test_the_better_one_is_published_and_the_plain_one_when_in_doubt() -> None:
    dice = np.random.default_rng(3)

    def noise(day: date) -> Floats:
        return dice.poisson(BUMP * 15) / 15

    def growing(day: date) -> Floats:
        return noise(day) * (1 + (day - MONDAY).days / 90)

    def same_everyday(day: date) -> Floats:
        return noise(day)

    assert score_of(learn(MONDAY, 10, growing)).published is Method.PLAIN
    grown = score_of(learn(MONDAY, 120, growing))
    assert grown.published is Method.CALENDAR
    assert grown.calendar < grown.plain
    assert score_of(learn(MONDAY, 250, same_everyday)).published is Method.PLAIN


def test_a_new_level_is_followed_within_three_weeks() -> None:
    turn = MONDAY + timedelta(days=200)

    def moved(day: date) -> Floats:
        return busy(day) * (3 if day >= turn else 1)

    knowledge = learn(MONDAY, 221, moved)
    day = MONDAY + timedelta(days=222)
    truth = business(moved, day)
    published = expect(knowledge, day, HOLIDAYS).mean
    assert score_of(knowledge).published is Method.CALENDAR
    assert np.abs(published - truth).mean() < 0.25 * truth.mean()


def test_one_absurd_day_moves_the_next_ones_little() -> None:
    odd = MONDAY + timedelta(days=101)
    before = learn(MONDAY, 109, busy)
    after = learn(MONDAY, 109, lambda day: busy(day) * (100 if day == odd else 1))
    day = odd + timedelta(days=14)
    usual = expect(before, day, HOLIDAYS, Method.CALENDAR).mean
    moved = expect(after, day, HOLIDAYS, Method.CALENDAR).mean
    plain = expect(after, day, HOLIDAYS, Method.PLAIN).mean
    assert moved.sum() < 1.6 * usual.sum()
    assert plain.sum() > 5 * usual.sum()
    assert score_of(after).published is Method.CALENDAR


def test_months_of_closure_are_no_noughts() -> None:
    reopens = MONDAY + timedelta(days=220)

    def closed(day: date) -> Floats:
        if MONDAY + timedelta(days=100) <= day < reopens:
            return np.full(SLOTS, np.nan)
        return busy(day)

    knowledge = learn(MONDAY, 223, closed)
    day = reopens + timedelta(days=3)
    for method in Method:
        mean = expect(knowledge, day, HOLIDAYS, method).mean
        assert np.abs(mean - business(busy, day)).max() < 1


def test_nobody_ever_is_expected_as_nobody() -> None:
    knowledge = learn(MONDAY, 60, lambda day: np.zeros(SLOTS))
    expected = expect(knowledge, MONDAY + timedelta(days=61), HOLIDAYS)
    assert expected.mean.tolist() == expected.high.tolist() == [0.0] * SLOTS
    assert score_of(knowledge).published is Method.PLAIN


def test_the_band_holds_four_times_of_five() -> None:
    dice = np.random.default_rng(8)

    def moody(day: date) -> Floats:
        return dice.poisson(busy(day) * np.exp(dice.normal(0, 0.3)) * 15) / 15

    knowledge = learn(MONDAY, 200, moody)
    held = []
    for number in range(200, 300):
        day = MONDAY + timedelta(days=number)
        expected, had = expect(knowledge, day, HOLIDAYS), moody(day)
        slots = slice(0, EVENING)
        inside = (had[NIGHT:] >= expected.low[slots]) & (had[NIGHT:] <= expected.high[slots])
        held.append(inside[expected.mean[slots] > 0.1].mean())
        add(knowledge, day, had * 15, MINUTES, HOLIDAYS)
    assert 0.75 <= np.mean(held) <= 0.85


def test_today_is_corrected_by_what_was_seen() -> None:
    knowledge = learn(MONDAY, 120, busy)
    day = MONDAY + timedelta(days=121)
    expected = expect(knowledge, day, HOLIDAYS)
    seen = np.where(np.arange(SLOTS) < 24, 2 * expected.mean, np.nan)
    corrected = correct(knowledge, expected, seen, 24)
    np.testing.assert_array_equal(corrected.mean[:24], expected.mean[:24])
    assert 1.5 < corrected.mean[28] / expected.mean[28] < 2
    assert corrected.mean[80] / expected.mean[80] < 1.2
    untouched = correct(knowledge, expected, np.full(SLOTS, np.nan), 24)
    np.testing.assert_array_equal(untouched.mean, expected.mean)


def test_a_group_is_the_sum_of_its_cameras() -> None:
    one = expect(learn(MONDAY, 30, busy), MONDAY, HOLIDAYS)
    half = learn(MONDAY, 30, lambda day: np.where(np.arange(SLOTS) < 48, np.nan, busy(day)))
    both = together([one, expect(half, MONDAY, HOLIDAYS)])
    np.testing.assert_allclose(both.mean[10], one.mean[10])
    np.testing.assert_allclose(both.mean[60], 2 * one.mean[60])


def test_quiet_times_are_spans_of_an_hour_at_least() -> None:
    open_9_to_21 = (np.arange(SLOTS) >= 12) & (np.arange(SLOTS) < 60)
    mean = np.full(SLOTS, 9.0)
    mean[20:26] = 1.0
    mean[40:42] = 1.0
    assert quiet_times(mean, open_9_to_21) == [(20, 26)]
    assert quiet_times(np.full(SLOTS, 5.0), open_9_to_21) == []
    assert quiet_times(np.full(SLOTS, np.nan), open_9_to_21) == []
    assert quiet_times(mean, np.zeros(SLOTS, bool)) == []
    # What is below the threshold is quiet; nothing above it ever is.
    steps = np.repeat(np.arange(24.0), 4)
    assert quiet_times(steps, np.ones(SLOTS, bool), limit=4) == [(0, 16)]


@given(st.lists(st.floats(0, 100), min_size=SLOTS, max_size=SLOTS), st.integers(0, 95))
@settings(max_examples=60, deadline=None)
def test_quiet_times_lie_within_the_open_ones_in_order(values: list[float], opens: int) -> None:
    is_open = np.arange(SLOTS) >= opens
    spans = quiet_times(np.array(values), is_open)
    assert spans == sorted(spans)
    assert len(spans) <= 2
    for start, end in spans:
        assert end - start >= 4
        assert is_open[start:end].all()
