"""The Account Manager in a real browser: every screen at both widths, and one flow by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.identity.in_a_browser import (
    LONG,
    Look,
    browser,
    complaints_of,
    looked_at,
    looking,
    name_of,
    origin,
    parts,
    settings,
)
from tests.identity.people import PASSWORD, letters, make_account
from webapp.identity.models import (
    Account,
    Client,
    Consent,
    Event,
    Organisation,
    Passkey,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# Fixtures are found by their names here.
__all__ = ["browser", "origin", "parts", "settings"]

NEW = "海辺の 自転車 と 古い時計"
LOOKS: list[Look] = [
    (1280, "ja-JP", "light"),
    (375, "ja-JP", "dark"),
    (1280, "en-GB", "dark"),
    (375, "en-GB", "light"),
]


@pytest.fixture(params=LOOKS, ids=name_of)
async def context(
    request: pytest.FixtureRequest, browser: Browser
) -> AsyncIterator[BrowserContext]:
    """Each of the four looks."""
    async with looking(browser, request.param) as context:
        yield context


@pytest.fixture
async def account(parts: Parts, request: pytest.FixtureRequest) -> Account:
    """Somebody with a long name, with a past, a telephone and two applications."""
    language = "en" if "en-GB" in request.node.name else "ja"
    organisation = await Organisation.create(name=LONG)
    account = await make_account(
        parts,
        organisation,
        LONG,
        mail="a" * 40 + "@nigiwai.test",
        language=language,
        second_factor=SecondFactor.OFF,
    )
    now = datetime.now(UTC)
    for day in range(45):
        await Event.create(
            account=account,
            kind="login",
            at=now - timedelta(days=day, minutes=1),
            address="2001:db8:85a3:8d3:1319:8a2e:370:7348" if day % 3 else "203.0.113.7",
            browser="Samsung Internet / Android" if day % 2 else "",
        )
    await Session.create(
        account=account,
        token_hash="of the telephone",
        csrf_token="x",
        sid="phone",
        signed_in_at=now - timedelta(hours=1),
        expires_at=now + timedelta(hours=9),
        address="198.51.100.4",
        browser="Safari / iPhone",
    )
    for name in ("Nigiwai", LONG):
        client = await Client.create(client_id=f"app-{len(name)}", name=name)
        await Consent.create(
            account=account,
            client=client,
            scope="openid profile email nigiwai offline_access",
            given_at=now,
        )
    return account


async def log_in(page: Page, address: str, mail: str, password: str = PASSWORD) -> None:
    """Open a page of the manager, by way of the login."""
    await page.goto(address)
    await page.fill("#mail", mail)
    await page.fill("#password", password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(address)


async def send(page: Page) -> None:
    """Press the strong button of the page's form."""
    await page.click("main form .button-strong")


