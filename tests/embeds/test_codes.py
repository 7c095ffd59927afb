"""埋め込み用コード: made, found again, renewed, ended; previews cost nothing."""

from __future__ import annotations

import asyncio

import pytest
from bs4 import BeautifulSoup
from httpx import Response

from tests.builders import counted, make_camera, make_embed, make_group, make_masked
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.connectors.network import Network
from webapp.database import transaction
from webapp.domain.embeds import Language, Options
from webapp.embeds import code_routes, codes
from webapp.embeds.shown import Displays
from webapp.models import (
    AuditEntry,
    CallMonth,
    Camera,
    CameraGroup,
    EmbedKey,
    EmbedVariant,
    Latest,
    Organisation,
)
from webapp.services import Services
from webapp.settings import Settings

Thing = Camera | CameraGroup
CHOSEN = {"form": "free", "counts": "1", "language": "en"}


@pytest.fixture(params=["camera", "group"])
async def thing(
    request: pytest.FixtureRequest, services: Services, organisation: Organisation
) -> Thing:
    camera = await make_camera(organisation, latest=counted(7))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    if request.param == "camera":
        return camera
    return await make_group(organisation, "駅前", [camera])


@pytest.fixture
def base(thing: Thing) -> str:
    return f"/{'cameras' if isinstance(thing, Camera) else 'groups'}/{thing.public_id}/embed"


async def test_a_code_is_made_and_works(
    alice: Person, anonymous: Person, thing: Thing, base: str
) -> None:
    answer = await alice.send_form(base, **CHOSEN)
    page = await alice.get(answer.headers["location"])
    assert "コードを作成しました" in text_of(page, "#codes .notice-done")
    frame = BeautifulSoup(one(page, "textarea[id^=iframe]").text, "html.parser").iframe
    assert frame is not None
    assert frame["title"] == f"{thing.name}の混雑状況"
    assert "max-width" not in str(frame["style"])
    path = str(frame["src"]).split("/e/")[1]
    shown = await anonymous.get(f"/e/{path}")
    assert one(shown, "html")["lang"] == "en"
    assert text_of(shown, ".embed-count") == "about 7 people"
    assert parsed(shown).select("a.embed-reload"), "without 自動更新 there is a button"
    assert [entry.action for entry in await AuditEntry.all()] == ["embed_made"]


async def test_the_same_options_are_the_same_code(alice: Person, base: str) -> None:
    for _ in range(2):
        await alice.send_form(base, **CHOSEN)
    await alice.send_form(base, form="hd", language="browser")
    assert await EmbedVariant.all().count() == 2
    assert await EmbedKey.all().count() == 1


