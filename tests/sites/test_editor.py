"""WEBサイト生成 (2-3-2): made, changed, ended; two admins at once; what it takes and refuses."""

from __future__ import annotations

import asyncio

import pytest

from tests.html import error_of, one, parsed, text_of
from tests.mail.names import NAMES
from tests.people import ORIGIN, Person
from tests.sites.conftest import make_site
from tests.sites.test_domain import REFUSED
from webapp.domain.hours import Basic, Hours
from webapp.domain.hours_json import as_json
from webapp.models import AuditEntry, CallMonth, Camera, CameraGroup, Site

pytestmark = pytest.mark.usefixtures("_read_anew")

CHOSEN = {
    "is_on": "1",
    "name": "駅前のにぎわい",
    "placement": "above",
    "link_title": "クーポン",
    "link_text": "本日限り",
    "link_url": "https://a.jp/クーポン",
    "refreshes": "1",
}


@pytest.fixture
def base(group: CameraGroup) -> str:
    return f"/groups/{group.public_id}/site"


async def _actions() -> list[str]:
    return [entry.action for entry in await AuditEntry.all().order_by("id")]


async def test_a_site_is_made_changed_and_ended_and_made_anew(
    alice: Person, anonymous: Person, base: str
) -> None:
    page = await alice.get(base)
    assert one(page, "button[data-copy=site-address]").has_attr("disabled")
    assert one(page, "#name")["value"] == "駅前", "a site begins with the name of its group"

    answer = await alice.save(base, **CHOSEN)
    page = await alice.get(answer.headers["location"])
    assert "WEBサイトを生成しました" in text_of(page, ".notice-done")
    assert not one(page, "button[data-copy=site-address]").has_attr("disabled")
    first = str(one(page, "#site-address")["value"])
    assert first == f"{ORIGIN}/s/{(await Site.get()).key}"
    shown = await anonymous.get(first)
    assert text_of(shown, "h1") == "駅前のにぎわい"
    assert not parsed(shown).select(".embed-count"), "検知人数表示 was left out"
    link = one(shown, ".link-title a")
    assert link["href"] == "https://a.jp/%E3%82%AF%E3%83%BC%E3%83%9D%E3%83%B3"

    await alice.save(base, **{**CHOSEN, "name": "港のにぎわい"})
    assert text_of(await anonymous.get(first), "h1") == "港のにぎわい", "the address stays"
    await alice.save(base, name="港のにぎわい")
    assert (await anonymous.get(first)).status_code == 404
    assert not await Site.exists()
    await alice.save(base, **CHOSEN)
    assert f"{ORIGIN}/s/{(await Site.get()).key}" != first
    assert await _actions() == [
        "site_published",
        "site_changed",
        "site_removed",
        "site_published",
    ]
    changed = (await AuditEntry.get(action="site_changed")).details["changed"]
    assert changed == {"site_name": ["駅前のにぎわい", "港のにぎわい"]}
    log = await alice.get("/organisation/audit")
    assert "サイト名" in log.text


async def test_saving_what_is_kept_changes_and_tells_nothing(alice: Person, base: str) -> None:
    for _ in range(2):
        await alice.save(base, **CHOSEN)
    await alice.save(base)
    assert (await alice.save(base)).headers["location"] == base
    assert await _actions() == ["site_published", "site_removed"]