async def test_the_account_is_walked_through(
    context: BrowserContext, origin: str, parts: Parts, account: Account
) -> None:
    page = await context.new_page()
    complaints = complaints_of(page)
    await log_in(page, f"{origin}/account/history", account.mail)
    await looked_at(page)
    await page.click("a[rel=next]")
    await expect(page.locator("tbody tr")).to_have_count(20)
    await looked_at(page)

    await page.goto(f"{origin}/account/devices")
    await looked_at(page)
    await page.click(".things form button")
    await expect(page.locator(".things > li")).to_have_count(1)
    await looked_at(page)
    await page.reload()
    await expect(page.locator(".notice-done")).to_have_count(0)

    await page.goto(f"{origin}/account/apps")
    await looked_at(page)
    await page.click(".things a >> nth=0")
    await looked_at(page)
    await page.click("main form button")
    await expect(page.locator(".things > li")).to_have_count(1)
    await looked_at(page)

    await page.goto(f"{origin}/")
    await page.wait_for_url("**/account")
    await page.click(".menu > summary")
    await expect(page.locator(".menu-items")).to_be_visible()
    await looked_at(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu-items")).to_be_hidden()
    await expect(page.locator(".menu > summary")).to_be_focused()

    await page.click("main a[href='/account/edit']")
    await looked_at(page)
    await page.fill("#name", "")
    await page.fill("#phone", "none")
    await send(page)
    await expect(page.locator("#name")).to_be_focused()
    await expect(page.locator("#phone-error")).to_be_visible()
    await looked_at(page)
    await page.fill("#name", LONG + "2")
    await page.fill("#phone", "03-1234-5678")
    await send(page)
    await looked_at(page)
    await Account.filter(id=account.id).update(department="別の画面")
    await send(page)
    await expect(page.locator(".notice-warning")).to_be_visible()
    await looked_at(page)
    await send(page)
    await page.wait_for_url("**/account")
    await expect(page.locator(".notice-done")).to_be_visible()
    await expect(page.locator("main")).to_contain_text(LONG + "2")
    await looked_at(page)

    await page.click("a[href='/account/mail']")
    await page.fill("#mail", "nobody")
    await page.fill("#current", PASSWORD)
    await send(page)
    await expect(page.locator("#mail-error")).to_be_visible()
    await looked_at(page)
    await page.fill("#mail", "new@nigiwai.test")
    await page.fill("#current", PASSWORD)
    await send(page)
    await expect(page.locator(".notice-warning")).to_contain_text("new@nigiwai.test")
    await looked_at(page)
    await page.goto(f"{origin}/account/mail")
    await looked_at(page)
    sent = {letter.event: letter.values for letter in await letters(parts)}
    for event in ("mail_change_old", "mail_change_new"):
        await page.goto(sent[event]["url"])
        await looked_at(page)
        await page.click("main button")
        await looked_at(page)
    spent = await page.goto(sent["mail_change_new"]["url"])
    assert spent is not None
    assert spent.status == 410
    await looked_at(page)
    await page.goto(f"{origin}/account")
    await expect(page.locator("main")).to_contain_text("new@nigiwai.test")

    await page.click("a[href='/account/password']")
    await looked_at(page)
    await page.fill("#current", PASSWORD)
    await page.fill("#password", "short")
    await send(page)
    await expect(page.locator("#password")).to_be_focused()
    await looked_at(page)
    for field, value in (("current", PASSWORD), ("password", NEW), ("again", NEW)):
        await page.fill(f"#{field}", value)
    await send(page)
    await expect(page.locator(".notice-done")).to_be_visible()
    assert complaints == []


async def test_the_security_settings_are_walked_through(
    context: BrowserContext, origin: str, account: Account
) -> None:
    page = await context.new_page()
    complaints = complaints_of(page)
    devtools = await context.new_cdp_session(page)
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
    await log_in(page, f"{origin}/account/security", account.mail)
    await looked_at(page)

    await page.check("[name=method][value=totp]")
    await send(page)
    await expect(page.locator("#current")).to_be_focused()
    await looked_at(page)
    await page.fill("#current", PASSWORD)
    await send(page)
    await looked_at(page)
    secret = await page.locator("#secret").get_attribute("data-text")
    assert secret is not None
    assert await page.locator("svg.qr").evaluate("svg => svg.getBoundingClientRect().width") > 150
    await page.fill("#code", "12345")
    await send(page)
    await expect(page.locator("#code-error")).to_be_visible()
    await looked_at(page)
    await page.fill("#code", pyotp.TOTP(secret).at(datetime.now(UTC)))
    await send(page)
    await expect(page.locator(".codes li")).to_have_count(10)
    await looked_at(page)
    codes = await page.locator(".codes li").all_inner_texts()
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.click("[data-copies]")
    await expect(page.locator("#copied")).not_to_be_empty()
    assert await page.evaluate("navigator.clipboard.readText()") == "\n".join(codes)
    await page.click("main a.button-strong")
    assert (await Account.get(id=account.id)).second_factor_method is SecondFactorMethod.TOTP
    await looked_at(page)
    await page.click("a[href='/account/security/recovery']")
    await looked_at(page)
    await page.goto(f"{origin}/account/security/totp")
    await looked_at(page)

    await page.goto(f"{origin}/account/security/passkeys/new")
    await looked_at(page)
    await page.fill("#current", PASSWORD)
    await send(page)
    await expect(page.locator("#name")).to_be_visible()
    await looked_at(page)
    await page.fill("#name", LONG[:60])
    await send(page)
    await page.wait_for_url("**/account/security")
    await expect(page.locator(".notice-done")).to_be_visible()
    passkey = await Passkey.get(account=account)
    await looked_at(page)
    await page.click(f"a[href$='{passkey.public_id}']")
    await looked_at(page)
    await page.fill("#current", PASSWORD)
    await page.click("button[value=remove]")
    await expect(page.locator(".notice-done")).to_be_visible()
    assert not await Passkey.exists()
    assert complaints == []


async def test_the_account_is_edited_by_keyboard_alone(
    browser: Browser, origin: str, account: Account
) -> None:
    page = await browser.new_page(locale="ja-JP")
    await log_in(page, f"{origin}/account", account.mail)

    async def tab_to(selector: str) -> None:
        """Tab on until it has the focus, and see that the focus is seen."""
        for _ in range(40):
            await page.keyboard.press("Tab")
            if await page.locator(selector).evaluate("it => it === document.activeElement"):
                outline = await page.locator(selector).evaluate(
                    "it => getComputedStyle(it).outline"
                )
                assert "3px" in outline, outline
                return
        raise AssertionError(f"{selector} is not reached")

    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await tab_to("main a[href='/account/edit']")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/account/edit")
    await tab_to("#department")
    await page.keyboard.type("にぎわい推進課")
    await tab_to("#language")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#language")).to_have_value("en")
    await tab_to("main form button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/account/edit/confirm")
    await tab_to("button[value=update]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/account")
    kept = await Account.get(id=account.id)
    assert (kept.department, kept.language) == ("にぎわい推進課", "en")
    await expect(page.locator("h1")).to_have_text("Account information")

    await page.focus(".menu > summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".menu-item").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu > summary")).to_be_focused()
    await page.context.close()


async def test_the_settings_are_kept_without_script(
    browser: Browser, origin: str, account: Account
) -> None:
    context = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = await context.new_page()
    await log_in(page, f"{origin}/account/security", account.mail)
    await page.check("[name=second_factor][value=always]")
    await page.fill("#current", PASSWORD)
    await send(page)
    await expect(page.locator(".notice-done")).to_be_visible()
    assert (await Account.get(id=account.id)).second_factor is SecondFactor.ALWAYS
    await page.goto(f"{origin}/account/security/passkeys/new")
    await page.fill("#current", PASSWORD)
    await send(page)
    await expect(page.locator("[data-passkey-missing]")).to_be_visible()
    await expect(page.locator("[data-passkey]")).to_be_hidden()
    await context.close()
