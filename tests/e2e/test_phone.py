"""What is short of room on a phone: long names, tabs, weekdays in English, previews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import BrowserContext

from jobs.forecast import forecast_due
from tests.builders import counted, make_camera, make_group
from tests.e2e.test_screens import LONG, quiet
from tests.forecast.conftest import make_quarters
from tests.history.conftest import make_past
from webapp.models import Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e

TOKYO = ZoneInfo("Asia/Tokyo")

# How far the first of these elements stands out of the other one, at its left or right.
STANDS_OUT = """([inner, outer]) => {
    const [a, b] = [inner, outer].map((one) => document.querySelector(one).getBoundingClientRect());
    return Math.max(b.left - a.left, a.right - b.right);
}"""


async def test_nothing_is_cut_on_a_phone(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, LONG, latest=counted(3))
    await make_past(camera, datetime.now(UTC) - timedelta(days=2), [3] * 60)
    first = datetime.now(TOKYO).date() - timedelta(days=30)
    await make_quarters(camera, first, 28, TOKYO)

    async def clock() -> datetime:
        return datetime.now(UTC)

    await forecast_due(services.settings, clock)
    group = await make_group(organisation, "駅前", [camera])
    page = await admin.new_page()
    complaints = quiet(page)
    await page.set_viewport_size({"width": 375, "height": 667})
    await page.goto(f"{origin}/cameras")
    await page.click(".menu-end > summary.icon-button >> nth=0")
    await page.click("button[name=language][value=en]")

    embed, site = f"cameras/{camera.public_id}/embed", f"groups/{group.public_id}/site"
    for path, preview in ((embed, "embed"), (site, "site")):
        await page.goto(f"{origin}/{path}")
        assert await page.evaluate(STANDS_OUT, [".settings-tabs [aria-current]", "body"]) <= 0
        for button in await page.locator("[data-width]").all():
            await button.click()
            frame = f"#{preview}-preview"
            assert await page.evaluate(STANDS_OUT, [frame, f":has(> {frame})"]) <= 1
    await page.goto(f"{origin}/cameras/{camera.public_id}/forecast")
    tabs = page.locator(".forecast-tab")
    assert (
        await tabs.evaluate_all("(all) => all.map((a) => a.scrollWidth - a.clientWidth)") == [0] * 7
    )
    await page.goto(f"{origin}/reports")
    assert await page.locator("#subject").is_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    assert complaints == []
