"""The public page: what it says of a picture that is as it should be, and of all others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from joserfc.jwk import OKPKey
from nigiwai_engine_api import PictogramStyle

from tests.builders import counted, make_camera, make_embed, make_group, make_variant, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from tests.verification.conftest import Made, crowd, make_picture
from webapp.domain import masking
from webapp.domain.manifests import Manifest, pack, read_signed
from webapp.models import (
    Background,
    Camera,
    CameraGroupMember,
    EmbedVariant,
    KeptBackground,
    Latest,
    Organisation,
    PictureKey,
    PictureManifest,
    Site,
)
from webapp.services import Services
from webapp.verification.keys import KEPT, retire_keys
from webapp.verification.links import verify_path
from webapp.verification.signing import is_signed, sign, signature_of

_WIDE = {ord("0") + digit: ord("０") + digit for digit in range(10)}
FILES = ("manifest.json", "keys.json", "background.png", "picture.jpg", "redrawn.jpg")


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    """One that is published."""
    camera = await make_camera(organisation)
    await make_embed(camera)
    return camera


async def outcomes(person: Person, path: str) -> dict[str, str]:
    """How each step ended, by its title."""
    page = await person.get(path)
    assert page.status_code == 200, page.text[:500]
    return {
        text_of_tag(step.select_one("strong")): step["class"][-1].removeprefix("step-")
        for step in parsed(page).select(".step")
    }


def text_of_tag(tag: object) -> str:
    return tag.get_text(strip=True)  # type: ignore[attr-defined, no-any-return]


async def verdict(person: Person, path: str) -> str:
    page = await person.get(path)
    return str(one(page, ".verdict")["class"][-1]).removeprefix("verdict-")


@pytest.mark.parametrize("style", list(PictogramStyle))
async def test_a_picture_is_verified_for_whoever_asks(
    anonymous: Person, services: Services, camera: Camera, style: PictogramStyle
) -> None:
    made = await make_picture(services, camera, crowd(4), style)
    assert await outcomes(anonymous, made.path) == dict.fromkeys(
        ("署名", "カメラと時刻", "背景", "画素", "公開されたファイル"), "passed"
    )
    page = await anonymous.get(made.path)
    assert text_of(page, "h1") == "この画像は、背景と人型のマークだけで描かれています"
    assert "4個" in text_of(page, ".facts")
    assert "標準 1.0.0" in text_of(page, ".facts")
    assert camera.name not in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    assert not parsed(page).select("style, [style], script:not([src])")
    for name in FILES:
        answer = await anonymous.get(f"{made.path}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == "no-store"
    english = await anonymous.get(made.path, headers={"Accept-Language": "en"})
    assert "drawn from the background" in text_of(english, "h1")


async def test_with_nobody_on_it_it_says_so(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera, crowd(0))
    assert await verdict(anonymous, made.path) == "verified"
    assert "なし（背景だけの画像です）" in text_of(await anonymous.get(made.path), ".facts")


async def test_the_files_are_what_is_needed_to_check_it_elsewhere(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    manifest, text = read_signed((await anonymous.get(f"{made.path}/manifest.json")).content)
    keys = json.loads((await anonymous.get(f"{made.path}/keys.json")).content)["keys"]
    assert manifest == made.manifest
    assert [key["kid"] for key in keys] == [manifest.key]
    assert "d" not in keys[0]
    signature = signature_of(manifest, text)
    assert signature is not None
    assert is_signed(manifest, signature, keys[0]["x"])
    assert (await anonymous.get(f"{made.path}/background.png")).content == made.background
    assert (await anonymous.get(f"{made.path}/picture.jpg")).content == made.jpeg


async def test_after_its_file_is_gone_it_is_verified_all_the_same(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    await services.storage.delete([_file(made)])
    assert await verdict(anonymous, made.path) == "verified"
    assert (await outcomes(anonymous, made.path))["公開されたファイル"] == "open"
    assert (await anonymous.get(f"{made.path}/picture.jpg")).status_code == 404
    assert (await anonymous.get(f"{made.path}/redrawn.jpg")).status_code == 200


async def test_a_tampered_file_fails(anonymous: Person, services: Services, camera: Camera) -> None:
    made = await make_picture(services, camera)
    changed = bytearray(made.jpeg)
    changed[len(changed) // 2] ^= 1
    await services.storage.put(_file(made), bytes(changed))
    assert await verdict(anonymous, made.path) == "failed"
    assert (await outcomes(anonymous, made.path))["公開されたファイル"] == "failed"


async def test_a_tampered_background_fails(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    row = await Background.get(camera=camera)
    other = await asyncio.to_thread(picture, 320, 240, ".png", 7)
    await services.storage.put(row.picture, other)
    assert await verdict(anonymous, made.path) == "failed"
    assert await outcomes(anonymous, made.path) == {
        "署名": "passed",
        "カメラと時刻": "passed",
        "背景": "failed",
        "画素": "open",
        "公開されたファイル": "passed",
    }


async def test_tampered_figures_fail(anonymous: Person, services: Services, camera: Camera) -> None:
    made = await make_picture(services, camera)
    await _keep(made, replace(made.manifest, figures=made.manifest.figures[1:]))
    assert await outcomes(anonymous, made.path) == {
        "署名": "failed",
        "カメラと時刻": "passed",
        "背景": "passed",
        "画素": "failed",
        "公開されたファイル": "failed",
    }


async def test_a_manifest_that_another_key_signed_fails(
    anonymous: Person, services: Services, camera: Camera, organisation: Organisation
) -> None:
    """Be it anybody's, another camera's, or one that only says it is the camera's."""
    made = await make_picture(services, camera)
    other = await make_picture(services, await make_camera(organisation, "裏口"))
    stranger = OKPKey.generate_key("Ed25519", auto_kid=True)
    for kid in (str(stranger.kid), other.manifest.key, made.manifest.key):
        forged = replace(made.manifest, key=kid)
        await _keep(made, forged, sign(forged, stranger.private_key))  # type: ignore[arg-type]
        assert await verdict(anonymous, made.path) == "failed"
        assert (await outcomes(anonymous, made.path))["署名"] == "failed"


