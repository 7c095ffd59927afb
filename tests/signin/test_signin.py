"""Signing in by the operator's link, out again, and the language of the screens."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.html import one, parsed, text_of
from tests.people import Person, hire
from webapp.models import Member, Organisation, Role, Session
from webapp.operator import login_links
from webapp.services import Services
from webapp.signin.sessions import COOKIE


async def link_of(services: Services, organisation: Organisation) -> str:
    member = await hire(organisation, "Dora", Role.ADMIN)
    address = await login_links.create(services.settings, member, datetime.now(UTC))
    return urlsplit(address).path


async def test_the_first_page_asks_to_sign_in(anonymous: Person) -> None:
    answer = await anonymous.get("/cameras")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/cameras")
    assert "set-cookie" not in answer.headers


async def test_a_refresh_after_the_session_ended_leads_to_the_sign_in(anonymous: Person) -> None:
    answer = await anonymous.get("/cameras/cards", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=/cameras")


async def test_looking_at_the_link_uses_nothing_up(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    link = await link_of(services, organisation)
    for _ in range(3):
        page = await anonymous.get(link)
        assert one(page, "main form button").get_text(strip=True) == "ログイン"
    assert not await Session.exists()


async def test_the_button_signs_in_once(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    link = await link_of(services, organisation)
    answer = await anonymous.post(link)
    assert answer.headers["location"] == "/cameras?done=signed_in"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "みなと商店街" in (await anonymous.get("/cameras")).text
    again = await anonymous.post(link)
    assert again.status_code == 410
    assert "このURLは使えません" in text_of(again, "h1")


async def test_a_link_is_not_used_up_while_the_organisation_is_suspended(
    anonymous: Person, services: Services, organisation: Organisation
) -> None:
    link = await link_of(services, organisation)
    await Organisation.all().update(suspended_at=datetime.now(UTC))
    answer = await anonymous.post(link)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "この組織の利用は停止されています" in text_of(answer, "h1")
    assert not await Session.exists()
    await Organisation.all().update(suspended_at=None)
    assert (await anonymous.post(link)).headers["location"] == "/cameras?done=signed_in"


async def test_signing_out_ends_the_session_for_good(alice: Person) -> None:
    cookie = alice.cookies[COOKIE]
    answer = await alice.send_form("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    page = await alice.get("/signed-out")
    assert text_of(page, "h1") == "ログアウトしました"
    assert one(page, "main a.btn")["href"] == "/sign-in"
    assert not await Session.exists()
    alice.cookies.set(COOKIE, cookie)
    assert (await alice.get("/cameras")).status_code == 303


async def test_the_language_is_the_members_own(alice: Person, bob: Person) -> None:
    answer = await alice.send_form("/language", language="en")
    assert answer.headers["location"] == "/cameras?done=language_changed"
    page = await alice.get(answer.headers["location"])
    assert one(page, "html")["lang"] == "en"
    assert "The language was changed." in text_of(page, ".notice-done")
    assert one(await bob.get("/cameras"), "html")["lang"] == "ja"
    assert (await alice.send_form("/language", language="xx")).status_code == 400
    assert (await Member.get(id=alice.member.id)).language == "en"


async def test_errors_are_pages_with_words(alice: Person, anonymous: Person) -> None:
    page = await alice.get("/cameras/nothing")
    assert page.status_code == 404
    assert "ページが見つかりません" in text_of(page, "h1")
    fragment = await alice.get("/cameras/nothing/live", headers={"HX-Request": "true"})
    assert parsed(fragment).html is None
    english = await anonymous.get("/nowhere", headers={"Accept-Language": "en"})
    assert "Page not found" in text_of(english, "h1")


async def test_pages_hold_no_inline_script_or_style(alice: Person) -> None:
    for path in ("/cameras", "/cameras/new", "/signed-out", "/cameras/nothing"):
        page = parsed(await alice.get(path))
        assert not page.select("style, [style], script:not([src])")
        names = {name for tag in page.find_all(True) for name in tag.attrs}
        assert not {name for name in names if name.startswith(("on", "hx-on"))}
        assert "js:" not in str(page)
