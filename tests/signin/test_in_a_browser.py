"""The way in and out in a real browser: policies, cookies and redirects as Chromium has them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.conftest import missing
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, serious_problems
from tests.identity.people import PASSWORD
from tests.signin.house import House
from webapp.models import Session
from webapp.signin import attempt
from webapp.signin.sessions import COOKIE

pytestmark = pytest.mark.e2e

SIZES = [(1280, 800), (375, 800)]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        missing("Chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


async def opened(browser: Browser, width: int, height: int, language: str) -> Page:
    """A page of a new browser that complains of nothing."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale={"ja": "ja-JP", "en": "en-GB"}[language],
        reduced_motion="reduce",
    )
    return await context.new_page()


async def log_in(page: Page, house: House) -> None:
    await page.fill("input[name=mail]", house.account.mail)
    await page.fill("input[name=password]", PASSWORD)
    await page.click("main form button[type=submit]")
    await page.click("main form button[value=allow]")


async def test_in_and_out_in_a_browser(chromium: Browser, house: House) -> None:
    page = await opened(chromium, 1280, 800, "ja")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{house.settings.origin}/cameras/manage?order=name")
    await expect(page).to_have_url(re.compile(f"^{house.settings.identity_origin}/login"))
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    assert cookies[attempt.COOKIE]["httpOnly"]
    await log_in(page, house)
    await expect(page).to_have_url(f"{house.settings.origin}/cameras/manage?order=name")
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    assert cookies[COOKIE]["httpOnly"]
    assert cookies[COOKIE]["secure"]
    assert attempt.COOKIE not in cookies
    await page.click(".menu-end summary")
    async with page.context.expect_page() as opening:
        await page.click(".menu-end >> text=アカウント")
    account = await opening.value
    await expect(account).to_have_url(re.compile(f"^{house.settings.identity_origin}/"))
    assert await account.evaluate("window.opener") is None
    await account.close()
    await page.click(".menu-end >> text=ログアウト")
    await expect(page).to_have_url(re.compile(f"^{house.settings.origin}/signed-out"))
    await expect(page.locator("h1")).to_have_text("ログアウトしました")
    assert not await Session.exists()
    await page.click("main a.btn")
    await expect(page).to_have_url(re.compile(f"^{house.settings.identity_origin}/login"))
    assert complaints == []


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_pages_around_signing_in_can_be_used_by_everybody(
    chromium: Browser, house: House, width: int, height: int, language: str
) -> None:
    page = await opened(chromium, width, height, language)
    for path in ("/signed-out", "/sign-in/callback?code=x&state=y", "/login-link/" + "t" * 43):
        await page.goto(house.settings.origin + path)
        assert await serious_problems(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.get_attribute("html", "lang") == language
        japanese = re.search(r"[ぁ-ん]", await page.inner_text("main"))
        assert (japanese is not None) == (language == "ja")
