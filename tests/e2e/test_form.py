"""The form of a network camera in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.conftest import serious_problems
from tests.e2e.test_screens import quiet

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("width", [1280, 375])
async def test_help_for_an_address_keeps_what_was_typed(
    admin: BrowserContext, origin: str, width: int
) -> None:
    page = await admin.new_page()
    complaints = quiet(page)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"{origin}/cameras/new/network")
    await page.fill("#name", "東口")
    await page.check("[name=connector][value=rtsp]")
    await expect(page.locator("#maker option[value=tapo]")).to_have_count(1)
    await page.fill("#user", "viewer")
    await page.fill("#password", "geheim")
    await page.select_option("#maker", "tapo")
    await page.fill("#host", "192.168.0.10")
    await page.press("#host", "Enter")
    await expect(page.locator("#url")).to_have_value("rtsp://192.168.0.10/stream1")
    assert await page.locator("#password").input_value() == "geheim"
    assert await page.locator("#user").input_value() == "viewer"
    assert await page.locator("#name").input_value() == "東口"
    assert await serious_problems(page) == []
    assert complaints == []
