"""組織設定 (S10): admins change it, general members look, nobody overwrites another unseen."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.builders import picture
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.models import AuditEntry, Organisation, Outbox
from webapp.organisations.zones import COMMON, zones
from webapp.outbox import PICTURES_DELETE
from webapp.services import Services


async def fields(person: Person, **changes: str) -> dict[str, str]:
    """What the form of the page would send, with some of it changed."""
    page = await person.get("/organisation")
    form = parsed(page).select("form[action='/organisation']")[0]
    values: dict[str, str] = {}
    for control in form.select("input[name]"):
        kind = control.get("type", "text")
        if kind == "file" or (kind == "checkbox" and not control.has_attr("checked")):
            continue
        values[str(control["name"])] = str(control.get("value", ""))
    for select in form.select("select[name]"):
        [chosen] = select.select("option[selected]")
        values[str(select["name"])] = str(chosen["value"])
    values.pop("csrf")
    return {**values, **changes}


async def save(person: Person, **changes: str) -> Any:
    return await person.send_form("/organisation", **await fields(person, **changes))


async def kept(organisation: Organisation) -> Organisation:
    return await Organisation.get(id=organisation.id)


async def test_an_admin_changes_everything(alice: Person, organisation: Organisation) -> None:
    await IdentityOrganisation.create(public_id=organisation.public_id, name=organisation.name)
    answer = await save(
        alice,
        name="  みなと 新商店街 ",
        time_zone="Asia/Seoul",
        language="en",
        monitoring_allowed="1",
        has_colour="1",
        colour="#AA3300",
    )
    assert answer.headers["location"] == "/organisation?done=organisation_saved"
    now = await kept(organisation)
    assert (now.name, now.time_zone, now.language) == ("みなと 新商店街", "Asia/Seoul", "en")
    assert (now.monitoring_allowed, now.colour) == (True, "#aa3300")
    assert (await IdentityOrganisation.get()).name == "みなと 新商店街"
    told = await AuditEntry.get()
    assert told.details["changed"]["time_zone"] == ["Asia/Tokyo", "Asia/Seoul"]
    await save(alice)
    assert await AuditEntry.all().count() == 1, "nothing changed"
    usual = await fields(alice)
    usual.pop("has_colour")
    await alice.send_form("/organisation", **usual)
    assert (await kept(organisation)).colour == ""


async def test_a_general_member_looks(bob: Person, organisation: Organisation) -> None:
    page = await bob.get("/organisation")
    assert one(page, "form[action='/organisation'] fieldset").has_attr("disabled")
    assert not parsed(page).select("[data-save]")
    assert "変更できるのは管理ユーザだけです" in text_of(page, "main")
    assert (await save(bob, name="奪取")).status_code == 403
    assert (await kept(organisation)).name == "みなと商店街"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "長" * 101}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"language": "fr"}, "language"),
        ({"has_colour": "1", "colour": "red"}, "colour"),
        ({"has_colour": "1", "colour": "#12345"}, "colour"),
    ],
)
async def test_nonsense_is_refused_beside_its_field(
    alice: Person, organisation: Organisation, changes: dict[str, str], field: str
) -> None:
    before = dict(await kept(organisation))
    answer = await save(alice, **changes)
    assert answer.status_code == 422
    assert error_of(answer, field)
    assert dict(await kept(organisation)) == before
    assert not await AuditEntry.exists()


async def test_the_second_of_two_admins_is_told(alice: Person, organisation: Organisation) -> None:
    mine = await fields(alice, name="私の街")
    theirs = await fields(alice, time_zone="Asia/Seoul")
    assert (await alice.send_form("/organisation", **theirs)).status_code == 303
    answer = await alice.send_form("/organisation", **mine)
    assert answer.status_code == 409
    told = text_of(answer, "#changed-meanwhile")
    assert "ほかの管理ユーザ" in told
    assert "タイムゾーン：韓国（ソウル）" in told
    now = await kept(organisation)
    assert (now.name, now.time_zone) == ("みなと商店街", "Asia/Seoul")
    # What was entered is still there, and is saved by saving it once more, knowingly.
    assert one(answer, "#name")["value"] == "私の街"
    again = {**mine, "version": str(one(answer, "input[name=version]")["value"])}
    assert (await alice.send_form("/organisation", **again)).status_code == 303
    now = await kept(organisation)
    assert (now.name, now.time_zone) == ("私の街", "Asia/Tokyo")


async def test_a_form_without_its_version_is_told_too(
    alice: Person, organisation: Organisation
) -> None:
    assert (await save(alice, version="", name="新")).status_code == 409
    assert (await kept(organisation)).name == "みなと商店街"


def transparent(side: int = 64) -> bytes:
    pixels = np.zeros((side, 2 * side, 4), np.uint8)
    pixels[:, :side] = (10, 120, 200, 255)
    return bytes(cv2.imencode(".png", pixels)[1])


async def test_a_logo_is_made_anew_from_its_pixels_and_goes_again(
    alice: Person, bob: Person, organisation: Organisation, services: Services
) -> None:
    await alice.send_file("/organisation", "logo", transparent(), "logo.png", **await fields(alice))
    first = (await kept(organisation)).logo
    assert first.startswith(f"logos/{organisation.public_id}/")
    shown = await bob.get("/organisation/logo")
    assert shown.headers["content-type"] == "image/png"
    pixels = cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (64, 128, 4)
    assert pixels[0, 0].tolist() == [10, 120, 200, 255]
    assert pixels[0, 127, 3] == 0, "transparency stays"
    await alice.send_file(
        "/organisation", "logo", picture(2000, 500), "l.jpg", **await fields(alice)
    )
    second = (await kept(organisation)).logo
    large = cv2.imdecode(
        np.frombuffer((await bob.get("/organisation/logo")).content, np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert large is not None
    assert large.shape == (160, 640, 3)
    answer = await save(alice, no_logo="1")
    assert answer.status_code == 303
    assert (await kept(organisation)).logo == ""
    assert (await bob.get("/organisation/logo")).status_code == 204
    gone = [row.payload["keys"] for row in await Outbox.filter(kind=PICTURES_DELETE).order_by("id")]
    assert gone == [[first], [second]]
    told = [entry.details["changed"] for entry in await AuditEntry.all().order_by("id")]
    assert told == [{"logo": None}] * 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GIF89a nonsense", "画像ではありません"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "画像ではありません"),
        (picture(320, 240)[:500], "途中で切れています"),
        (picture(8, 8, ".png"), "ロゴが小さすぎます"),
        (picture(320, 240) + b"\0" * 1_000_001, "1 MB以下"),
    ],
)
async def test_a_bad_logo_is_refused_in_words(
    alice: Person, organisation: Organisation, services: Services, data: bytes, words: str
) -> None:
    answer = await alice.send_file(
        "/organisation", "logo", data, "logo.png", **await fields(alice, name="新しい名前")
    )
    assert answer.status_code == 422
    assert words in error_of(answer, "logo")
    assert one(answer, "#name")["value"] == "新しい名前"
    assert (await kept(organisation)).name == "みなと商店街"
    assert list(services.storage.list_sync("logos")) == []


async def test_no_other_organisation_sees_the_logo(
    alice: Person, charlie: Person, anonymous: Person
) -> None:
    await alice.send_file("/organisation", "logo", picture(64, 64), "l.jpg", **await fields(alice))
    assert (await charlie.get("/organisation/logo")).status_code == 204
    assert (await anonymous.get("/organisation/logo")).status_code == 303


async def test_a_colour_is_judged_while_it_is_chosen(bob: Person) -> None:
    good = await bob.get("/organisation/colour?colour=%23004080")
    assert "読みやすい色です" in good.text
    assert one(good, "rect:nth-of-type(2)")["fill"] == "#004080"
    pale = await bob.get("/organisation/colour?colour=%23ffee00")
    assert "白い背景との差が小さく" in pale.text
    assert one(pale, "text:nth-of-type(1)")["fill"] == "#1a1a1a"
    for nonsense in ("", "red", '"><script>', "%23zzzzzz"):
        answer = await bob.get(f"/organisation/colour?colour={nonsense}")
        assert answer.status_code == 400


async def test_the_page_has_no_style_or_script_of_its_own(alice: Person) -> None:
    page = await alice.get("/organisation")
    assert not parsed(page).select("style, [style], script:not([src])")


async def test_zones_are_words_for_most_and_names_for_all() -> None:
    assert zones() >= COMMON.keys()
    assert len(zones()) > 300
    assert not any(zone.startswith(("posix", "right")) for zone in zones())


async def test_times_follow_the_zone(alice: Person, organisation: Organisation) -> None:
    await save(alice, time_zone="America/New_York", name="x")
    page = await alice.get("/organisation/audit")
    shown = parsed(page).select("tbody time")[0]
    assert shown.get_text()[:13] != str(shown["datetime"])[:13].replace("T", " ")
