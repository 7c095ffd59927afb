"""Signing out: here, then at the provider, and back to a page that says so."""

from __future__ import annotations

import httpx
import pytest
from bs4.element import Tag

from tests.html import one, parsed, text_of
from tests.people import ORIGIN, Person
from tests.signin.conftest import Desk, Site
from webapp.models import Session
from webapp.signin.provider import Provider
from webapp.signin.sessions import COOKIE


async def test_signing_out_goes_on_to_the_provider(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    person.csrf = (await Session.get()).csrf_token
    cookie = person.cookies[COOKIE]
    answer = await person.send_form("/sign-out")
    there = httpx.URL(answer.headers["location"])
    assert answer.status_code == 303
    assert str(there).startswith(f"{desk.forger.issuer}/logout?")
    assert there.params["post_logout_redirect_uri"] == f"{ORIGIN}/signed-out"
    assert there.params["id_token_hint"].count(".") == 2
    assert there.params["client_id"] == "nigiwai"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not await Session.exists()
    person.cookies.set(COOKIE, cookie)
    assert (await person.get("/cameras")).status_code == 303, "the old cookie is worth nothing"


async def test_pages_allow_the_way_out_wherever_it_leads(desk: Desk, person: Person) -> None:
    """Browsers stop a form that redirects to where the page's policy does not allow."""
    desk.forger.metadata = {"end_session_endpoint": "https://out.test:8443/end?session"}
    await desk.sign_in(person)
    expected = f"form-action 'self' {desk.forger.issuer} https://out.test:8443;"
    policy = (await person.get("/cameras")).headers["content-security-policy"]
    assert expected in f"{policy};"
    settings = desk.app.state.services.settings
    desk.app.state.provider = Provider(settings)  # as in a process that was just started
    policy = (await person.get("/cameras")).headers["content-security-policy"]
    assert expected in f"{policy};"


async def test_a_provider_without_a_way_out_is_left_alone(desk: Desk, person: Person) -> None:
    desk.forger.metadata = {"end_session_endpoint": None}
    await desk.sign_in(person)
    person.csrf = (await Session.get()).csrf_token
    assert (await person.send_form("/sign-out")).headers["location"] == "/signed-out"


async def test_signing_out_works_without_the_provider(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    person.csrf = (await Session.get()).csrf_token
    desk.app.state.provider = type(desk.app.state.provider)(
        desk.app.state.services.settings.model_copy(update={"oidc_issuer": "http://localhost:1"})
    )
    assert (await person.send_form("/sign-out")).headers["location"] == "/signed-out"
    assert not await Session.exists()


async def test_another_site_signs_nobody_out(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    csrf = (await Session.get()).csrf_token
    elsewhere = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    answer = await person.post("/sign-out", data={"csrf": csrf}, headers=elsewhere)
    assert answer.status_code == 403
    assert (await person.post("/sign-out", data={"csrf": "x"})).status_code == 403
    assert (await person.get("/sign-out")).status_code == 405
    assert await Session.exists()


async def test_a_browser_lets_the_form_lead_to_the_provider(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    policy = (await person.get("/cameras")).headers["content-security-policy"]
    assert f"form-action 'self' {desk.forger.issuer};" in policy
    assert policy.count("form-action") == 1
    assert (
        "form-action 'self';" in (await person.get("/healthz")).headers["content-security-policy"]
    )


async def test_the_account_menu_knows_whose_accounts_they_are(
    desk: Desk, person: Person, alice: Person
) -> None:
    await desk.sign_in(person)
    assert _account_link(await person.get("/cameras")) is None, "another provider keeps its own"
    link = _account_link(await alice.get("/cameras"))
    assert link is not None
    assert link["href"] == "http://localhost:1/account"
    assert (link["target"], link["rel"]) == ("_blank", ["noopener"])


@pytest.mark.parametrize(
    ("name", "word"), [("alice", "管理ユーザ"), ("bob", "一般ユーザ"), ("olivia", "事業者")]
)
async def test_the_account_menu_says_the_role(
    name: str, word: str, alice: Person, bob: Person, olivia: Person
) -> None:
    person = {"alice": alice, "bob": bob, "olivia": olivia}[name]
    answer = await person.get("/signed-out")
    assert text_of(answer, ".menu-end .menu-title:has(strong)") == f"{name.title()} {word}"


def _account_link(answer: httpx.Response) -> Tag | None:
    links = parsed(answer).select(".menu-end a.menu-item")
    return next((link for link in links if link.get_text(strip=True) == "アカウント"), None)


async def test_the_whole_way_out_and_in_again_at_a_foreign_provider(site: Site) -> None:
    person = await site.sign_in("alice")
    page = await person.get("/cameras")
    csrf = str(one(page, "form[action='/sign-out'] input[name=csrf]")["value"])
    confirm = await person.post("/sign-out", data={"csrf": csrf}, headers={"Origin": site.origin})
    assert str(confirm.url).startswith(f"{site.provider.issuer}/session/end")
    xsrf = str(one(confirm, "input[name=xsrf]")["value"])
    done = await person.post(
        f"{site.provider.issuer}/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"}
    )
    assert str(done.url).startswith(f"{site.origin}/signed-out")
    assert text_of(done, "h1") == "ログアウトしました"
    assert not await Session.exists()
    await person.get(str(one(done, "main a.btn")["href"]))
    assert await Session.all().count() == 1
    assert not (await site.provider.report())["errors"]
