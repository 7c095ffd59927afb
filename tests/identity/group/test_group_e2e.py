"""The Group Manager in a real browser: somebody is added, comes, and is deleted."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

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
from tests.identity.people import PASSWORD, letters, make_account
from webapp.identity.models import Account, Organisation, Role
from webapp.identity.parts import Parts

pytestmark = pytest.mark.e2e

# Fixtures are found by their names here.
__all__ = ["browser", "context", "origin", "parts", "settings"]

NEW = "海辺の 自転車 と 古い時計"
MAIL = "jiro@nigiwai.test"


@pytest.fixture
async def account(parts: Parts) -> Account:
    """The admin, whose organisation has a long name, and a colleague with one."""
    organisation = await Organisation.create(name=LONG)
    await make_account(
        parts, organisation, LONG, mail="a" * 40 + "@nigiwai.test", role=Role.GENERAL
    )
    return await make_account(parts, organisation, "Alice")


async def log_in(page: Page, mail: str, password: str, parts: Parts) -> None:
    """Fill in the login, and the code of the mail where this browser is asked for one."""
    await page.fill("#mail", mail)
    await page.fill("#password", password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: not url.split("?")[0].endswith("/login"))
    if "/login/code" in page.url:
        code = (await letters(parts))[-1].values["code"]
        await page.fill("input[name=code]", code)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/login/code" not in url)


async def test_somebody_is_added_comes_and_is_deleted(
    context: BrowserContext, origin: str, parts: Parts, account: Account
) -> None:
    page = await context.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{origin}/group")
    await log_in(page, account.mail, PASSWORD, parts)
    await expect(page.locator(".who-name")).to_have_count(2)
    await looked_at(page)

    # 新規登録・招待 → 社内ユーザを新規作成する, by keyboard alone
    await page.locator(".menu-new summary").focus()
    await page.keyboard.press("Enter")
    await looked_at(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu-new a")).to_be_hidden()
    await expect(page.locator(".menu-new summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/group/new")
    await expect(page.locator("#name")).to_be_focused()
    await looked_at(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("#mail-error")).to_be_visible()
    await expect(page.locator("#name")).to_be_focused()
    await looked_at(page)
    await page.keyboard.type("鈴木　次郎")
    await page.fill("#mail", account.mail)
    async with page.expect_navigation():  # the page before has the same field in focus
        await page.keyboard.press("Enter")
    await expect(page.locator("#mail")).to_be_focused()
    await looked_at(page)
    await page.fill("#mail", MAIL)
    await page.fill("#company", LONG)
    await page.keyboard.press("Enter")
    await expect(page.locator("dl.facts")).to_contain_text(MAIL)
    await looked_at(page)
    await page.click("button[value=back]")
    await expect(page.locator("#company")).to_have_value(LONG)
    await page.click("main button.button-strong")
    await expect(page.locator("button[value=add]")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/group*")
    await expect(page.locator(".notice-done")).to_be_visible()
    await expect(page.locator("h1")).to_contain_text("3 / 100")
    await looked_at(page)
    await page.click(".notice-done a")
    await expect(page.locator(".notice-done")).to_have_count(0)

    # The mail's link → パスワード初期設定 → login, at the person's own browser
    assert context.browser is not None
    own = await context.browser.new_context()
    theirs = await own.new_page()
    invitation = (await letters(parts))[-1]
    assert invitation.to == MAIL
    await theirs.goto(invitation.values["url"])
    await theirs.fill("#password", NEW)
    await theirs.keyboard.press("Enter")
    await theirs.wait_for_url("**/password-changed")
    await theirs.goto(f"{origin}/login?next=%2Faccount")
    await log_in(theirs, MAIL, NEW, parts)
    await expect(theirs.locator("h1")).to_be_visible()
    assert theirs.url == f"{origin}/account"

    # Searched, edited
    await page.fill("#q", "jiro")
    await page.keyboard.press("Enter")
    await expect(page.locator(".who-name")).to_have_text(["鈴木 次郎"])
    await looked_at(page)
    await page.click(".row-do a")
    await looked_at(page)
    await page.select_option("#role", "admin")
    await page.click("main button.button-strong")
    await expect(page.locator(".notice-warning")).to_be_visible()
    await looked_at(page)
    await page.click("button[value=change]")
    await expect(page.locator(".notice-done")).to_be_visible()
    await theirs.reload()
    assert "/login" in theirs.url, "a new role signs out"
    await page.goto(f"{origin}/group?q=nobody")
    await looked_at(page)

    # Ticks → 削除確認 → 削除 → 閉じる
    await page.goto(f"{origin}/group")
    await page.click(".deleting button")
    await expect(page.locator(".notice-danger")).to_be_visible()
    await looked_at(page)
    boxes = page.locator("input[name=account]")
    await boxes.nth(1).focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#deleting-hint")).to_contain_text("1")
    await page.click(".deleting button")
    await expect(page.locator(".going")).to_contain_text(MAIL)
    await looked_at(page)
    await page.click("button.button-danger-strong")
    await expect(page.locator(".notice-done")).to_be_visible()
    await expect(page.locator("h1")).to_contain_text("2 / 100")
    await looked_at(page)
    assert (await letters(parts))[-1].event == "account_deleted"
    await own.close()
    assert complaints == []


async def test_the_browser_s_own_way_back_keeps_what_was_typed(
    browser: Browser, origin: str, parts: Parts, account: Account
) -> None:
    page = await browser.new_page()
    await page.goto(f"{origin}/group")
    await log_in(page, account.mail, PASSWORD, parts)
    await page.goto(f"{origin}/group/new")
    await page.fill("#name", "Jiro")
    await page.fill("#mail", MAIL)
    await page.select_option("#role", "admin")
    await page.click("main button.button-strong")
    await expect(page.locator("dl.facts")).to_contain_text(MAIL)
    await page.go_back()
    await expect(page.locator("#name")).to_have_value("Jiro")
    await expect(page.locator("#mail")).to_have_value(MAIL)
    await expect(page.locator("#role")).to_have_value("admin")
    await page.close()


async def test_everything_works_without_script(
    browser: Browser, origin: str, parts: Parts, account: Account
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{origin}/group")
    await log_in(page, account.mail, PASSWORD, parts)
    await page.click(".menu-new summary")
    await page.click(".menu-new a")
    await page.fill("#name", "Jiro")
    await page.fill("#mail", MAIL)
    await page.click("main button.button-strong")
    await page.click("button[value=add]")
    await page.locator("input[name=account]").nth(1).check()
    await page.click(".deleting button")
    await page.click("button.button-danger-strong")
    await page.click(".notice-done a")
    await expect(page.locator("h1")).to_contain_text("2 / 100")
    await context.close()
