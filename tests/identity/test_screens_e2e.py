"""The provider's screens in a real browser: login, 許可 and パスワードリセット, walked through."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.identity.in_a_browser import (
    LONG,
    browser,
    complaints_of,
    context,
    looked_at,
    origin,
    parts,
    settings,
)
from tests.identity.people import PASSWORD, letters, make_account, requests_for_reset
from webapp.identity.flows.reset import send_reset_link
from webapp.identity.models import Account, Client, Organisation
from webapp.identity.parts import Parts

pytestmark = pytest.mark.e2e

# Fixtures are found by their names here.
__all__ = ["browser", "context", "origin", "parts", "settings"]

NEW = "海辺の 自転車 と 古い時計"
VERIFIER = "v" * 43


@pytest.fixture
async def account(parts: Parts) -> Account:
    """Somebody with a long name, whose language is that of the browser's page."""
    organisation = await Organisation.create(name=LONG)
    return await make_account(parts, organisation, LONG, mail="a" * 40 + "@nigiwai.test")


@pytest.fixture
async def application(origin: str) -> str:
    """The address at which an application asks; its own is a page of the provider here."""
    callback = f"{origin}/reset/sent"
    scope = "openid profile email nigiwai offline_access"
    await Client.create(client_id="app", name="混雑マップ", redirect_uris=[callback], scope=scope)
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    values = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": callback,
        "scope": scope,
        "state": "x",
        "nonce": "n",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{origin}/authorize?{urlencode(values)}"


async def test_a_first_login_ends_at_the_application(
    context: BrowserContext, application: str, account: Account
) -> None:
    page = await context.new_page()
    complaints = complaints_of(page)
    await page.goto(application)
    await expect(page.locator("#mail")).to_be_focused()
    await looked_at(page)

    await page.keyboard.press("Enter")
    await expect(page.locator("#mail-error")).to_be_visible()
    await expect(page.locator("#mail")).to_be_focused()
    await looked_at(page)

    await page.fill("#mail", account.mail)
    await page.fill("#password", "not this one")
    await page.keyboard.press("Enter")
    await expect(page.locator("#refused")).to_be_visible()
    await expect(page.locator("#mail")).to_have_value(account.mail)
    await expect(page.locator("#password")).to_have_value("")
    await expect(page.locator("#password")).to_be_focused()
    await looked_at(page)

    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.locator("#password")).to_have_attribute("type", "text")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/consent?*")
    await expect(page.locator(".reads")).to_contain_text(account.mail)
    await looked_at(page)

    await page.click("button[value=allow]")
    await page.wait_for_url("**/reset/sent?code=*")

    await page.goto(application)
    await page.wait_for_url("**/reset/sent?code=*")
    assert complaints == []


async def test_a_refusal_ends_at_the_application_too(
    browser: Browser, application: str, account: Account
) -> None:
    page = await browser.new_page()
    await page.goto(application)
    await page.fill("#mail", account.mail)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.click("button[value=deny]")
    await page.wait_for_url("**/reset/sent?error=access_denied*")


async def test_a_password_is_reset_and_used(
    context: BrowserContext, origin: str, parts: Parts, account: Account
) -> None:
    page = await context.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{origin}/login")
    await page.click(".after a")
    await page.wait_for_url("**/reset")
    await page.fill("#mail", "nobody")
    await page.keyboard.press("Enter")
    await expect(page.locator("#mail-error")).to_be_visible()
    await looked_at(page)
    await page.fill("#mail", account.mail)
    await page.keyboard.press("Enter")
    await expect(page.locator(".told")).to_have_text(account.mail)
    await looked_at(page)
    await page.click("button[value=send]")
    await page.wait_for_url("**/reset/sent")
    await looked_at(page)

    for payload in await requests_for_reset():
        await send_reset_link(parts, payload)
    link = (await letters(parts))[-1].values["url"]
    await page.goto(link)
    await expect(page.locator("#mail")).to_have_value(account.mail)
    await page.fill("#password", "password1234")
    await page.keyboard.press("Enter")
    await expect(page.locator("#password-error")).to_be_visible()
    await expect(page.locator("#password")).to_be_focused()
    await looked_at(page)
    await page.fill("#password", NEW)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/password-changed")
    await looked_at(page)
    spent = await page.goto(link)
    assert spent is not None
    assert spent.status == 410
    await looked_at(page)

    await page.goto(f"{origin}/password-changed")
    await page.click("a.button")
    await page.fill("#mail", account.mail)
    await page.fill("#password", NEW)
    await page.keyboard.press("Enter")
    await expect(page.locator(".facts").first).to_contain_text(LONG)
    await looked_at(page)
    await page.goto(f"{origin}/logout")
    await looked_at(page)
    await page.click("main button")
    await expect(page.locator("main a.button")).to_be_visible()
    await looked_at(page)
    await page.goto(f"{origin}/nothing")
    await looked_at(page)
    assert complaints == []


async def test_the_language_is_switched_in_place_and_without_script(
    browser: Browser, origin: str, application: str, account: Account
) -> None:
    context = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(application)
    here = page.url
    await expect(page.locator("h1")).to_have_text("ログイン")
    await expect(page.locator("[data-reveals]")).to_be_hidden()
    await page.click("button[value=en]")
    assert page.url == here
    await expect(page.locator("h1")).to_have_text("Sign in")
    await page.fill("#mail", account.mail)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/consent?*")
    await expect(page.locator("button[value=allow]")).to_have_text("Allow")
    await context.close()
