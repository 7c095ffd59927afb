"""The public page: whoever has the key may look, and sees no more than was switched on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import counted, lost, make_camera, make_masked, publish
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.models import Latest, Organisation, PublicPage
from webapp.services import Services


async def test_anybody_with_the_key_sees_picture_word_number_and_time(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(12))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    public = await publish(camera)
    page = await anonymous.get(f"/p/{public.key}")
    assert text_of(page, "h1") == "正面入口"
    assert text_of(page, ".count-value") == "12 人"
    assert "解析済み" in text_of(page, ".state")
    picture = await anonymous.get(str(one(page, "#live img")["src"]))
    assert picture.headers["content-type"] == "image/jpeg"
    assert "set-cookie" not in page.headers
    assert "set-cookie" not in picture.headers
    assert one(page, ".reload")["href"] == f"/p/{public.key}"


async def test_with_the_count_off_no_form_holds_the_number(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(8712))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    public = await publish(camera, shows_count=False)
    for path in (f"/p/{public.key}", f"/p/{public.key}/live", "/healthz"):
        answer = await anonymous.get(path)
        assert answer.status_code == 200
        assert "8712" not in answer.text
        assert "8712" not in str(answer.headers)


async def test_the_fragment_is_the_very_part_of_the_page(
    anonymous: Person, organisation: Organisation
) -> None:
    public = await publish(await make_camera(organisation, latest=counted()))
    page = await anonymous.get(f"/p/{public.key}")
    fragment = await anonymous.get(f"/p/{public.key}/live")
    assert one(page, "#live") == one(fragment, "#live")
    assert not parsed(page).select("style, [style], script:not([src])")


async def test_unknown_says_so_with_the_last_good_time(
    anonymous: Person, organisation: Organisation
) -> None:
    public = await publish(await make_camera(organisation, latest=lost(minutes=20)))
    page = await anonymous.get(f"/p/{public.key}")
    assert "不明" in text_of(page, ".state-unknown")
    assert "最終" in text_of(page, ".state-time")
    assert text_of(page, ".count-value") == "— 不明"
    assert "unknown.svg" in str(one(page, "#live img")["src"])


async def test_an_old_picture_is_not_shown_as_of_now(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    old = counted(5, datetime.now(UTC) - timedelta(minutes=6))
    camera = await make_camera(organisation, latest=old)
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    page = await anonymous.get(f"/p/{(await publish(camera)).key}")
    assert "masked/" not in page.text
    assert "不明" in text_of(page, ".state")


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "%00", "あ", "a" * 4000])
async def test_an_unknown_key_is_not_found(anonymous: Person, key: str) -> None:
    for tail in ("", "/live"):
        assert (await anonymous.get(f"/p/{key}{tail}")).status_code == 404


async def test_the_browser_chooses_the_language_even_for_members(
    alice: Person, anonymous: Person, organisation: Organisation
) -> None:
    public = await publish(await make_camera(organisation, latest=counted(1)))
    for person in (alice, anonymous):
        page = await person.get(f"/p/{public.key}", headers={"Accept-Language": "en-GB,ja;q=0.1"})
        assert one(page, "html")["lang"] == "en"
        assert text_of(page, ".count-value") == "1 person"
        page = await person.get(f"/p/{public.key}", headers={"Accept-Language": "fr"})
        assert one(page, "html")["lang"] == "ja"


async def test_an_admin_makes_changes_and_deletes_the_page(
    alice: Person, anonymous: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted())
    path = f"/cameras/{camera.public_id}/public-page"
    await alice.send_form(path, shows_count="1")
    first = await PublicPage.get()
    assert first.shows_count
    page = await alice.get(f"/cameras/{camera.public_id}")
    assert str(one(page, "#public-address")["value"]).endswith(f"/p/{first.key}")
    await alice.send_form(path)
    assert not (await PublicPage.get()).shows_count
    assert (await PublicPage.get()).key == first.key
    await alice.send_form(f"{path}/delete")
    assert (await anonymous.get(f"/p/{first.key}")).status_code == 404
    await alice.send_form(path, shows_count="1")
    assert (await PublicPage.get()).key != first.key


async def test_nobody_else_may(bob: Person, charlie: Person, organisation: Organisation) -> None:
    camera = await make_camera(organisation)
    path = f"/cameras/{camera.public_id}/public-page"
    assert (await bob.send_form(path)).status_code == 403
    assert (await charlie.send_form(path)).status_code == 404
    assert not await PublicPage.exists()
    public = await publish(camera)
    assert (await bob.send_form(f"{path}/delete")).status_code == 403
    assert (await charlie.send_form(f"{path}/delete")).status_code == 404
    assert await PublicPage.exists(key=public.key)
    page = await bob.get(f"/cameras/{camera.public_id}")
    assert not parsed(page).select("#public-page form")