async def test_off_forgets_the_address_and_not_what_was_entered(
    alice: Person, anonymous: Person, base: str
) -> None:
    await alice.save(base, **CHOSEN)
    off = {name: value for name, value in CHOSEN.items() if name != "is_on"}
    await alice.save(base, **off)
    page = await alice.get(base)
    assert not one(page, "input[name=is_on]").has_attr("checked")
    assert one(page, "#name")["value"] == "駅前のにぎわい"
    assert one(page, "#link_title")["value"] == "クーポン"
    assert str(one(page, "#link_url")["value"]).startswith("https://a.jp/%E3")
    assert one(page, "input[name=placement][checked]")["value"] == "above"
    assert one(page, "input[name=refreshes]").has_attr("checked")
    assert not one(page, "input[name=counts]").has_attr("checked")
    # Whoever forgets the tick loses nothing that was entered, and is told that it was saved.
    answer = await alice.save(base, **{**off, "name": "港のにぎわい"})
    assert answer.headers["location"].endswith("done=site_saved")
    assert not await Site.exists()
    assert one(await alice.get(base), "#name")["value"] == "港のにぎわい"
    assert await _actions() == ["site_published", "site_removed", "site_changed"]
    # Of two who enter something the second is told.
    old = str(one(await alice.get(base), "input[name=version]")["value"])
    await alice.save(base, **{**off, "name": "川のにぎわい"})
    assert (await alice.send_form(base, **off, version=old)).status_code == 409


@pytest.mark.parametrize("first_is_on", [True, False])
async def test_of_two_admins_the_second_is_told(
    alice: Person, anonymous: Person, group: CameraGroup, base: str, first_is_on: bool
) -> None:
    """The page of one was opened before the other switched the site on or off."""
    if not first_is_on:
        await make_site(group)
    old = str(one(await alice.get(base), "input[name=version]")["value"])
    await alice.save(base, **(CHOSEN if first_is_on else {}))
    kept = await Site.get_or_none()

    answer = await alice.send_form(base, **{**CHOSEN, "name": "別の名前"}, version=old)
    assert answer.status_code == 409
    told = text_of(answer, "#changed-meanwhile")
    assert ("駅前のにぎわい" in told) == first_is_on
    assert one(answer, "#name")["value"] == "別の名前", "nothing is lost"
    now = await Site.get_or_none()
    assert (now and (now.key, now.name)) == (kept and (kept.key, kept.name))

    version = str(one(answer, "input[name=version]")["value"])
    await alice.send_form(base, **{**CHOSEN, "name": "別の名前"}, version=version)
    assert (await Site.get()).name == "別の名前"


async def test_off_and_on_again_meanwhile_is_another_site(alice: Person, base: str) -> None:
    """The same settings under another key: who ends it by an old page would end a new address."""
    await alice.save(base, **CHOSEN)
    old = str(one(await alice.get(base), "input[name=version]")["value"])
    await alice.save(base)
    await alice.save(base, **CHOSEN)
    answer = await alice.send_form(base, version=old)
    assert answer.status_code == 409
    assert await Site.exists()


