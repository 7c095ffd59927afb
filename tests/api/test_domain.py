"""What a token looks like, and until when it is good."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.api_tokens import PREFIX, can_end_on, end_of, is_good, is_token
from webapp.tokens import new_token

TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_new_token_is_one_of_256_bits() -> None:
    token = PREFIX + new_token()
    assert is_token(token)
    assert len(token.removeprefix(PREFIX)) * 6 >= 256


@given(st.text(max_size=80))
def test_hardly_anything_else_is(text: str) -> None:
    assert not is_token(text)
    assert not is_token(PREFIX + text[:42])


@pytest.mark.parametrize("odd", ["\n", " ", "x", "é", "\ud800"])
def test_nothing_stands_around_it(odd: str) -> None:
    token = PREFIX + "a" * 43
    assert not is_token(token + odd)
    assert not is_token(odd + token)


def test_the_last_day_is_good_to_its_end_by_the_organisations_clock() -> None:
    end = end_of(date(2026, 3, 31), TOKYO)
    assert end == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert is_good(end, end - timedelta(microseconds=1))
    assert not is_good(end, end)
    assert is_good(None, end)


@pytest.mark.parametrize(
    ("day", "can"),
    [
        (date(2026, 3, 30), False),
        (date(2026, 3, 31), True),
        (date(2036, 3, 31), True),
        (date(2037, 3, 31), False),
        (date.max, False),
    ],
)
def test_an_end_lies_ahead_and_not_too_far(day: date, can: bool) -> None:
    assert can_end_on(day, date(2026, 3, 31)) is can
