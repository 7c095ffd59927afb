"""Calls are counted exactly, and never beyond the month's quota (E3, TRUST 10)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.licences.calls import count_calls
from webapp.models import CallCount, CallMonth, Organisation
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.settings import Settings

AT = datetime(2026, 8, 31, 14, 59, tzinfo=UTC)  # the last minute of August in Tokyo
LATER = datetime(2026, 8, 31, 15, 0, tzinfo=UTC)


async def make(settings: Settings, **terms: str) -> Organisation:
    organisation = await Organisation.create(name="みなと商店街")
    if terms:
        office = open_office(settings)
        await set_licence(office, AT, organisation=organisation.public_id, **terms)
    return organisation


async def test_a_race_grants_exactly_the_quota(any_database: Settings) -> None:
    organisation = await make(any_database, cameras="1")
    batches = [{f"key{n % 3}": 700, "other": 300} for n in range(12)]
    answers = await asyncio.gather(*(count_calls(organisation, b, AT) for b in batches))
    assert sum(sum(answer.values()) for answer in answers) == 10_000
    assert (await CallMonth.get()).calls == 10_000
    assert sum(await CallCount.all().values_list("calls", flat=True)) == 10_000
    assert await count_calls(organisation, {"late": 1}, AT) == {"late": 0}
    assert not await CallCount.filter(key="late").exists()


async def test_a_batch_that_does_not_fit_is_granted_in_part(database: Settings) -> None:
    organisation = await make(database, cameras="1")
    await count_calls(organisation, {"a": 9_995}, AT)
    assert await count_calls(organisation, {"a": 3, "b": 9, "c": 1}, AT) == {"a": 3, "b": 2, "c": 0}


async def test_a_month_begins_at_midnight_of_their_own_calendar(database: Settings) -> None:
    organisation = await make(database, cameras="1")
    assert await count_calls(organisation, {"a": 10_001}, AT) == {"a": 10_000}
    assert await count_calls(organisation, {"a": 1}, LATER) == {"a": 1}
    months = await CallMonth.all().order_by("month").values_list("month", "calls")
    assert list(months) == [("2026-08", 10_000), ("2026-09", 1)]
    days = await CallCount.all().order_by("day").values_list("day", flat=True)
    assert list(days) == [date(2026, 8, 31), date(2026, 9, 1)]


async def test_without_figures_everything_is_counted_and_nothing_refused(
    database: Settings,
) -> None:
    organisation = await make(database)
    assert await count_calls(organisation, {"a": 1_000_000}, AT) == {"a": 1_000_000}
    assert (await CallMonth.get()).calls == 1_000_000


# From 14 hours ahead of UTC to 11 behind; in Los Angeles the clocks go back on that very day.
ZONES = (
    "Pacific/Kiritimati",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/Los_Angeles",
    "Pacific/Pago_Pago",
)


@pytest.mark.parametrize("zone", ZONES)
async def test_month_and_licence_turn_at_the_same_midnight_wherever_it_is(
    database: Settings, zone: str
) -> None:
    organisation = await Organisation.create(name=zone, time_zone=zone)
    whose, office = {"organisation": organisation.public_id}, open_office(database)
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    begun, before = midnight - timedelta(days=9), midnight - timedelta(microseconds=1)
    await set_licence(office, begun, **whose, cameras="1", cameras_until="2026-11-30")
    more = {"cameras": "2", "packs": "1", "packs_until": "2026-11-30"}
    await set_licence(office, begun, **whose, effective_on="2026-11-01", **more)
    assert await count_calls(organisation, {"a": 10_001}, before) == {"a": 10_000}
    assert await count_calls(organisation, {"a": 120_001}, midnight) == {"a": 120_000}
    assert await count_calls(organisation, {"a": 1}, before) == {"a": 0}
    # The licence ends with November there, and not an instant earlier.
    december = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    last = december - timedelta(microseconds=1)
    await CallMonth.filter(month="2026-11").update(calls=0)
    assert await count_calls(organisation, {"b": 7}, last) == {"b": 7}
    assert await count_calls(organisation, {"b": 7}, december) == {"b": 0}
    days = await CallCount.all().order_by("day").values_list("key", "day", "calls")
    assert list(days) == [
        ("a", date(2026, 10, 31), 10_000),
        ("a", date(2026, 11, 1), 120_000),
        ("b", date(2026, 11, 30), 7),
    ]
