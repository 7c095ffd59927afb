"""A generated site as the public sees it: what is shown, what is counted, and its end (E4)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
import time_machine
from starlette.applications import Starlette
from tortoise.exceptions import OperationalError

from tests.builders import TELLTALE, lost, make_camera, make_group
from tests.html import one, parsed, text_of
from tests.people import ORIGIN, Person
from tests.sites.conftest import group_of, make_site
from webapp.embeds.shown import Displays
from webapp.embeds.visitors import Shares
from webapp.errors import TemporaryFailure
from webapp.models import (
    CallCount,
    CallMonth,
    Camera,
    CameraGroup,
    CameraGroupMember,
    Latest,
    LicenceChange,
    Organisation,
    Site,
)
from webapp.organisations.saving import store_logo
from webapp.services import Services
from webapp.sites import site_routes
from webapp.sites.shown import SiteDisplay

FORMS = ("", "/part", "/signage", "/signage/part")
LINK = {"placement": "above", "link_title": "クーポン", "link_url": "https://a.jp/coupon"}

pytestmark = pytest.mark.usefixtures("_read_anew")


class Clock:
    """A monotonic clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


async def test_every_form_shows_every_camera_and_counts_one_each(
    anonymous: Person, group: CameraGroup
) -> None:
    path = await make_site(group)
    for number, form in enumerate(FORMS, 1):
        page = await anonymous.get(f"{path}{form}")
        assert [h2.text for h2 in parsed(page).select("h2")] == ["売場1", "売場2", "売場3"]
        assert len(parsed(page).select(".sight img[src^='/pictures/masked/']")) == 3
        assert [count.text for count in parsed(page).select(".embed-count")] == [
            "約4人",
            "約5人",
            "約6人",
        ]
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers
        assert not parsed(page).select("style, [style], script:not([src])")
        assert await _calls() == 3 * number
    site = await Site.get()
    assert [(row.key, row.calls) for row in await CallCount.all()] == [(site.key, 12)]
    assert len(site.key) * 6 >= 128


async def test_the_usage_names_the_site(
    alice: Person, anonymous: Person, group: CameraGroup
) -> None:
    path = await make_site(group)
    await anonymous.get(path)
    for state in ("", "以前の鍵"):
        row = text_of(await alice.get("/licences/usage"), "tbody tr:has(td[data-label='種類'])")
        assert "駅前" in row
        assert "WEBサイト" in row
        assert state in row
        await Site.all().delete()


async def test_a_picture_of_a_page_is_paid_with_the_page(
    anonymous: Person, group: CameraGroup
) -> None:
    page = await anonymous.get(await make_site(group))
    for image in parsed(page).select(".sight img"):
        assert (await anonymous.get(str(image["src"]))).headers["content-type"] == "image/jpeg"
    first = one(page, "link[rel=preload]")
    assert first["href"] == parsed(page).select(".sight img")[0]["src"]
    assert await _calls() == 3