async def test_of_many_who_switch_it_on_at_once_one_does(alice: Person, base: str) -> None:
    version = str(one(await alice.get(base), "input[name=version]")["value"])
    answers = await asyncio.gather(
        *(alice.send_form(base, **CHOSEN, version=version) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [303, *[409] * 7]
    assert await Site.all().count() == 1
    assert await _actions() == ["site_published"]


async def test_a_hostile_link_is_refused_beside_its_field(alice: Person, base: str) -> None:
    # What is left of a link without line breaks and hidden signs may be one; ``read_link`` sees it.
    hostile = [url for url in REFUSED[1:] if url.isprintable()]
    version = str(one(await alice.get(base), "input[name=version]")["value"])
    for url in hostile[::3]:
        answer = await alice.send_form(base, **{**CHOSEN, "link_url": url}, version=version)
        assert answer.status_code == 422, url
        assert "http:// または https://" in error_of(answer, "link_url")
        assert not parsed(answer).select("script:not([src])")
    assert not await Site.exists()
    odd = "https://a.jp/\r\nX: y\u202e"
    assert (await alice.save(base, **{**CHOSEN, "link_url": odd})).status_code == 422


async def test_what_is_missing_or_too_long_is_said_beside_its_field(
    alice: Person, base: str
) -> None:
    answer = await alice.save(
        base,
        is_on="1",
        name="あ" * 61,
        placement="button",
        link_title="い" * 41,
        link_text="う" * 121,
    )
    assert answer.status_code == 422
    for field in ("name", "link_title", "link_text", "link_url"):
        assert error_of(answer, field)
    assert one(answer, "#name")["value"] == "あ" * 61
    assert one(answer, "form.site-form").has_attr("data-unsaved")
    assert "サイト名を入力" in error_of(await alice.save(base, is_on="1", name=" "), "name")
    # Switched off, nothing of it matters.
    assert (await alice.save(base, name="", placement="button")).status_code == 303


async def test_any_name_is_shown_and_none_runs(alice: Person, anonymous: Person, base: str) -> None:
    await alice.save(base, **CHOSEN)
    [site] = await Site.all()
    plain = parsed(await anonymous.get(f"/s/{site.key}"))
    for name in NAMES[::23]:
        await alice.save(base, **{**CHOSEN, "name": name[:60] or "a", "link_text": name[:120]})
        site = await Site.get()
        assert all(sign.isprintable() for sign in site.name)
        for page in (f"/s/{site.key}", f"/s/{site.key}/signage"):
            shown = parsed(await anonymous.get(page))
            assert len(shown.select("script")) == len(plain.select("script"))
            assert not [
                name
                for tag in shown.select("*")
                for name in tag.attrs
                if name.startswith("on") or name == "style"
            ]
            assert shown.h1 is not None
            assert shown.h1.text.split() == site.name.split()
        assert (await anonymous.get(f"/s/{site.key}/card.png")).status_code == 200


async def test_a_preview_shows_what_is_entered_and_costs_nothing(
    alice: Person, anonymous: Person, base: str
) -> None:
    page = await alice.get(base)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    preview = await alice.get(str(one(page, "#site-preview")["src"]))
    assert text_of(preview, "h1") == "駅前"
    assert preview.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert len(parsed(preview).select("section.shown")) == 3
    preview = await alice.get(f"{base}/preview", params={**CHOSEN, "link_url": "javascript:1"})
    assert text_of(preview, "h1") == "駅前のにぎわい"
    assert not parsed(preview).select(".link-panel"), "what is no address leads nowhere"
    preview = await alice.get(f"{base}/preview", params={**CHOSEN, "part": "1"})
    assert not parsed(preview).select("h1")
    assert (await anonymous.get(f"{base}/preview")).status_code == 303
    assert not await CallMonth.exists()
    assert not await Site.exists()


async def test_the_editor_says_how_many_views_a_screen_uses(
    alice: Person, group: CameraGroup, base: str
) -> None:
    await make_site(group)
    assert "129,600回" in text_of(await alice.get(base), ".site-views")
    daily = Hours((Basic(frozenset(range(8)), (10 * 60, 20 * 60)),))
    await Camera.all().update(has_hours=True, hours=as_json(daily))
    assert "54,000回" in text_of(await alice.get(base), ".site-views")


async def test_general_users_look_and_change_nothing(
    alice: Person, bob: Person, base: str, group: CameraGroup
) -> None:
    await make_site(group)
    page = await bob.get(base)
    assert page.status_code == 200
    assert parsed(page).select(".site-form > fieldset[disabled]")
    assert not parsed(page).select(".save-bar")
    assert (await bob.send_form(base)).status_code == 403
    assert await Site.exists()


async def test_deleting_the_group_says_that_the_site_goes(
    alice: Person, anonymous: Person, group: CameraGroup
) -> None:
    path = await make_site(group)
    question = await alice.get(f"/groups/{group.public_id}/delete")
    assert "サイトURLはすぐに使えなくなります" in question.text
    await alice.send_form(f"/groups/{group.public_id}/delete")
    assert (await anonymous.get(path)).status_code == 404
    assert (await alice.get(f"/groups/{group.public_id}/site")).status_code == 404


async def test_a_camera_that_goes_is_gone_from_the_site(
    alice: Person, anonymous: Person, group: CameraGroup
) -> None:
    path = await make_site(group)
    await (await Camera.get(name="売場1")).delete()
    page = await anonymous.get(path)
    assert [title.text for title in parsed(page).select("h2")] == ["売場2", "売場3"]
