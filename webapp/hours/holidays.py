"""Japan's holidays, from the kept library: substitute and bridging ones among them.

The business rules receive a set of dates; nothing else of the library goes further than this.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from holidays.countries.japan import Japan

FIRST_YEAR, LAST_YEAR = 2000, 2099
# So many there are in a year, weekends or not; fewer are a gap in the library.
_LEAST_A_YEAR = 16


@cache
def japanese_holidays() -> frozenset[date]:
    """Every holiday from 2000 on, as far as the library knows them."""
    return frozenset(names_of_holidays("ja"))


@cache
def names_of_holidays(language: str) -> Mapping[date, str]:
    """What each is called in Japanese or English."""
    years = range(max(FIRST_YEAR, Japan.start_year), min(LAST_YEAR, Japan.end_year) + 1)
    return dict(Japan(years=years, language="ja" if language == "ja" else "en_US"))


def covers(year: int) -> bool:
    """Whether the library knows the holidays of ``year``: as many as the law has, at least."""
    return sum(day.year == year for day in japanese_holidays()) >= _LEAST_A_YEAR


def last_year() -> int:
    """The last year whose holidays the library knows."""
    return max(day.year for day in japanese_holidays())