async def test_a_first_view_of_twelve_cameras_is_small(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    await Organisation.filter(id=organisation.id).update(colour="#1a5fb4")
    group = await group_of(services, organisation, 12)
    path = await make_site(group, link_text="本日限り", **LINK)
    page = await anonymous.get(path)
    head = parsed(page)
    files = [str(link["href"]) for link in head.select("link[rel=stylesheet], link[rel=icon]")]
    files += [str(script["src"]) for script in head.select("script")]
    size = len(page.content)
    for file in files:
        assert file.startswith("/")
        size += len((await anonymous.get(file)).content)
    assert await _calls() == 12
    assert len(files) == 5
    assert size <= 60_000, f"{size} bytes before any of them is compressed"


@pytest.mark.parametrize("form", FORMS)
async def test_statements_do_not_grow_with_the_cameras(
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    caplog: pytest.LogCaptureFixture,
    form: str,
) -> None:
    caplog.set_level("DEBUG", "tortoise.db_client")
    numbers = []
    for number in (2, 9):
        path = await make_site(await group_of(services, organisation, number))
        await anonymous.get(f"{path}{form}")
        caplog.clear()
        assert (await anonymous.get(f"{path}{form}")).status_code == 200
        numbers.append(len(caplog.records))
    assert numbers[0] == numbers[1]
    assert 0 < numbers[0] <= 16


async def test_each_camera_stands_by_itself(
    anonymous: Person, services: Services, organisation: Organisation, group: CameraGroup
) -> None:
    closed, away, _ = [row.camera_id for row in await CameraGroupMember.all().order_by("position")]
    await Camera.filter(id=closed).update(is_open=False)
    await Latest.filter(camera_id=away).update(**lost(minutes=20))
    path = await make_site(group)
    page = await anonymous.get(path)
    words = [word.text for word in parsed(page).select(".state-word")]
    assert words == ["営業時間外", "不明", "解析済み"]
    assert await _calls() == 1, "what is no picture of now costs nothing"


async def test_with_the_count_off_no_form_holds_a_number(
    anonymous: Person, group: CameraGroup
) -> None:
    await Latest.all().update(count=TELLTALE, good_count=TELLTALE)
    path = await make_site(group, counts=False)
    for form in FORMS:
        assert str(TELLTALE) not in (await anonymous.get(f"{path}{form}")).text


async def test_over_quota_the_first_pictures_go_on_until_none_is_left(
    anonymous: Person, organisation: Organisation, group: CameraGroup
) -> None:
    path = await make_site(group)
    await LicenceChange.create(
        organisation=organisation, effective_on="2020-01-01", cameras=3, made_at=datetime.now(UTC)
    )
    await anonymous.get(path)
    await CallMonth.all().update(calls=30_000 - 2)
    for shown in (2, 0):
        page = await anonymous.get(path)
        assert page.text.count("/pictures/masked/") - (shown > 0) == shown  # one is preloaded
        assert len(parsed(page).select("img[src*=over-quota]")) == 3 - shown
        assert len(parsed(page).select(".embed-count")) == 3, "the words go on"
        assert await _calls() == 30_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Purpose": "prefetch;prerender"}, 503),
        ({"Purpose": "prefetch"}, 503),
        ({"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, 200),
    ],
)
async def test_who_does_not_look_pays_nothing(
    anonymous: Person, group: CameraGroup, headers: dict[str, str], status: int
) -> None:
    path = await make_site(group)
    for form in FORMS:
        answer = await anonymous.get(f"{path}{form}", headers=headers)
        assert answer.status_code == status
        assert (await anonymous.head(f"{path}{form}")).status_code == 200
    assert await _calls() == 0


async def test_an_address_beyond_its_share_is_told_to_wait_and_pays_nothing(
    anonymous: Person, services: Services, group: CameraGroup
) -> None:
    path = await make_site(group)
    share = services.settings.embed_views_a_minute
    with time_machine.travel(datetime.now(UTC), tick=False):  # no new minute begins meanwhile
        assert services.embeds.shares.take("127.0.0.1", share - 3)
        assert (await anonymous.get(path)).status_code == 200
        assert (await anonymous.get(path)).status_code == 429
    assert await _calls() == 3


async def test_a_site_larger_than_a_share_is_seen_once_a_minute(
    app: Starlette, anonymous: Person, group: CameraGroup
) -> None:
    services = app.state.services
    app.state.services = replace(services, embeds=replace(services.embeds, shares=Shares(2)))
    path = await make_site(group)
    with time_machine.travel(datetime.now(UTC), tick=False):
        assert (await anonymous.get(path)).status_code == 200
        assert (await anonymous.get(path)).status_code == 429
    assert await _calls() == 3


@pytest.mark.parametrize("key", ["x", "k" * 32, "%00" * 22, "あ" * 22, "a" * 4000])
async def test_what_is_no_key_is_not_found(anonymous: Person, key: str) -> None:
    for form in (*FORMS, "/card.png", "/logo.png"):
        assert (await anonymous.get(f"/s/{key}{form}")).status_code == 404


@pytest.mark.parametrize("gone", ["site", "group"])
async def test_with_the_site_or_its_group_everything_is_gone_a_second_later(
    app: Starlette, anonymous: Person, group: CameraGroup, gone: str
) -> None:
    clock = Clock()
    sites: Displays[SiteDisplay] = Displays(clock)
    sites.FRESH = 1.0  # as it is without the fixture above
    services = app.state.services
    desk = replace(services.embeds, sites=sites)
    app.state.services = replace(services, embeds=desk)
    path = await make_site(group)
    assert (await anonymous.get(path)).status_code == 200
    await (Site.all() if gone == "site" else CameraGroup.filter(id=group.id)).delete()
    assert (await anonymous.get(f"{path}/card.png")).status_code == 404
    clock.now += 1.0
    for form in FORMS:
        assert (await anonymous.get(f"{path}{form}")).status_code == 404


async def test_a_group_without_cameras_says_so(
    anonymous: Person, organisation: Organisation
) -> None:
    path = await make_site(await make_group(organisation, "駅前", []))
    for form in FORMS:
        page = await anonymous.get(f"{path}{form}")
        assert "表示するカメラはまだありません" in text_of(page, ".no-cameras:not([id])")
    assert await _calls() == 0


async def test_fifty_cameras_are_shown(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    path = await make_site(await group_of(services, organisation, 50))
    page = await anonymous.get(path)
    assert len(parsed(page).select("section.shown")) == 50
    assert await _calls() == 50
    screens = {
        str(card["data-screen"])
        for card in parsed(await anonymous.get(f"{path}/signage")).select("section.shown")
    }
    assert screens == {"0", "1", "2", "3", "4"}


@pytest.mark.parametrize("placement", ["above", "below", "button", "none"])
@pytest.mark.parametrize("text", ["", "本日限り"])
async def test_the_external_link_stands_where_it_was_put(
    anonymous: Person, group: CameraGroup, placement: str, text: str
) -> None:
    path = await make_site(group, **{**LINK, "placement": placement, "link_text": text})
    page = parsed(await anonymous.get(path))
    panels = page.select(".link-panel")
    assert len(panels) == (placement != "none")
    if not panels:
        return
    link = panels[0].select_one(".link-title a")
    assert link is not None
    assert link["href"] == "https://a.jp/coupon"
    assert "noopener" in link["rel"]
    assert link.text == "クーポン"
    is_below = bool(page.select(".cameras ~ .link-panel"))
    assert is_below == (placement == "below")
    codes = panels[0].select(".link-code svg")
    assert len(codes) == (placement in {"above", "below"})
    # Without a description the code stands inside the title's frame.
    assert len(panels[0].select(".link-title .link-code")) == len(codes) * (not text)


async def test_without_auto_refresh_there_is_a_button(
    anonymous: Person, group: CameraGroup
) -> None:
    path = await make_site(group, refreshes=False)
    page = await anonymous.get(path)
    assert one(page, "#cameras")["data-refresh"] == "0"
    buttons = parsed(page).select("a[data-renew]")
    assert [button["href"] for button in buttons] == ["?view=picture"] * 2, (
        "wide, and folded on a phone"
    )
    screen = await anonymous.get(f"{path}/signage")
    assert int(str(one(screen, "#cameras")["data-refresh"])) > 0, "a screen has no button"
    assert not parsed(screen).select("a[data-renew], button, details")


async def test_a_screen_sleeps_while_every_camera_is_closed(
    anonymous: Person, group: CameraGroup
) -> None:
    path = f"{await make_site(group)}/signage"
    assert one(await anonymous.get(path), "#cameras")["data-sleep"] == "0"
    opening = datetime.now(UTC) + timedelta(seconds=700)
    await Camera.all().update(is_open=False, opening_changes_at=opening)
    before = await _calls()
    page = await anonymous.get(path)
    assert 600 < int(str(one(page, "#cameras")["data-sleep"])) <= 700
    assert f'content="{one(page, "#cameras")["data-sleep"]}"' in page.text, "without script, too"
    assert await _calls() == before
    await Camera.filter(name="売場1").update(is_open=True)
    assert one(await anonymous.get(path), "#cameras")["data-sleep"] == "0"


async def test_what_others_show_of_the_address(
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    group: CameraGroup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    white = bytes(cv2.imencode(".png", np.full((40, 90, 3), 200, np.uint8))[1])
    logo = await store_logo(services, organisation, white)
    await Organisation.filter(id=organisation.id).update(colour="#c01c28", logo=logo)
    path = await make_site(group)
    page = await anonymous.get(path)
    meta = {
        str(tag.get("property")): str(tag["content"])
        for tag in parsed(page).select("meta[property]")
    }
    assert meta["og:title"] == "駅前のにぎわい"
    assert meta["og:image"] == f"{ORIGIN}{path}/card.png"
    assert one(page, "link[rel=canonical]")["href"] == f"{ORIGIN}{path}"
    card = await anonymous.get(meta["og:image"])
    pixels = cv2.imdecode(np.frombuffer(card.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (630, 1200, 3)
    assert pixels[5, 5].tolist() == [0x28, 0x1C, 0xC0], "the organisation's colour"
    assert pixels[530, 1000].tolist() == [200, 200, 200], "its logo"
    assert card.headers["cache-control"] == "public, max-age=300"
    shown = await anonymous.get(str(one(page, ".site-logo")["src"]))
    assert shown.content.startswith(b"\x89PNG")
    css = await anonymous.get("/colours/c01c28.css")
    assert css.text == ":root{--brand:#c01c28;--on-brand:#ffffff}\n"
    assert await _calls() == 3

    def away(*_: object) -> None:
        raise TemporaryFailure("The picture store answers nothing.")

    monkeypatch.setattr(type(services.storage), "get_sync", away)
    for form in ("/card.png", "/logo.png"):
        answer = await anonymous.get(path + form)
        assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store"), form


@pytest.mark.parametrize("colour", ["red", "c01c2", "c01c28;}", "%3Cscript%3E", "C01C28G", "あ"])
async def test_what_is_no_colour_is_no_style_sheet(anonymous: Person, colour: str) -> None:
    assert (await anonymous.get(f"/colours/{colour}.css")).status_code == 404


async def test_the_browser_says_in_which_language(anonymous: Person, group: CameraGroup) -> None:
    page = await anonymous.get(await make_site(group), headers={"Accept-Language": "en"})
    assert one(page, "html")["lang"] == "en"
    assert parsed(page).select(".embed-count")[0].text == "about 4 people"
    assert not re.search("[ぁ-ん]", text_of(page, "footer"))


async def test_while_the_database_is_away_the_last_page_is_shown_as_of_then(
    anonymous: Person, group: CameraGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await make_site(group)
    await anonymous.get(path)

    async def away(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(site_routes, "load", away)
    page = await anonymous.get(path)
    assert page.status_code == 200
    assert {word.text for word in parsed(page).select(".state-word")} == {"不明"}
    assert "/pictures/" not in page.text


async def test_a_stopped_organisation_shows_nothing(
    anonymous: Person, organisation: Organisation, group: CameraGroup
) -> None:
    path = await make_site(group)
    await Organisation.filter(id=organisation.id).update(suspended_at=datetime.now(UTC))
    page = await anonymous.get(path)
    assert {note.text for note in parsed(page).select(".sight-note")} == {"現在表示できません。"}
    assert "/pictures/" not in page.text
    assert await _calls() == 0


async def test_a_camera_elsewhere_is_not_on_it(
    anonymous: Person, organisation: Organisation, group: CameraGroup
) -> None:
    await make_camera(organisation, "倉庫")
    assert "倉庫" not in (await anonymous.get(await make_site(group))).text
