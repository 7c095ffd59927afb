"""組織設定, 監査ログ and the operator's pages in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.builders import make_api_token, picture
from tests.e2e.conftest import serious_problems
from tests.people import hire
from webapp.audit.actions import Action
from webapp.audit.log import Actor, write
from webapp.models import Organisation, Role
from webapp.operator import login_links
from webapp.operator.office import open_office
from webapp.operator.organisations import create_organisation, operators
from webapp.services import Services

pytestmark = pytest.mark.e2e

LOOKS = [(1280, "light"), (375, "dark")]
LONG = (
    "とても長い名前の組織：みなと商店街アーケード東側入口の案内板の会（任意団体）六十文字です。" * 2
)


@pytest.fixture
async def operator(
    browser: Browser, origin: str, services: Services
) -> AsyncIterator[BrowserContext]:
    """A browser in which an operator has signed in."""
    owner = await operators(open_office(services.settings), datetime.now(UTC))
    member = await hire(owner, "Olivia", Role.OPERATOR)
    context = await browser.new_context(locale="ja-JP")
    page = await context.new_page()
    await page.goto(await login_links.create(services.settings, member, datetime.now(UTC)))
    await page.click("main form button")
    await page.wait_for_url("**/operator*")
    await page.close()
    yield context
    await context.close()


async def look(page: Page, address: str) -> None:
    """Nothing is out of reach, and nothing is wider than the window."""
    for width, scheme in LOOKS:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.goto(address)
        assert await serious_problems(page) == []
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{address} is {wider} px wider than {width}"


async def test_the_operators_pages_are_accessible(
    operator: BrowserContext, origin: str, services: Services
) -> None:
    made = await create_organisation(
        open_office(services.settings),
        datetime.now(UTC),
        name=LONG[:100],
        admin_mail="somebody.with.a.long.name@department.of.the.example.co.jp",
        admin_name="長い名前の管理ユーザ" * 5,
    )
    page = await operator.new_page()
    own = f"/operator/organisations/{made['organisation']}"
    for path in ("/operator", "/operator?q=x", "/operator/organisations/new", own):
        await look(page, origin + path)
    await look(page, f"{origin}/operator/audit")


async def test_an_organisation_is_stopped_and_goes_on_by_keyboard(
    operator: BrowserContext, origin: str, organisation: Organisation
) -> None:
    page = await operator.new_page()
    await page.goto(f"{origin}/operator/organisations/{organisation.public_id}")
    for button, word in (("停止", "停止中"), ("再開", "利用中")):
        await page.focus("section details summary")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        focused = await page.evaluate("document.activeElement.textContent.trim()")
        assert focused == f"{button}する"
        await page.keyboard.press("Enter")
        await expect(page.locator(".page-head .state-word")).to_have_text(word)


async def test_the_settings_are_lit_when_they_change_and_ask_on_leaving(
    admin: BrowserContext, origin: str, organisation: Organisation
) -> None:
    page = await admin.new_page()
    await look(page, f"{origin}/organisation")
    save = page.locator("[data-save]")
    await expect(save).to_be_disabled()
    logo = {"name": "l.png", "mimeType": "image/png", "buffer": picture(300, 80, ".png")}
    await page.set_input_files("#logo", logo)  # type: ignore[arg-type]
    await expect(save).to_be_enabled()
    asked: list[str] = []

    async def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        await dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    async with page.expect_event("dialog"):
        await page.click("main a.btn", no_wait_after=True)
    assert asked == ["beforeunload"]
    await save.click()
    await expect(page.locator(".notice-done")).to_be_visible()
    assert (await Organisation.get(id=organisation.id)).logo
    await expect(page.locator(".logo-box img")).to_have_js_property("naturalWidth", 300)


async def test_a_colour_is_shown_while_it_is_chosen(admin: BrowserContext, origin: str) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/organisation")
    await expect(page.locator("#colour")).to_be_hidden()
    await page.check("input[name=has_colour]")
    await page.fill("#colour", "#ffee00")
    await expect(page.locator("#colour-look .colour-warning")).to_be_visible()
    assert await page.locator("#colour-look rect >> nth=1").get_attribute("fill") == "#ffee00"


async def test_the_audit_log_is_accessible(
    admin: BrowserContext, origin: str, organisation: Organisation
) -> None:
    page = await admin.new_page()
    for action in Action:
        actor = Actor("hanako000001", "管理 花子" * 8, "2001:db8:85a3::8a2e:370:7334")
        changed = {"name": [LONG, "入口"], "source": None}
        await write(
            organisation.id,
            actor,
            action,
            datetime.now(UTC),
            target="camera",
            target_name=LONG,
            changed=changed,
        )
    await look(page, f"{origin}/organisation/audit")
    await look(page, f"{origin}/organisation/audit?action=camera_removed&since=2999-01-01")


async def test_a_token_is_made_copied_used_and_revoked(
    admin: BrowserContext, origin: str, organisation: Organisation
) -> None:
    await make_api_token(organisation, name=LONG[:60])
    await admin.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    page = await admin.new_page()
    for path in ("/organisation/tokens", "/help/api"):
        await look(page, f"{origin}{path}")
    await page.goto(f"{origin}/organisation")
    await page.get_by_role("link", name="APIトークンを管理").click()
    await page.get_by_label("名前").fill("受付の画面")
    await page.get_by_role("button", name="トークンを作成").click()
    await page.wait_for_selector("[data-copy=token]")
    await page.wait_for_load_state()
    # It says so for two seconds: who looks only after the click may come too late.
    label = page.locator("[data-copy=token] span")
    await label.evaluate(
        """(label) => new MutationObserver(() => { label.dataset.said ??= label.textContent; })
          .observe(label, { childList: true })"""
    )
    await page.locator("[data-copy=token]").click()
    await expect(label).to_have_attribute("data-said", "コピーしました")
    token = await page.evaluate("navigator.clipboard.readText()")
    assert token == await page.locator("#token").input_value()
    assert await serious_problems(page) == []

    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=bearer, timeout=30) as program:
        assert (await program.get(f"{origin}/api/v1/cameras")).status_code == 200
        await page.goto(f"{origin}/organisation/tokens")
        card = page.locator(".token-list > li", has_text="受付の画面")
        await expect(card).not_to_contain_text("まだ使われていません")
        await card.locator("summary").click()
        await card.get_by_role("button", name="トークンを取り消す").click()
        await expect(page.get_by_role("status")).to_contain_text("トークンを取り消しました")
        assert (await program.get(f"{origin}/api/v1/cameras")).status_code == 401
