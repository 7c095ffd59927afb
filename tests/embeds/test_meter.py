"""Metering: exact, many at a time, and nobody pays for what nobody saw."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
import time_machine

from webapp.database import current_connection, transaction
from webapp.embeds.meter import Meter
from webapp.licences import calls
from webapp.licences.calls import count_calls
from webapp.models import CallCount, CallMonth, LicenceChange, Organisation
from webapp.settings import Settings


@pytest.fixture(autouse=True)
def _one_month() -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC), tick=False):  # no new month begins meanwhile
        yield


async def _organisation(cameras: int) -> Organisation:
    organisation = await Organisation.create(name="みなと商店街")
    await LicenceChange.create(
        organisation=organisation,
        effective_on="2020-01-01",
        cameras=cameras,
        made_at=datetime.now(UTC),
    )
    return organisation


async def test_twelve_thousand_views_on_a_quota_of_ten_thousand(any_database: Settings) -> None:
    """TRUST 10: 50 clients race; exactly 10,000 are granted, and that is what is stored."""
    organisation = await _organisation(cameras=1)
    meter = Meter()

    async def client(number: int) -> int:
        granted = 0
        for view in range(240):
            granted += await meter.grant(organisation, f"key{(number + view) % 3}")
        return granted

    granted = sum(await asyncio.gather(*(client(number) for number in range(50))))
    assert granted == 10_000
    assert (await CallMonth.get()).calls == 10_000
    assert sum(await CallCount.all().values_list("calls", flat=True)) == 10_000  # type: ignore[arg-type]


async def test_two_processes_share_one_quota(postgres: Settings) -> None:
    organisation = await _organisation(cameras=1)
    await CallMonth.create(
        organisation=organisation, month=datetime.now(UTC).strftime("%Y-%m"), calls=9_900
    )
    organisation.time_zone = "UTC"
    meters = [Meter(), Meter()]
    views = [meters[number % 2].grant(organisation, "key") for number in range(300)]
    assert sum(await asyncio.gather(*views)) == 100
    assert (await CallMonth.get()).calls == 10_000


async def test_views_that_come_together_share_a_transaction(database: Settings) -> None:
    organisation = await _organisation(cameras=1)
    sizes: list[int] = []

    async def count(
        organisation: Organisation, wanted: Mapping[str, int], at: datetime
    ) -> dict[str, int]:
        sizes.append(sum(wanted.values()))
        return await count_calls(organisation, wanted, at)

    meter = Meter(count)
    assert all(await asyncio.gather(*(meter.grant(organisation, "key") for _ in range(100))))
    assert sizes == [100]
    assert await meter.grant(organisation, "key")
    assert (await CallMonth.get()).calls == 101


async def test_a_failure_is_told_to_those_who_wait_and_to_nobody_after(
    database: Settings,
) -> None:
    organisation = await _organisation(cameras=1)
    is_away = True

    async def count(
        organisation: Organisation, wanted: Mapping[str, int], at: datetime
    ) -> dict[str, int]:
        if is_away:
            raise OSError("away")
        return await count_calls(organisation, wanted, at)

    meter = Meter(count)
    asked = [meter.grant(organisation, "key") for _ in range(3)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [OSError] * 3
    is_away = False
    assert await meter.grant(organisation, "key")
    assert (await CallMonth.get()).calls == 1


async def test_whoever_leaves_before_the_count_pays_nothing(database: Settings) -> None:
    organisation = await _organisation(cameras=1)
    meter = Meter()
    leaving = asyncio.create_task(meter.grant(organisation, "key"))
    staying = asyncio.create_task(meter.grant(organisation, "key"))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await staying
    assert (await CallMonth.get()).calls == 1


async def test_a_page_of_several_pictures_is_granted_what_is_left(any_database: Settings) -> None:
    """A site pays one per camera shown (E3)."""
    organisation = await _organisation(cameras=1)
    meter = Meter()
    assert await meter.grant(organisation, "site", 0) == 0
    assert await meter.grant(organisation, "site", 50) == 50
    granted = await asyncio.gather(*(meter.grant(organisation, "site", 7) for _ in range(1_500)))
    assert sum(granted) == 9_950
    assert [views for views in granted if views not in {0, 7}] == [9_950 % 7]
    assert (await CallMonth.get()).calls == 10_000
    assert (await CallCount.get()).calls == 10_000


async def test_a_slow_commit_is_waited_for(postgres: Settings) -> None:
    """Whoever is told that nothing was counted looks again, and would pay twice."""
    organisation = await _organisation(cameras=1)
    await current_connection().execute_script("""
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(6); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON call_count
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();
    """)
    assert calls.LIMIT < 6
    assert await Meter().grant(organisation, "key") == 1
    assert (await CallMonth.get()).calls == 1


async def test_who_waits_too_long_for_the_month_is_told_and_pays_nothing(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = await _organisation(cameras=1)
    meter = Meter()
    assert await meter.grant(organisation, "key") == 1
    held, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction() as db:
            await CallMonth.all().using_db(db).select_for_update()
            held.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    monkeypatch.setattr(calls, "LIMIT", 0.5)
    with pytest.raises(TimeoutError):
        await meter.grant(organisation, "key")
    done.set()
    await holder
    monkeypatch.undo()
    assert await meter.grant(organisation, "key") == 1
    assert (await CallMonth.get()).calls == 2
