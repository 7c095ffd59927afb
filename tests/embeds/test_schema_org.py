"""JSON-LD of an embed: hours and state for machines, and no way out of its script element."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Any

import pytest

from tests.builders import TELLTALE, counted, make_camera, make_embed, make_group
from tests.html import one
from tests.people import Person
from webapp.domain.hours import HOLIDAY, Basic, Hours
from webapp.domain.hours_json import as_json
from webapp.domain.schema_org import opening_of
from webapp.models import Organisation

MONDAY = date(2026, 6, 8)
HOLIDAYS = {date(2026, 6, 10)}  # a Wednesday
WEEK = Hours(basic=(Basic(frozenset(range(5)), (540, 1080)), Basic(frozenset({5}), (1320, 1740))))


def _days(opening: dict[str, Any]) -> dict[str, tuple[str, str]]:
    entries = opening["openingHoursSpecification"]
    return {one["dayOfWeek"].rpartition("/")[2]: (one["opens"], one["closes"]) for one in entries}


def test_the_week_and_the_days_that_differ() -> None:
    opening = opening_of(WEEK, MONDAY, HOLIDAYS)
    days = _days(opening)
    assert days["Wednesday"] == ("09:00", "18:00")
    assert days["Saturday"] == ("22:00", "05:00"), "until five on Sunday morning"
    assert "Sunday" not in days
    [special] = opening["specialOpeningHoursSpecification"]
    assert special["validFrom"] == special["validThrough"] == "2026-06-10"
    assert special["opens"] == special["closes"] == "00:00", "closed"


def test_a_whole_day_is_not_closed() -> None:
    hours = Hours(basic=(Basic(frozenset({*range(7), HOLIDAY}), (360, 1800)),))
    opening = opening_of(hours, MONDAY, HOLIDAYS)
    assert _days(opening)["Monday"] == ("06:00", "05:59")
    for entry in opening["openingHoursSpecification"]:
        assert time.fromisoformat(entry["opens"]) != time.fromisoformat(entry["closes"])
    assert opening_of(None, MONDAY, HOLIDAYS) == {}


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_page_holds_it_whatever_the_name_is(
    anonymous: Person, organisation: Organisation, language: str
) -> None:
    hostile = "</script><script>alert(1)</script><!-- & \u2028"
    camera = await make_camera(
        organisation, hostile, latest=counted(TELLTALE), has_hours=True, hours=as_json(WEEK)
    )
    group = await make_group(organisation, hostile, [camera])
    for thing in (camera, group):
        path = await make_embed(thing, language=language, counts=False)
        page = await anonymous.get(path)
        block = one(page, 'script[type="application/ld+json"]').text
        place = json.loads(block)
        assert (place["@type"], place["name"]) == ("Place", hostile)
        assert _days(place)["Monday"] == ("09:00", "18:00")
        [state] = place["additionalProperty"]
        assert state["value"] == {"ja": "解析済み", "en": "Analysed"}[language]
        assert str(TELLTALE) not in page.text
        assert "<" not in block
        assert "alert(1)</script>" not in page.text
