"""The second step in a real browser: codes, an authenticator, a passkey that Chromium keeps."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.identity.in_a_browser import (
    browser,
    complaints_of,
    context,
    looked_at,
    origin,
    parts,
    settings,
)
from tests.identity.people import PASSWORD, letters, make_account
from webapp.identity.models import (
    Account,
    Organisation,
    Passkey,
    SecondFactor,
    SecondFactorMethod,
    SecondStep,
    Session,
)
from webapp.identity.parts import Parts
from webapp.identity.second_factor import passkeys, recovery, totp

pytestmark = pytest.mark.e2e

# Fixtures are found by their names here.
__all__ = ["browser", "context", "origin", "parts", "settings"]

MAKE = """async (options) => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
  const made = await navigator.credentials.create({ publicKey: {
    ...options, challenge: bytes(options.challenge), excludeCredentials: [],
    user: { ...options.user, id: bytes(options.user.id) } } });
  return JSON.stringify(made);
}"""


@pytest.fixture
async def account(parts: Parts) -> Account:
    organisation = await Organisation.create(name="みなと商店街")
    return await make_account(
        parts, organisation, mail="a" * 40 + "@nigiwai.test", second_factor=SecondFactor.RISK
    )


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    page = await context.new_page()
    complaints = complaints_of(page)
    yield page
    assert complaints == []


async def log_in(page: Page, origin: str, account: Account) -> None:
    """By keyboard alone, up to the second step."""
    await page.goto(f"{origin}/login")
    await expect(page.locator("#mail")).to_be_focused()
    await page.keyboard.type(account.mail)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/login/code")


async def code_for(parts: Parts) -> str:
    sent = [letter for letter in await letters(parts) if letter.event == "second_factor_code"]
    return str(sent[-1].values["code"])


async def test_a_mailed_code_is_entered_by_keyboard(
    page: Page,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    await log_in(page, origin, account)
    await expect(page.locator("#code")).to_be_focused()
    again = page.locator(".resend button")
    await expect(again).to_be_disabled()
    await expect(page.locator("#wait")).to_have_text(re.compile(r"\d+"))
    await looked_at(page)

    await page.keyboard.type("12345")
    await page.keyboard.press("Enter")
    await expect(page.locator("#code-error")).to_be_visible()
    await expect(page.locator("#code")).to_be_focused()
    await looked_at(page)

    code = await code_for(parts)
    wide = code.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    await page.keyboard.insert_text(f" {wide[:3]} {wide[3:]} ")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))
    assert await Session.all().count() == 1

    # The browser is known now.
    await page.context.clear_cookies(name="__Host-nigiwai-id")
    await page.goto(f"{origin}/login")
    await page.fill("#mail", account.mail)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))


async def test_another_code_is_sent_when_the_wait_is_over(
    page: Page,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    await log_in(page, origin, account)
    first = await code_for(parts)
    for _ in range(3):
        await page.fill("#code", f"{(int(first) + 1) % 10**6:06}")
        async with page.expect_navigation():  # the page before may show the same error
            await page.keyboard.press("Enter")
        await expect(page.locator("#code-error")).to_be_visible()
    await page.fill("#code", first)
    await page.keyboard.press("Enter")
    await expect(page.locator(".resend .button-strong")).to_be_visible()
    await looked_at(page)
    await SecondStep.all().update(code_sent_at=datetime.now(UTC) - timedelta(seconds=59))
    await page.goto(f"{origin}/login/code")
    again = page.locator(".resend button")
    await expect(again).to_be_enabled(timeout=30_000)
    await again.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/login/code?way=mail")
    await page.fill("#code", await code_for(parts))
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))


async def test_an_authenticator_and_a_recovery_code(
    page: Page,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    secret, earlier = totp.new_secret(), datetime.now(UTC) - timedelta(hours=1)
    code = pyotp.TOTP(secret).at(earlier)
    assert await totp.turn_on(account, secret, code, earlier, parts.sealer)
    account.second_factor_method = SecondFactorMethod.TOTP
    account.second_factor = SecondFactor.ALWAYS
    await account.save()
    recovery_code, *_ = await recovery.make_codes(account)

    await log_in(page, origin, account)
    await expect(page.locator("#code")).to_be_focused()
    await looked_at(page)
    await page.keyboard.type(pyotp.TOTP(secret).now())
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))

    await page.context.clear_cookies()
    await log_in(page, origin, account)
    await page.click('a[href="/login/code?way=recovery"]')
    await expect(page.locator("#code")).to_be_focused()
    await looked_at(page)
    await page.keyboard.type("x" * 16)
    await page.keyboard.press("Enter")
    await expect(page.locator("#code-error")).to_be_visible()
    await looked_at(page)
    await page.keyboard.type(recovery_code)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))


async def with_passkey(page: Page, origin: str, account: Account, parts: Parts) -> None:
    """Let Chromium keep a passkey of the account."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await page.goto(f"{origin}/login")
    asked, challenge = await passkeys.registration_options(account, parts.settings)
    made = await page.evaluate(f"({MAKE})({asked})")
    now = datetime.now(UTC)
    await passkeys.register(account, "スマホ", made, challenge, now, parts.settings)
    account.second_factor_method = SecondFactorMethod.PASSKEY
    account.second_factor = SecondFactor.ALWAYS
    await account.save()


async def test_a_passkey_of_the_browser_signs_in(
    page: Page,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    await with_passkey(page, origin, account, parts)
    for count in (1, 2):
        await log_in(page, origin, account)
        await expect(page.locator("form[data-passkey] button")).to_be_focused()
        await expect(page.locator("[data-passkey-missing]")).to_be_hidden()
        await looked_at(page)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))
        assert await Session.all().count() == count
        kept = await Passkey.get()
        assert kept.last_used_at is not None
        assert kept.transports == ["internal"]
        await page.context.clear_cookies()


async def test_a_passkey_that_is_not_here_is_said_in_words(
    page: Page,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    await recovery.make_codes(account)
    await with_passkey(page, origin, account, parts)
    await log_in(page, origin, account)
    # What the browser says when somebody closes its question.
    refusal = "Promise.reject(new DOMException('', 'NotAllowedError'))"
    await page.evaluate(f"() => {{ navigator.credentials.get = () => {refusal} }}")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-passkey-problem]")).to_be_visible()
    await expect(page.locator("form[data-passkey] button")).to_be_focused()
    await looked_at(page)
    await page.click('a[href="/login/code?way=recovery"]')
    await expect(page.locator("#code")).to_be_focused()


async def test_without_script_a_code_works_and_a_passkey_says_why_not(
    browser: Browser,
    origin: str,
    parts: Parts,
    account: Account,
) -> None:
    context = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{origin}/login")
    await page.fill("#mail", account.mail)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#wait")).to_be_visible()
    await page.click(".resend button")
    await expect(page.locator("#code-error, main .problem")).to_be_visible()
    await page.click("button[value=en]")
    await expect(page.locator("h1")).to_have_text("Enter the code")
    await page.fill("#code", await code_for(parts))
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"^{origin}/(account)?$"))
    await context.close()


async def test_a_login_that_is_over_leads_back(
    page: Page,
    origin: str,
    account: Account,
) -> None:
    await log_in(page, origin, account)
    await SecondStep.all().update(expires_at=datetime.now(UTC))
    await page.keyboard.type("123456")
    await page.keyboard.press("Enter")
    await expect(page.locator("#code")).to_have_count(0)
    await looked_at(page)
    await page.click("main a.button")
    await page.wait_for_url("**/login")