async def test_the_manifest_of_another_camera_or_minute_fails(
    anonymous: Person, services: Services, camera: Camera, organisation: Organisation
) -> None:
    made = await make_picture(services, camera)
    earlier = await make_picture(services, camera, age=timedelta(minutes=9))
    other = await make_picture(services, await make_camera(organisation, "裏口"))
    for replayed in (earlier, other):
        await _keep(made, replayed.manifest, replayed.signed.signature)
        assert await verdict(anonymous, made.path) == "failed"
        assert (await outcomes(anonymous, made.path))["カメラと時刻"] == "failed"
        for name in ("manifest.json", "background.png", "picture.jpg", "redrawn.jpg"):
            assert (await anonymous.get(f"{made.path}/{name}")).status_code == 404
    await PictureManifest.filter(camera=camera).update(packed=b"\x01nonsense")
    assert await verdict(anonymous, made.path) == "failed"
    assert (await anonymous.get(f"{made.path}/manifest.json")).status_code == 404


async def test_a_style_of_before_is_no_forgery(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    key = await PictureKey.get(camera=camera)
    private = OKPKey.import_key(_unsealed(services, key.sealed)).private_key
    older = replace(made.manifest, style_version=masking.STYLE_VERSION + 1)
    await _keep(made, older, sign(older, private))  # type: ignore[arg-type]
    page = await anonymous.get(made.path)
    assert "verdict-open" in one(page, ".verdict")["class"]
    assert "以前の描き方" in text_of(page, ".steps")
    assert "書き換えられたという意味ではありません" in text_of(page, ".verdict")


async def test_who_does_not_know_the_whole_name_learns_nothing(
    anonymous: Person, services: Services, camera: Camera, organisation: Organisation
) -> None:
    made = await make_picture(services, camera)
    name = made.manifest.picture
    other = await make_camera(organisation, "裏口")
    wrong = [
        f"/verify/{camera.public_id}/{name[:-1]}{'0' if name[-1] != '0' else '1'}",
        f"/verify/{camera.public_id}/{name[:15]}",
        f"/verify/{camera.public_id}/{name}0",
        f"/verify/{camera.public_id}/{'9' * 8}T{'9' * 6}-{'0' * 32}",
        f"/verify/{other.public_id}/{name}",
        f"/verify/{'x' * 60}/{name}",
        # Digits, but of other scripts: as good as none.
        f"/verify/{camera.public_id}/{name.translate(_WIDE)}",
        f"/verify/{camera.public_id}/{name[:15].translate(_WIDE)}{name[15:]}",
        f"/verify/{camera.public_id}/{name[:7]}٢{name[8:]}",
    ]
    pages = {(await anonymous.get(path)).text for path in wrong}
    assert {(await anonymous.get(path)).status_code for path in wrong} == {404}
    assert len(pages) == 1
    assert "この画像の記録はありません" in pages.pop()
    for path in (*wrong[:2], *wrong[-3:]):
        for file in FILES:
            assert (await anonymous.get(f"{path}/{file}")).status_code == 404


async def test_thirty_days_and_no_longer(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    kept = await make_picture(services, camera, age=KEPT - timedelta(minutes=5))
    over = await make_picture(services, camera, age=KEPT + timedelta(minutes=5))
    assert await verdict(anonymous, kept.path) == "verified"
    assert (await anonymous.get(over.path)).status_code == 404


async def test_with_its_camera_everything_is_gone_at_once(
    anonymous: Person, alice: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    await alice.send_form(f"/cameras/{camera.public_id}/delete")
    assert not await Camera.exists()
    for path in ("", *(f"/{name}" for name in FILES)):
        assert (await anonymous.get(made.path + path)).status_code == 404
    assert not await PictureManifest.exists()
    assert not await PictureKey.exists()


async def test_of_a_suspended_organisation_nothing_is_told(
    anonymous: Person, services: Services, camera: Camera, organisation: Organisation
) -> None:
    made = await make_picture(services, camera)
    await Organisation.filter(id=organisation.id).update(suspended_at=datetime.now(UTC))
    assert (await anonymous.get(made.path)).status_code == 404
    assert (await anonymous.get(f"{made.path}/background.png")).status_code == 404


async def test_a_replaced_background_serves_on_and_a_removed_one_does_not(
    anonymous: Person, alice: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    row = await Background.get(camera=camera)
    kept = {"camera": camera, "organisation_id": camera.organisation_id, "picture": row.picture}
    await KeptBackground.create(id=row.id, retired_at=datetime.now(UTC), **kept)
    await row.delete()
    assert await verdict(anonymous, made.path) == "verified"
    await KeptBackground.all().delete()
    assert await verdict(anonymous, made.path) == "open"
    assert "背景が削除された" in text_of(await anonymous.get(made.path), ".steps")
    assert (await anonymous.get(f"{made.path}/background.png")).status_code == 404
    for name in ("redrawn.jpg", "picture.jpg"):
        assert (await anonymous.get(f"{made.path}/{name}")).status_code == 404
    assert not parsed(await anonymous.get(made.path)).select("a[href$='picture.jpg']")


async def test_while_its_camera_is_published_nowhere_only_its_members_may_look(
    anonymous: Person,
    alice: Person,
    bob: Person,
    charlie: Person,
    services: Services,
    organisation: Organisation,
) -> None:
    """By an embed of its own, or by a group's embed or site, with its count (TRUST 30)."""
    camera = await make_camera(organisation)
    made = await make_picture(services, camera)
    other = await make_camera(organisation, "裏口")
    await make_embed(other)
    paths = [made.path, *(f"{made.path}/{name}" for name in FILES)]

    async def seen_by(person: Person) -> set[int]:
        return {(await person.get(path)).status_code for path in paths}

    unknown = await anonymous.get(f"{made.path[:-1]}{'0' if made.path[-1] != '0' else '1'}")
    assert await seen_by(anonymous) == await seen_by(charlie) == {404}
    assert (await anonymous.get(made.path)).text == unknown.text
    assert await seen_by(alice) == await seen_by(bob) == {200}
    group = await make_group(organisation, "駅前", [other])
    await make_embed(group)
    assert await seen_by(anonymous) == {404}  # the group is published, and it is not in it
    await CameraGroupMember.create(organisation=organisation, group=group, camera=camera)
    assert await seen_by(anonymous) == {200}
    await EmbedVariant.filter(embed_key__group=group).delete()
    assert await seen_by(anonymous) == {404}
    site = await Site.create(
        organisation=organisation, group=group, name="駅前", options={"counts": True}
    )
    _asked_anew(services)
    assert await seen_by(anonymous) == {200}
    await Site.filter(id=site.id).update(options={"counts": False})
    _asked_anew(services)
    assert await seen_by(anonymous) == {404}  # a record would tell the number that is hidden (E1)
    await site.delete()
    embed = await make_embed(camera, counts=False)
    assert await seen_by(anonymous) == {404}
    assert await seen_by(bob) == {200}
    await make_variant(embed)
    _asked_anew(services)
    assert await seen_by(anonymous) == {404}  # whoever sees the first one could look it up
    await EmbedVariant.filter(name=embed.split("/")[-1]).delete()
    assert await seen_by(anonymous) == {200}
    await EmbedVariant.filter(embed_key__camera=camera).delete()
    assert await seen_by(anonymous) == {404}


async def test_of_a_camera_shown_with_and_without_its_count_only_the_first_leads_to_the_record(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    """A visitor of the one without knows the picture's address, but not how many it tells (E1)."""
    camera = await make_camera(organisation, latest=counted(3))
    made, older = (
        await make_picture(services, camera),
        await make_picture(services, camera, age=timedelta(minutes=3)),
    )
    await Latest.filter(camera=camera).update(
        picture=_file(made), picture_width=320, picture_height=240
    )
    without = await make_embed(camera, counts=False)
    with_count = await make_variant(without)
    hidden = await anonymous.get(without)
    assert made.manifest.picture in hidden.text  # the picture itself is there
    assert "/verify/" not in hidden.text
    link = str(one(await anonymous.get(with_count), ".embed-verify")["href"])
    assert link.startswith(f"{made.path}?s=")
    page = await anonymous.get(link)
    assert str(one(page, ".verdict")["class"][-1]) == "verdict-verified"
    files = [
        str(tag.get("src") or tag.get("href")) for tag in parsed(page).select("img, .downloads a")
    ]
    assert len(files) >= len(FILES)
    assert {(await anonymous.get(file)).status_code for file in files} == {200}
    _asked_anew(services)
    sign = link.partition("?s=")[2]
    for wrong in ("", f"?s={sign[:-1]}", "?s=é", f"?s={sign}0", "?s="):
        assert (await anonymous.get(f"{made.path}{wrong}")).status_code == 404
        assert (await anonymous.get(f"{made.path}/manifest.json{wrong}")).status_code == 404
    assert (await anonymous.get(f"{older.path}?s={sign}")).status_code == 404
    # It opens nothing where the count is shown no more.
    await EmbedVariant.filter(name=with_count.split("/")[-1]).delete()
    assert (await anonymous.get(link)).status_code == 404


async def test_a_rotated_key_is_published_for_as_long_as_it_is_needed(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    now = datetime.now(UTC)
    before = await make_picture(services, camera, age=timedelta(minutes=9))
    assert await retire_keys(now) == 1
    after = await make_picture(services, camera)
    assert before.manifest.key != after.manifest.key
    assert await verdict(anonymous, before.path) == "verified"
    assert await verdict(anonymous, after.path) == "verified"
    keys = json.loads((await anonymous.get(f"{after.path}/keys.json")).content)["keys"]
    assert {key["kid"] for key in keys} == {before.manifest.key, after.manifest.key}
    until = (await PictureKey.get(kid=before.manifest.key)).published_until
    assert until is not None
    assert until >= now + KEPT


async def test_nobody_has_more_drawn_than_a_person_needs(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    with time_machine.travel(datetime.now(UTC), tick=False):  # no new minute begins meanwhile
        while services.verification.shares.take("127.0.0.1"):
            continue
        assert (await anonymous.get(made.path)).status_code == 429
        for name in FILES:
            assert (await anonymous.get(f"{made.path}/{name}")).status_code == 429


async def test_whoever_waits_for_a_turn_holds_no_files(
    anonymous: Person, services: Services, camera: Camera
) -> None:
    made = await make_picture(services, camera)
    async with services.verification.turn(), services.verification.turn():
        asked = [
            asyncio.ensure_future(anonymous.get(made.path + path))
            for path in ("", "/background.png", "/picture.jpg", "/redrawn.jpg")
        ]
        for _ in range(50):
            await asyncio.sleep(0.01)
        assert not any(each.done() for each in asked)
        await services.storage.delete([_file(made)])
    answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/pictures/alerts/abc/1.jpg?e=1&s=2", "/verify/stage"),
        ("/pictures/closed/abc/1.jpg?e=1&s=2", "/verify/closed"),
    ],
)
async def test_a_picture_that_somebody_chose_has_nobody_drawn_on_it(
    anonymous: Person, url: str, path: str
) -> None:
    assert verify_path(url) == path
    page = await anonymous.get(path)
    assert "人は描かれていません" in page.text
    assert (await anonymous.get("/verify/else")).status_code == 404


def test_the_address_of_a_picture_leads_to_its_page() -> None:
    name = "20260302T120000-" + "0f" * 16
    assert verify_path(f"/pictures/masked/cam/{name}.jpg?e=1&s=2") == f"/verify/cam/{name}"
    # One of before, or none at all.
    for url in ("", "/pictures/masked/cam/20260302T120000-0011223344556677.jpg?e=1&s=2"):
        assert verify_path(url) == ""


def _asked_anew(services: Services) -> None:
    """Another minute: everybody has a whole share again."""
    services.verification.shares._limiter.storage.reset()


def _file(made: Made) -> str:
    return f"masked/{made.manifest.camera}/{made.manifest.picture}.jpg"


def _unsealed(services: Services, sealed: str) -> dict[str, str]:
    from webapp.sealing import Sealer
    from webapp.verification.keys import PURPOSE

    return Sealer(services.settings.secret(), PURPOSE).unseal(sealed)


async def _keep(made: Made, manifest: Manifest, signature: bytes | None = None) -> None:
    """Put another manifest in the place of the picture's."""
    row = PictureManifest.filter(camera__public_id=made.manifest.camera)
    values = {"packed": pack(manifest), "signature": signature or made.signed.signature}
    found = await row.filter(minute=made.manifest.minute).first()
    assert found is not None
    await PictureManifest.filter(id=found.id).update(**values)
