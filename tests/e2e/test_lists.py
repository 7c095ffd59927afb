"""Searching a list in a real browser: it follows the typing, and reload and refresh keep it."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.builders import counted, lost, make_camera
from tests.e2e.conftest import serious_problems
from webapp.models import Latest, Organisation

pytestmark = pytest.mark.e2e


@pytest.fixture
async def cameras(organisation: Organisation) -> None:
    await make_camera(organisation, "東口", latest=counted(3))
    await make_camera(organisation, "西口", latest=counted(8))
    await make_camera(organisation, "屋上", latest=lost())


@pytest.mark.parametrize(
    ("path", "name"), [("/cameras", ".camera-card h2"), ("/cameras/manage", "#rows tbody th")]
)
async def test_a_search_follows_the_typing_and_is_kept(
    admin: BrowserContext, origin: str, cameras: None, path: str, name: str
) -> None:
    page = await admin.new_page()
    await page.goto(origin + path)
    await page.focus("#q")
    await page.keyboard.type("口")
    await expect(page.locator(name)).to_have_text(["東口", "西口"])
    await page.select_option("[name=sort]", "count")
    await expect(page.locator(name)).to_have_text(["西口", "東口"])
    assert await page.locator("#q").input_value() == "口"
    await page.reload()
    await expect(page.locator(name)).to_have_text(["西口", "東口"])
    await Latest.filter(count=3).update(count=20)
    await page.click(".page-actions button")
    await expect(page.locator(name)).to_have_text(["東口", "西口"])
    await page.fill("#q", "どこにもない")
    await expect(page.locator(".empty-state h2")).to_have_text("条件に合うカメラがありません")
    assert await serious_problems(page) == []
    await page.click(".empty-state a")
    await expect(page.locator(name)).to_have_count(3)
    assert await page.evaluate("location.search") == ""


async def test_a_list_is_searched_without_script(
    admin: BrowserContext, origin: str, cameras: None
) -> None:
    plain = await admin.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=await admin.storage_state()
    )
    page = await plain.new_page()
    await page.goto(f"{origin}/cameras")
    await page.fill("#q", "東")
    await page.select_option("[name=state]", "done")
    await page.click("#selection button")
    await expect(page.locator(".camera-card h2")).to_have_text(["東口"])
    await plain.close()