async def test_there_is_a_most(alice: Person, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MOST_VARIANTS", 1)
    await alice.send_form(base, **CHOSEN)
    answer = await alice.send_form(base, form="hd", language="ja")
    assert answer.status_code == 422
    assert "1種類まで" in answer.text
    assert one(answer, "#language option[selected]")["value"] == "ja", "nothing is lost"


async def test_a_preview_costs_nothing_and_is_for_our_own_page(
    alice: Person, anonymous: Person, base: str
) -> None:
    page = await alice.get(base)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    preview = await alice.get(str(one(page, "#embed-preview")["src"]))
    assert text_of(preview, ".embed-count") == "約7人"
    assert preview.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    part = await alice.get(str(one(preview, "#shown")["data-src"]))
    assert one(part, "#shown") == one(preview, "#shown")
    without = await alice.get(f"{base}/preview?form=hd&language=ja")
    assert not parsed(without).select(".embed-count")
    assert (await anonymous.get(f"{base}/preview")).status_code == 303
    assert not await CallMonth.exists()
    assert not await EmbedKey.exists()


async def test_sites_are_kept_or_refused_beside_the_field(
    alice: Person, anonymous: Person, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await alice.send_form(base, **CHOSEN)
    answer = await _save_sites(alice, base, "https://a.jp\nftp://b.jp")
    assert answer.status_code == 422
    assert "「ftp://b.jp」は" in text_of(answer, "#sites-error")
    assert text_of(answer, "#sites") == "https://a.jp ftp://b.jp"
    assert (await EmbedKey.get()).sites == []
    await _save_sites(alice, base, "a.jp/shop")
    assert (await EmbedKey.get()).sites == ["https://a.jp"]
    monkeypatch.setattr(code_routes, "public_network", lambda: Network([]))  # asks nobody
    page = await alice.send_form(f"{base}/try", page="https://b.jp/")
    assert "許可されていません" in page.text
    page = await alice.send_form(f"{base}/try", page="https://a.jp/")
    assert "アドレスと許可するサイトには問題ありません" in page.text
    page = await alice.send_form(f"{base}/try", page='">')
    assert "ページのアドレスではありません" in page.text
    assert one(page, "#page")["value"] == '">'


async def test_sites_are_in_the_log_and_another_admins_are_not_overwritten(
    alice: Person, base: str
) -> None:
    old = str(one(await alice.get(base), "input[name=version]")["value"])
    await _save_sites(alice, base, "a.jp")  # the key is made with it
    assert [entry.action for entry in await AuditEntry.all()] == ["embed_sites_changed"]
    answer = await alice.send_form(f"{base}/sites", sites="b.jp", version=old)
    assert answer.status_code == 409
    assert "https://a.jp" in text_of(answer, "#changed-meanwhile")
    assert text_of(answer, "#sites") == "b.jp"
    assert (await EmbedKey.get()).sites == ["https://a.jp"]
    version = str(one(answer, "input[name=version]")["value"])
    await alice.send_form(f"{base}/sites", sites="b.jp", version=version)
    assert (await EmbedKey.get()).sites == ["https://b.jp"]


async def _save_sites(person: Person, base: str, sites: str) -> Response:
    version = str(one(await person.get(base), "input[name=version]")["value"])
    return await person.send_form(f"{base}/sites", sites=sites, version=version)


async def test_one_code_is_stopped_and_the_others_go_on(
    alice: Person, anonymous: Person, thing: Thing, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    monkeypatch.setattr(codes, "MOST_VARIANTS", 2)
    await alice.send_form(base, **CHOSEN)
    await alice.send_form(base, form="hd", language="ja")
    kept, ended = [variant.name for variant in await EmbedVariant.all().order_by("id")]
    key = (await EmbedKey.get()).key
    assert (await anonymous.get(f"/e/{key}/{ended}")).status_code == 200
    page = await alice.get(base)
    [form] = [form for form in parsed(page).select("#codes form") if ended in str(form["action"])]
    assert "作成: 20" in text_of(page, "#codes")
    answer = await alice.send_form(str(form["action"]))
    assert "コードを停止しました" in (await alice.get(answer.headers["location"])).text
    for end in ("", ".jpg", ".json", "/part"):
        assert (await anonymous.get(f"/e/{key}/{ended}{end}")).status_code == 404
    assert (await anonymous.get(f"/e/{key}/{kept}")).status_code == 200
    assert (await alice.send_form(str(form["action"]))).status_code == 404, "there is none any more"
    assert [entry.action for entry in await AuditEntry.all().order_by("id")] == [
        "embed_made",
        "embed_made",
        "embed_code_removed",
    ]
    await alice.send_form(base, form="hd", language="en")
    assert await EmbedVariant.all().count() == 2, "there is room again"


async def test_nobody_stops_the_code_of_another_camera(
    alice: Person, thing: Thing, base: str, organisation: Organisation
) -> None:
    other = await make_embed(await make_camera(organisation, "裏口"))
    name = other.rsplit("/", 1)[1]
    assert (await alice.send_form(f"{base}/{name}/delete")).status_code == 404
    await alice.send_form(base, **CHOSEN)
    assert (await alice.send_form(f"{base}/{name}/delete")).status_code == 404
    assert await EmbedVariant.filter(name=name).exists()


async def test_a_renewed_and_an_ended_key_are_dead(
    alice: Person, anonymous: Person, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    await alice.send_form(base, **CHOSEN)
    variant = await EmbedVariant.get()
    paths = []
    for action in ("renew", "delete"):
        paths.append(f"/e/{(await EmbedKey.get()).key}/{variant.name}")
        assert (await anonymous.get(paths[-1])).status_code == 200
        assert (await alice.send_form(f"{base}/{action}")).status_code == 303
        assert (await anonymous.get(paths[-1])).status_code == 404
    assert not await EmbedVariant.exists()
    assert paths[0] != paths[1]


async def test_general_users_look_and_change_nothing(bob: Person, base: str) -> None:
    page = await bob.get(base)
    assert page.status_code == 200
    assert not parsed(page).select(".settings-panel form[method=post]:not([action*='/try']) button")
    for path in (base, f"{base}/sites", f"{base}/renew", f"{base}/delete"):
        assert (await bob.send_form(path)).status_code == 403


async def test_of_many_who_press_the_button_at_once_one_makes_the_code(
    any_database: Settings,
) -> None:
    """A double click, or two admins: one code, and no more than there may be."""
    camera = await make_camera(await Organisation.create(name="みなと商店街"))
    key = await codes.make_key(camera)
    for number in range(codes.MOST_VARIANTS - 2):
        await EmbedVariant.create(
            organisation_id=key.organisation_id, embed_key=key, options={"number": number}
        )

    async def make(options: Options) -> bool:
        async with transaction():
            return (await codes.make(camera, options))[1]

    assert sorted(await asyncio.gather(*(make(Options()) for _ in range(8)))) == [
        *[False] * 7,
        True,
    ]
    others = [Options(language=one) for one in (Language.JA, Language.EN)] * 3
    made = await asyncio.gather(*(make(one) for one in others), return_exceptions=True)
    assert len([one for one in made if one is True]) == 1
    assert await EmbedVariant.all().count() == codes.MOST_VARIANTS
