"""混雑予測 on a site: one weekday and time for all cameras, counted as embeds count it (E3, E4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import time_machine

from tests.builders import TELLTALE, make_usual
from tests.html import one, parsed, text_of
from tests.people import Person
from tests.sites.conftest import make_site
from webapp.domain.embeds import Shows, View
from webapp.models import (
    Alert,
    CallMonth,
    Camera,
    CameraGroup,
    Latest,
    LicenceChange,
    Organisation,
)

pytestmark = pytest.mark.usefixtures("_read_anew")

# A Friday, 14:30 in Tokyo.
NOW = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def site(group: CameraGroup) -> str:
    """A site whose cameras are known, but for the third; the first has thresholds."""
    first, second, _ = await Camera.all().order_by("id")
    await make_usual(first)
    await make_usual(second)
    await Alert.create(
        organisation_id=group.organisation_id, camera=first, thresholds=[5, 10], stage_settings=[]
    )
    return await make_site(group)


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


async def test_the_switch_shows_the_forecast_of_all_cameras(anonymous: Person, site: str) -> None:
    page = await anonymous.get(site)
    switches = parsed(page).select("a.action[href='?view=forecast']")
    assert len(switches) == 2, "wide, and folded on a phone"
    page = await anonymous.get(site + str(switches[0]["href"]))
    cards = parsed(page).select("section.shown")
    assert [len(card.select(".embed-bars svg")) for card in cards] == [1, 1, 0]
    assert cards[0].select(".embed-chosen")[0].text == "金曜日 14:30"
    assert "混雑" in cards[0].select(".state-word")[0].text
    assert cards[1].select(".state-word")[0].text == "金曜日 14:30", "no thresholds, no word"
    assert "データが不足している" in cards[2].text
    assert text_of(page, ".site-time strong") == "14:30"
    assert text_of(page, ".embed-day[aria-current]") == "金"
    assert "/pictures/" not in page.text
    assert await _calls() == 3 + 2, "what is not enough costs nothing"


async def test_weekdays_and_times_are_for_all_and_for_nothing(anonymous: Person, site: str) -> None:
    page = await anonymous.get(f"{site}?view=forecast")
    monday = str(parsed(page).select(".embed-day")[0]["href"])
    for form in ("", "/part"):
        page = await anonymous.get(f"{site}{form}{monday}")
        assert text_of(page, ".site-time strong") == "14:30"
        assert [chosen.text for chosen in parsed(page).select(".embed-chosen")] == [
            "月曜日 14:30",
            "月曜日 14:30",
        ]
        later = str(one(page, "[data-go=after]")["href"])
        page = await anonymous.get(f"{site}{form}{later}")
        assert text_of(page, ".site-time strong") == "14:45"
        assert one(page, "#cameras")["data-refresh"] == "0", "who chose goes on looking at it"
    assert await _calls() == 2
    # A reload of it, and a pass that is none, are views.
    await anonymous.get(f"{site}{later}", headers={"Cache-Control": "max-age=0"})
    await anonymous.get(f"{site}{later.replace('pass=', 'pass=1')}")
    assert await _calls() == 6


async def test_who_was_refused_some_graphs_sees_them_by_no_tap(
    anonymous: Person, organisation: Organisation, site: str
) -> None:
    await LicenceChange.create(
        organisation=organisation, effective_on="2020-01-01", cameras=1, made_at=NOW
    )
    await anonymous.get(site)
    await CallMonth.all().update(calls=10_000 - 1)
    page = await anonymous.get(f"{site}?view=forecast")
    assert len(parsed(page).select(".embed-bars")) == 1
    monday = str(parsed(page).select(".embed-day")[0]["href"])
    assert not parsed(await anonymous.get(site + monday)).select(".embed-bars")


async def test_a_pass_of_a_site_is_for_taps_alone(anonymous: Person, site: str) -> None:
    page = await anonymous.get(f"{site}?view=forecast")
    own = parse_qs(str(parsed(page).select(".embed-day")[0]["href"]))["pass"][0]
    await anonymous.get(f"{site}?view=forecast&pass={own}")
    assert await _calls() == 4


async def test_a_screen_of_graphs_that_are_not_shown_asks_again_soon(
    anonymous: Person, organisation: Organisation, site: str
) -> None:
    await Camera.all().update(is_open=False, opening_changes_at=NOW + timedelta(hours=9))
    screen = await anonymous.get(f"{site}/signage?view=forecast")
    assert one(screen, "#cameras")["data-sleep"] == "32400", "each look would be paid for"
    await Organisation.filter(id=organisation.id).update(suspended_at=NOW)
    screen = await anonymous.get(f"{site}/signage?view=forecast")
    assert one(screen, "#cameras")["data-sleep"] == "1800", "nobody knows when it goes on"


async def test_times_end_with_business_hours(anonymous: Person, site: str) -> None:
    first = await anonymous.get(f"{site}?view=forecast&day=4&slot=0")
    assert text_of(first, ".site-time strong") == "9:00"
    assert not parsed(first).select("[data-go=before]")
    last = await anonymous.get(f"{site}?view=forecast&day=4&slot=95")
    assert text_of(last, ".site-time strong") == "20:45"
    assert not parsed(last).select("[data-go=after]")
    for nonsense in ("day=9&slot=1000", "day=x&slot=-1", "day=٣&slot=²"):
        page = await anonymous.get(f"{site}?view=forecast&{nonsense}")
        assert text_of(page, ".site-time strong") == "14:30"


async def test_a_site_shows_what_its_settings_say(anonymous: Person, group: CameraGroup) -> None:
    camera = await Camera.all().order_by("id").first()
    assert camera is not None
    await make_usual(camera)
    path = await make_site(group, shows=Shows.FORECAST, first=View.FORECAST)
    page = await anonymous.get(f"{path}?view=picture")
    assert len(parsed(page).select(".embed-bars")) == 1
    assert not parsed(page).select("a.action[href='?view=picture']"), "there is no other side"
    assert await _calls() == 1
    screen = await anonymous.get(f"{path}/signage")
    assert one(screen, "#cameras")["data-refresh"] == "900"
    assert not parsed(screen).select(".site-chosen")
    assert len(parsed(screen).select(".embed-bars")) == 1


async def test_no_form_of_the_forecast_holds_a_number(anonymous: Person, site: str) -> None:
    await Latest.all().update(count=TELLTALE)
    page = await anonymous.get(f"{site}?view=forecast")
    assert str(TELLTALE) not in page.text
    assert not parsed(page).select(".embed-count")


async def test_a_first_view_of_the_forecast_is_small(anonymous: Person, site: str) -> None:
    page = await anonymous.get(f"{site}?view=forecast")
    graphs = [str(svg) for svg in parsed(page).select(".embed-bars svg")]
    assert max(map(len, graphs)) < 2_500


@pytest.mark.parametrize("form", ["", "/part", "/signage"])
async def test_statements_do_not_grow_with_the_cameras(
    anonymous: Person, group: CameraGroup, site: str, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    caplog.set_level("DEBUG", "tortoise.db_client")
    numbers = []
    for _ in range(2):
        await anonymous.get(f"{site}{form}?view=forecast")
        caplog.clear()
        await anonymous.get(f"{site}{form}?view=forecast")
        numbers.append(len(caplog.records))
        await Camera.filter(name="売場1").delete()
    assert numbers[0] == numbers[1]


async def test_the_editor_offers_sides(
    alice: Person, anonymous: Person, group: CameraGroup
) -> None:
    base = f"/groups/{group.public_id}/site"
    await alice.save(base, is_on="1", name="駅前", shows="both", first="forecast", refreshes="1")
    page = await alice.get(base)
    assert one(page, "input[name=shows][checked]")["value"] == "both"
    assert one(page, "input[name=first][checked]")["value"] == "forecast"
    address = str(one(page, "#site-address")["value"])
    assert len(parsed(await anonymous.get(address)).select("section.is-forecast")) == 3
    assert "8,640回" in text_of(page, ".site-views"), "a graph is renewed each quarter hour"
