"""Embeds across zones and hours, in odd groups, with very long names, and against guessing."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime

import pytest
import time_machine

from tests.builders import counted, make_camera, make_embed, make_group, make_masked, make_usual
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.embeds.shown import Displays, load
from webapp.models import (
    CallMonth,
    Camera,
    EmbedKey,
    EmbedVariant,
    Latest,
    Organisation,
)
from webapp.services import Services

# Already December in Tokyo, still November in London.
TURN = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)


async def _seen(services: Services, organisation: Organisation, at: datetime) -> Camera:
    camera = await make_camera(organisation, latest=counted(4, at))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    return camera


@pytest.mark.parametrize(
    ("zone", "time", "month", "weekday"),
    [("Asia/Tokyo", "0:30", "2026-12", "月"), ("Europe/London", "15:30", "2026-11", "月")],
)
async def test_time_month_and_weekday_are_the_places_wherever_somebody_looks(
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    zone: str,
    time: str,
    month: str,
    weekday: str,
) -> None:
    """At half past midnight in Tokyo the month is the next one, and the business day Monday."""
    await Organisation.filter(id=organisation.id).update(time_zone=zone)
    with time_machine.travel(TURN, tick=False):
        camera = await _seen(services, organisation, TURN)
        await make_usual(camera)
        path = await make_embed(camera)
        page = await anonymous.get(path, headers={"Accept-Language": "en-US"})
        assert text_of(page, ".embed-time").lstrip("0") in {time, f"0{time}", time.lstrip("0")}
        assert str(one(page, ".embed-time")["datetime"]).endswith("+00:00")
        assert [row.month for row in await CallMonth.all()] == [month]
        page = await anonymous.get(f"{path}?view=forecast")
        assert text_of(page, ".embed-day[aria-current]") == weekday


async def test_a_group_of_cameras_with_different_hours_follows_its_default_camera(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    now = datetime.now(UTC)
    default, closed = [await _seen(services, organisation, now) for _ in range(2)]
    await Camera.filter(id=closed.id).update(is_open=False)
    path = await make_embed(await make_group(organisation, "駅前", [default, closed]))
    assert text_of(await anonymous.get(path), ".embed-count") == "約4人", "the open one is known"
    await Camera.filter(id=closed.id).update(is_open=True)
    await Camera.filter(id=default.id).update(is_open=False)
    page = await anonymous.get(path)
    assert "営業時間外" in text_of(page, ".state-word")
    assert not parsed(page).select(".embed-count")


@pytest.mark.parametrize("kept", ["key", "variant"])
async def test_half_typed_addresses_lead_nowhere(
    anonymous: Person, services: Services, organisation: Organisation, kept: str
) -> None:
    path = await make_embed(await _seen(services, organisation, datetime.now(UTC)))
    _, _, key, name = path.split("/")
    halves = [key[:length] for length in range(len(key))] if kept == "key" else []
    for half in halves:
        assert await load(services, half, name) is None
    for length in range(len(name)) if kept == "variant" else ():
        assert await load(services, key, name[:length]) is None
    for odd in (key.upper(), key + "A", key[1:] + key[0], f" {key}"):
        assert await load(services, odd, name) is None
    assert (await anonymous.get(f"/e/{key[:-1]}/{name}")).status_code == 404
    assert await load(services, key, name) is not None


async def test_a_hundred_thousand_guesses_hit_nothing(
    services: Services, organisation: Organisation
) -> None:
    """Guesses of the very form of keys; what is stored is compared as a whole, in one statement."""
    for number in range(20):
        await make_embed(await make_camera(organisation, f"カメラ{number}"))
    letters, chance = string.ascii_letters + string.digits + "-_", random.Random(1)
    guesses = {"".join(chance.choices(letters, k=32)) for _ in range(100_000)}
    assert len(guesses) == 100_000
    keys = {str(key) for key in await EmbedKey.all().values_list("key", flat=True)}
    assert all(len(key) * 6 >= 128 for key in keys)
    assert not keys & guesses
    variant = await EmbedVariant.all().first()
    assert variant is not None
    for guess in list(guesses)[:300]:  # by the very way of a viewer
        assert await load(services, guess, variant.name) is None


async def test_very_long_names_break_and_nothing_else_does(
    anonymous: Person, alice: Person, services: Services, organisation: Organisation
) -> None:
    camera = await _seen(services, organisation, datetime.now(UTC))
    name = "とても長い名前のカメラ<b>&\"'" * 3
    await Camera.filter(id=camera.id).update(name=name[:60])
    page = await anonymous.get(await make_embed(camera))
    assert text_of(page, "title").startswith("とても長い名前")
    assert not parsed(page).select("b")
    code = await alice.get(f"/cameras/{camera.public_id}/embed")
    assert not parsed(code).select("main b")
