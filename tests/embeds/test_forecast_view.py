"""混雑予測 in an embed: what is shown, where its links lead, what is counted, what never leaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
import time_machine
from starlette.applications import Starlette

from tests.builders import counted, make_camera, make_embed, make_group, make_masked, make_usual
from tests.html import one, parsed, text_of
from tests.people import ORIGIN, Person
from webapp.domain.hours import Basic, Hours
from webapp.domain.hours_json import as_json
from webapp.embeds.shown import Displays
from webapp.embeds.visitors import Shares
from webapp.models import (
    Alert,
    CallMonth,
    Camera,
    CameraForecast,
    Latest,
    LicenceChange,
    Organisation,
)
from webapp.services import Services

# Friday, 20 November 2026, 13:07 in Tokyo.
NOW = datetime(2026, 11, 20, 4, 7, tzinfo=UTC)
FRIDAY, SUNDAY = 4, 6
FORECAST = "?view=forecast"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, latest=counted(8712))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    await make_usual(camera, busy=73)
    await Alert.create(organisation=organisation, camera=camera, is_on=True, thresholds=[10, 50])
    return camera


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


def _leads(page: httpx.Response, go: str) -> str:
    return str(one(page, f"[data-go={go}]")["href"])


async def test_the_present_time_is_chosen_and_said_in_words(
    anonymous: Person, camera: Camera
) -> None:
    page = await anonymous.get(await make_embed(camera) + FORECAST)
    assert text_of(page, ".embed-chosen") == "金曜日 13:00"
    assert "混雑" in text_of(page, ".embed-line.state-busy .state-word")
    assert text_of(page, ".embed-day[aria-current]") == "金"
    assert "9:00～13:00 空、13:00～17:00 混雑、17:00～21:00 空" in page.text
    assert len(parsed(page).select(".embed-bars a")) == 48
    assert not parsed(page).select(".embed-time, .embed-count"), "those belong to the picture"
    english = await anonymous.get(
        await make_embed(await make_group(camera.organisation, "駅前", [camera])) + FORECAST,
        headers={"Accept-Language": "en"},
    )
    assert text_of(english, ".embed-chosen") == "Fri 13:00"
    assert not parsed(english).select(".state-word .icon"), "the group has no alert, so no word"


@pytest.mark.parametrize(
    ("thresholds", "word"), [([50], "混雑"), ([80], "空"), ([10, 80], "やや混雑")]
)
async def test_the_word_follows_two_or_three_stages(
    anonymous: Person, camera: Camera, thresholds: list[int], word: str
) -> None:
    await Alert.all().update(thresholds=thresholds)
    page = await anonymous.get(await make_embed(camera) + FORECAST)
    assert text_of(page, ".state-word").endswith(word)


@pytest.mark.parametrize("counts", [True, False])
async def test_no_number_of_people_is_in_any_form(
    anonymous: Person, camera: Camera, counts: bool
) -> None:
    """Neither mean nor threshold; and twelve times as many people make the very same graph."""
    path = await make_embed(camera, counts=counts)
    forms = [f"{path}{form}{FORECAST}" for form in ("", "/part", ".json", ".jpg")]
    names = (*path.split("/")[2:], camera.public_id)
    for form in forms:
        answer = await anonymous.get(form)
        assert answer.status_code == 200
        found = re.findall(r"(?<![\d.])(?:8712|73(?:\.0)?)(?![\d.%])", _visible(answer.text, names))
        assert found == [], form
    assert "people" not in (await anonymous.get(forms[2])).text


def _visible(text: str, names: tuple[str, ...]) -> str:
    """Without coordinates, passes and random names, whose numbers are of something else."""
    for name in names:
        text = text.replace(name, "")
    return re.sub(r'(x|y|width|height|x1|x2|y1|y2|viewBox|d|points)="[^"]*"|pass=[^"&]*', "", text)


async def test_switching_counts_and_tapping_does_not(anonymous: Person, camera: Camera) -> None:
    path = await make_embed(camera)
    page = await anonymous.get(path)
    assert await _calls() == 1
    page = await anonymous.get(path + _leads(page, "switch"))
    assert await _calls() == 2
    for go in ("day-6", "before", "before", "after"):
        page = await anonymous.get(path + _leads(page, go))
        assert page.status_code == 200
        part = await anonymous.get(f"{path}/part{_leads(page, go)}")
        assert part.status_code == 200
    assert text_of(page, ".embed-chosen") == "日曜日 12:45"
    bar = parsed(page).select(".embed-bars a")[0]
    page = await anonymous.get(path + str(bar["href"]))
    assert text_of(page, ".embed-chosen") == "日曜日 9:00"
    assert await _calls() == 2
    here = str(one(page, "[data-go=day-6]")["href"])
    reloaded = {"Cache-Control": "max-age=0"}
    await anonymous.get(path + here, headers=reloaded)
    assert await _calls() == 3, "a reload is a view, wherever it is"
    await anonymous.get(path + _leads(page, "switch"))
    assert await _calls() == 4, "and so is the way back"


async def test_without_a_pass_of_ones_own_a_tap_is_a_view(
    anonymous: Person, camera: Camera, organisation: Organisation
) -> None:
    path = await make_embed(camera)
    other = await make_camera(organisation, "裏口", latest=counted())
    await make_usual(other)
    foreign = _leads(await anonymous.get(await make_embed(other) + FORECAST), "day-1")
    own = _leads(await anonymous.get(path + FORECAST), "day-1")
    assert await _calls() == 2
    for query in (f"{FORECAST}&day=1&slot=30", foreign, own[:-1], own.replace("pass=", "pass=9")):
        await anonymous.get(path + query)
    assert await _calls() == 6
    await anonymous.get(f"{path}.jpg{own}")
    await anonymous.get(f"{path}.json{own}")
    assert await _calls() == 8, "a pass is for looking around, not for pictures elsewhere"
    await anonymous.get(path + own)
    assert await _calls() == 8
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        await anonymous.get(path + own)
    assert await _calls() == 9


async def test_each_tap_begins_the_hour_of_a_pass_anew(anonymous: Person, camera: Camera) -> None:
    path = await make_embed(camera)
    leads = _leads(await anonymous.get(path + FORECAST), "day-1")
    for tap in range(1, 4):
        with time_machine.travel(NOW + timedelta(minutes=50 * tap), tick=False):
            leads = _leads(await anonymous.get(path + leads), "day-2")
    assert await _calls() == 1


async def test_a_pass_is_for_taps_alone(anonymous: Person, camera: Camera) -> None:
    path = await make_embed(camera)
    own = parse_qs(_leads(await anonymous.get(path + FORECAST), "day-1"))["pass"][0]
    for number, query in enumerate(("", "&day=9", "&slot=x"), 2):
        await anonymous.get(f"{path}/part{FORECAST}{query}&pass={own}")
        assert await _calls() == number, "that is the present time"


async def test_a_pass_is_for_the_address_that_paid(
    app: Starlette, anonymous: Person, camera: Camera
) -> None:
    path = await make_embed(camera)
    own = _leads(await anonymous.get(path + FORECAST), "day-1")
    elsewhere = httpx.ASGITransport(app, client=("192.0.2.7", 123))
    async with httpx.AsyncClient(
        transport=elsewhere, base_url=ORIGIN, headers=anonymous.headers
    ) as other:
        assert (await other.get(path + own)).status_code == 200
    assert await _calls() == 2
    await anonymous.get(path + own)
    assert await _calls() == 2


async def test_taps_are_of_the_address_share(
    app: Starlette, anonymous: Person, camera: Camera
) -> None:
    services = app.state.services
    app.state.services = replace(services, embeds=replace(services.embeds, shares=Shares(3)))
    path = await make_embed(camera)
    own = _leads(await anonymous.get(path + FORECAST), "day-1")
    found = [(await anonymous.get(path + own)).status_code for _ in range(3)]
    assert found == [200, 200, 429]


async def test_the_data_of_a_week_is_a_view_on_whatever_day(
    anonymous: Person, camera: Camera
) -> None:
    hours = Hours(basic=(Basic(frozenset(range(6)), (600, 1020)),))
    await Camera.filter(id=camera.id).update(has_hours=True, hours=as_json(hours))
    path = await make_embed(camera)
    closed = (await anonymous.get(f"{path}.json{FORECAST}&day={SUNDAY}")).json()
    assert closed["weekdays"][FRIDAY]
    assert await _calls() == 1
    with time_machine.travel(NOW + timedelta(days=2), tick=False):  # it is Sunday
        await anonymous.get(f"{path}.json{FORECAST}")
    assert await _calls() == 2


async def test_too_few_days_show_so_and_cost_nothing(
    anonymous: Person, organisation: Organisation
) -> None:
    young = await make_camera(organisation, latest=counted())
    await make_usual(young, dates=6)
    path = await make_embed(young, shows="forecast", first="forecast")
    for form in ("", "/part"):
        page = await anonymous.get(path + form)
        assert "not-enough.svg" in str(one(page, ".sight img")["src"])
        assert "データが不足" in text_of(page, ".sight-note")
    assert "not-enough" in (await anonymous.get(f"{path}.jpg")).headers["location"]
    assert (await anonymous.get(f"{path}.json")).json()["weekdays"] == []
    assert await _calls() == 0


async def test_a_group_needs_seven_days_of_every_camera(
    anonymous: Person, camera: Camera, organisation: Organisation
) -> None:
    stranger = await make_camera(organisation, "裏口")
    path = await make_embed(await make_group(organisation, "駅前", [camera, stranger]))
    assert "データが不足" in (await anonymous.get(path + FORECAST)).text
    await make_usual(stranger)
    assert parsed(await anonymous.get(path + FORECAST)).select(".embed-bars")


async def test_nobody_gets_beyond_business_hours(anonymous: Person, camera: Camera) -> None:
    hours = Hours(basic=(Basic(frozenset(range(6)), (600, 1020)),))
    await Camera.filter(id=camera.id).update(has_hours=True, hours=as_json(hours))
    path = await make_embed(camera)
    first = await anonymous.get(f"{path}{FORECAST}&day=0&slot=0")
    assert text_of(first, ".embed-chosen") == "月曜日 10:00"
    assert not parsed(first).select("[data-go=before]")
    last = await anonymous.get(f"{path}{FORECAST}&day=0&slot=95")
    assert text_of(last, ".embed-chosen") == "月曜日 16:45"
    assert not parsed(last).select("[data-go=after]")
    before = await _calls()
    closed = await anonymous.get(f"{path}{FORECAST}&day={SUNDAY}")
    assert "表示できる時間はありません" in text_of(closed, ".embed-nothing")
    assert await _calls() == before, "no graph, no view"
    assert parsed(closed).select("[data-go=day-1]"), "there are ways out"


@pytest.mark.parametrize(
    "query", ["day=9", "day=-1", "slot=96", "slot=x", "day=²", "slot=999999", "day=0;slot=1"]
)
async def test_what_makes_no_sense_is_the_present_time(
    anonymous: Person, camera: Camera, query: str
) -> None:
    page = await anonymous.get(f"{await make_embed(camera)}{FORECAST}&{query}")
    assert text_of(page, ".embed-chosen") == "金曜日 13:00"


@pytest.mark.parametrize(("shows", "other"), [("picture", "forecast"), ("forecast", "picture")])
async def test_the_other_side_is_there_only_if_it_was_chosen(
    anonymous: Person, camera: Camera, shows: str, other: str
) -> None:
    path = await make_embed(camera, shows=shows, first=shows)
    for query in ("", f"?view={other}", "?view=%00"):
        page = await anonymous.get(path + query)
        assert f"is-{shows}" in one(page, "#shown")["class"]
        assert not parsed(page).select("[data-go=switch]")
    if shows == "forecast":
        for form in (".jpg", ".json", "", "/part"):
            assert "/pictures/" not in (await anonymous.get(path + form)).text


async def test_the_first_view_and_the_refresh_follow_the_options(
    anonymous: Person, camera: Camera
) -> None:
    path = await make_embed(camera, first="forecast", refreshes=True)
    page = await anonymous.get(path)
    assert one(page, "#shown")["data-refresh"] == "900", "what is usual changes with the quarter"
    tapped = await anonymous.get(path + _leads(page, "day-1"))
    assert one(tapped, "#shown")["data-refresh"] == "0"
    picture = await anonymous.get(path + _leads(page, "switch"))
    shown = one(picture, "#shown")
    assert shown["data-refresh"] == "60"
    assert shown["data-src"] == f"{path}/part?view=picture"
    assert not parsed(picture).select("[data-go=reload]")


async def test_without_refresh_a_button_shows_the_newest_picture(
    anonymous: Person, camera: Camera
) -> None:
    path = await make_embed(camera, first="forecast", refreshes=False)
    page = await anonymous.get(path)
    query = parse_qs(urlsplit(_leads(page, "reload")).query)
    assert query["view"] == ["picture"]
    assert one(page, "#shown")["data-refresh"] == "0"


async def test_over_quota_no_graph_is_shown(
    anonymous: Person, camera: Camera, organisation: Organisation
) -> None:
    path = await make_embed(camera)
    await LicenceChange.create(
        organisation=organisation, effective_on="2020-01-01", cameras=1, made_at=NOW
    )
    await anonymous.get(path)
    await CallMonth.all().update(calls=10_000)
    page = await anonymous.get(path + FORECAST)
    assert "over-quota.svg" in str(one(page, ".sight img")["src"])
    assert "表示回数に達しました" in text_of(page, ".sight-note")
    assert not parsed(page).select(".embed-bars")
    assert "over-quota" in (await anonymous.get(f"{path}.jpg{FORECAST}")).headers["location"]


async def test_a_suspended_place_tells_nothing(
    anonymous: Person, camera: Camera, organisation: Organisation
) -> None:
    path = await make_embed(camera)
    await Organisation.filter(id=organisation.id).update(suspended_at=NOW)
    page = await anonymous.get(path + FORECAST)
    assert "現在表示できません" in text_of(page, ".sight-note")
    assert not parsed(page).select(".embed-bars")
    assert await _calls() == 0


async def test_as_a_picture_and_as_data(anonymous: Person, camera: Camera) -> None:
    path = await make_embed(camera)
    image = await anonymous.get(f"{path}.jpg{FORECAST}")
    assert image.headers["content-type"] == "image/svg+xml"
    assert "<a " not in image.text
    assert "style" not in image.text, "no style sheet reaches it, and none may stand in it"
    data = (await anonymous.get(f"{path}.json{FORECAST}")).json()
    assert len(data["weekdays"]) == 7
    assert data["weekdays"][FRIDAY][16] == {"time": "13:00", "share": 100, "state": "busy"}
    assert await _calls() == 2


async def test_a_preview_leads_to_itself_and_costs_nothing(alice: Person, camera: Camera) -> None:
    base = f"/cameras/{camera.public_id}/embed/preview"
    page = await alice.get(f"{base}?form=free&counts=1&shows=both&first=forecast")
    assert parsed(page).select(".embed-bars")
    for go in ("day-1", "switch"):
        query = _leads(page, go)
        assert "form=free" in query
        part = await alice.get(f"{one(page, '#shown')['data-part']}{query[1:]}")
        assert part.status_code == 200
        assert "<html" not in part.text
        assert (await alice.get(base + query)).status_code == 200
    assert await _calls() == 0


async def test_a_graph_of_a_whole_day_is_a_small_page(anonymous: Person, camera: Camera) -> None:
    """The first view of the heaviest graph with all that it loads, unpacked: 40 KB at most."""
    means = np.full((7, 96), 5, "<f4").tobytes()
    await CameraForecast.filter(camera_id=camera.id).update(means=means)
    page = await anonymous.get(await make_embed(camera) + FORECAST)
    assert len(parsed(page).select(".embed-bars a")) == 96
    loads = [str(tag.get("href") or tag.get("src")) for tag in parsed(page).select("link, script")]
    files = [path for path in loads if path.startswith("/")]
    assert len(files) == 2, "with the page itself three requests"
    size = len(page.content) + sum([len((await anonymous.get(path)).content) for path in files])
    assert size <= 40 * 1024, size
