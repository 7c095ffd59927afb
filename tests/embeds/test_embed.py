"""An embed in all its forms: what is shown, what is counted, who may frame it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from tortoise.exceptions import OperationalError

from tests.builders import (
    TELLTALE,
    counted,
    lost,
    make_camera,
    make_embed,
    make_group,
    make_masked,
)
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.embeds import embed_routes
from webapp.embeds.shown import Displays
from webapp.models import (
    CallCount,
    CallMonth,
    Camera,
    EmbedKey,
    Latest,
    LicenceChange,
    Organisation,
)
from webapp.services import Services


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change rows within the second for which a reading serves."""
    monkeypatch.setattr(Displays, "FRESH", 0.0)


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


async def _seen_camera(services: Services, organisation: Organisation, count: int = 12) -> Camera:
    camera = await make_camera(organisation, latest=counted(count))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    return camera


async def test_page_part_picture_and_data_say_the_same_and_count_one_each(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    page = await anonymous.get(path)
    assert "解析済み" in text_of(page, ".state-word")
    assert text_of(page, ".embed-count") == "約12人"
    assert one(page, "#shown")["data-src"] == f"{path}/part"
    picture = await anonymous.get(str(one(page, ".sight img")["src"]))
    assert picture.headers["content-type"] == "image/jpeg"
    assert await _calls() == 1, "the picture of a page is paid with the page"
    part = await anonymous.get(f"{path}/part")
    assert one(part, "#shown") == one(page, "#shown")
    image = await anonymous.get(f"{path}.jpg")
    assert image.status_code == 302
    assert (await anonymous.get(image.headers["location"])).content == picture.content
    data = (await anonymous.get(f"{path}.json")).json()
    assert (data["count"], data["state"], data["is_at_least"]) == (12, "done", False)
    assert await _calls() == 4
    key = await EmbedKey.get()
    assert [(row.key, row.calls) for row in await CallCount.all()] == [(key.key, 4)]
    for answer in (page, part, image):
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
    assert not parsed(page).select(
        "style, [style], script:not([src], [type='application/ld+json'])"
    )


async def test_with_the_count_off_no_form_holds_the_number(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    camera = await _seen_camera(services, organisation, TELLTALE)
    path = await make_embed(camera, counts=False)
    for form in ("", "/part", ".json", "?counts=1"):
        answer = await anonymous.get(f"{path}{form}")
        assert answer.status_code == 200
        assert str(TELLTALE) not in answer.text
    assert "count" not in (await anonymous.get(f"{path}.json")).json()


@pytest.mark.parametrize("latest", [lost(minutes=20), {}], ids=["unknown", "waiting"])
async def test_what_is_no_picture_of_now_costs_nothing(
    anonymous: Person, organisation: Organisation, latest: dict[str, object]
) -> None:
    path = await make_embed(await make_camera(organisation, latest=latest))
    for form in ("", "/part", ".jpg", ".json"):
        assert (await anonymous.get(f"{path}{form}")).status_code in {200, 302}
    assert await _calls() == 0


async def test_a_closed_camera_shows_so_and_costs_nothing(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    camera = await _seen_camera(services, organisation)
    await Camera.filter(id=camera.id).update(is_open=False)
    page = await anonymous.get(await make_embed(camera))
    assert "closed-ja.svg" in str(one(page, ".sight img")["src"])
    assert "営業時間外" in text_of(page, ".state-word")
    assert not parsed(page).select(".embed-count")
    assert await _calls() == 0


async def test_over_quota_the_words_go_on_without_the_picture(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    await LicenceChange.create(
        organisation=organisation,
        effective_on="2020-01-01",
        cameras=1,
        made_at=datetime.now(UTC),
    )
    assert (await anonymous.get(path)).status_code == 200
    await CallMonth.all().update(calls=10_000)
    for form in ("", "/part"):
        page = await anonymous.get(f"{path}{form}")
        assert "over-quota.svg" in str(one(page, ".sight img")["src"])
        assert "今月の画像の表示回数に達しました" in text_of(page, ".sight-note")
        assert text_of(page, ".embed-count") == "約12人"
        assert "/pictures/" not in page.text
    assert "over-quota" in (await anonymous.get(f"{path}.jpg")).headers["location"]
    assert (await anonymous.get(f"{path}.json")).json()["picture"] is None
    assert await _calls() == 10_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Purpose": "prefetch;prerender"}, 503),
        ({"Purpose": "prefetch"}, 503),
        ({"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, 200),
    ],
)
async def test_who_does_not_look_pays_nothing(
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    headers: dict[str, str],
    status: int,
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    assert (await anonymous.get(path, headers=headers)).status_code == status
    assert (await anonymous.head(path)).status_code == 200
    assert await _calls() == 0


async def test_beyond_its_share_an_address_is_told_to_wait_and_pays_nothing(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    with time_machine.travel(datetime.now(UTC), tick=False):  # no new minute begins meanwhile
        for _ in range(services.settings.embed_views_a_minute - 1):
            assert services.embeds.shares.take("127.0.0.1")
        assert (await anonymous.get(path)).status_code == 200
        assert (await anonymous.get(path)).status_code == 429
    assert await _calls() == 1


@pytest.mark.parametrize(
    "path", ["x/y", "k" * 32 + "/" + "v" * 10, "%00/%00", "あ/い", "a" * 4000 + "/b"]
)
async def test_what_is_no_key_is_not_found(anonymous: Person, path: str) -> None:
    for form in ("", "/part", ".jpg", ".json"):
        assert (await anonymous.get(f"/e/{path}{form}")).status_code == 404


async def test_an_unknown_variant_of_a_key_is_not_found(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    assert (await anonymous.get(path[:-10] + "zzzzzzzzzz")).status_code == 404
    assert (await anonymous.get(path[:-1])).status_code == 404


async def test_allowed_sites_alone_may_frame(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    camera = await _seen_camera(services, organisation)
    path = await make_embed(camera, sites=["https://a.jp", "https://b.jp"])
    policy = (await anonymous.get(path)).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://a.jp https://b.jp")


async def test_a_group_shows_its_sum_under_the_default_camera(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    first = await _seen_camera(services, organisation, 4)
    second = await make_camera(organisation, "裏口", latest=counted(5))
    third = await make_camera(organisation, "横", latest=lost(minutes=20))
    group = await make_group(organisation, "駅前", [first, second, third])
    path = await make_embed(group)
    page = await anonymous.get(path)
    assert "駅前の混雑状況" in text_of(page, "title")
    assert text_of(page, ".embed-count") == "9人以上"
    assert first.public_id in str(one(page, ".sight img")["src"])
    assert (await anonymous.get(f"{path}.json")).json()["is_at_least"] is True
    await group.delete()
    assert (await anonymous.get(path)).status_code == 404


async def test_the_language_is_the_embeds_or_the_browsers(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    english = {"Accept-Language": "en"}
    camera = await _seen_camera(services, organisation, 1)
    page = await anonymous.get(await make_embed(camera), headers=english)
    assert one(page, "html")["lang"] == "en"
    assert text_of(page, ".embed-count") == "about 1 person"
    await EmbedKey.all().delete()
    path = await make_embed(camera, language="ja")
    page = await anonymous.get(path, headers=english)
    assert one(page, "html")["lang"] == "ja"


async def test_while_the_database_is_away_the_last_state_is_shown_as_of_then(
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = await make_embed(await _seen_camera(services, organisation))
    assert text_of(await anonymous.get(path), ".embed-count") == "約12人"

    async def away(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(embed_routes, "load", away)
    page = await anonymous.get(path)
    assert page.status_code == 200
    assert "不明" in text_of(page, ".state-word")
    assert "最終" in text_of(page, ".embed-time")
    assert "/pictures/" not in page.text
    assert not parsed(page).select(".embed-count")
    monkeypatch.undo()
    assert await _calls() == 1
