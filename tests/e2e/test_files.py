"""CSV of all cameras and monthly reports in a real browser: asked for, made, fetched (F3, F5)."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs.prepare import prepare_one
from tests.builders import counted, make_camera
from tests.e2e.conftest import serious_problems
from tests.history.conftest import make_past
from webapp.models import Camera, Member, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, name="中央広場", latest=counted(4))
    start = (datetime.now(UTC) - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    await make_past(camera, start, [minute % 9 for minute in range(2 * 1440)])
    return camera


async def look(page: Page, url: str) -> None:
    """Open a page: readable, and no wider than the window."""
    await page.goto(url)
    assert await serious_problems(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url


@pytest.mark.parametrize(("language", "width"), [("ja", 1280), ("en", 375)])
async def test_files_and_reports_are_asked_for_made_and_fetched(
    admin: BrowserContext,
    origin: str,
    services: Services,
    camera: Camera,
    language: str,
    width: int,
) -> None:
    await Member.all().update(language=language)
    page = await admin.new_page()
    await page.set_viewport_size({"width": width, "height": 800})
    base = f"{origin}/cameras/{camera.public_id}"
    await look(page, f"{base}/history?width=3d")
    await expect(page.locator(".u-over")).to_be_visible()
    await page.click("#history-fold summary")
    title = {"ja": "検知人数履歴", "en": "History of people found"}[language]
    await expect(page.locator("h1")).to_contain_text(title)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await look(page, f"{base}/csv")
    found: dict[str, bytes] = {}
    for path in ("csv", "reports"):
        await look(page, f"{origin}/{path}")
        await page.click(f"form[action='/{path}'] button[type=submit]")
        await expect(page.locator("#files[hx-get]")).to_be_visible()
        assert await prepare_one(services, _now)
        # The list asks by itself, and the file is there.
        ready = page.locator(f"#files a[href^='/{path}/']")
        await expect(ready).to_be_visible(timeout=15_000)
        assert await serious_problems(page) == []
        async with page.expect_download() as download:
            await ready.click()
        file = Path(await (await download.value).path())
        found[path] = await asyncio.to_thread(file.read_bytes)
    with zipfile.ZipFile(io.BytesIO(found["csv"])) as archive:
        [name] = archive.namelist()
        rows = list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
    assert {row[0] for row in rows[1:]} == {"中央広場"}
    assert found["reports"].startswith(b"%PDF-")
    await page.close()


async def _now() -> datetime:
    return datetime.now(UTC)
