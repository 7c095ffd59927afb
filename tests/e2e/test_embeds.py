"""An embed on somebody else's page: framed, sandboxed, small, without cookies; and its code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Page,
    async_playwright,
    expect,
)

from tests.builders import counted, make_camera, make_embed, make_group, make_masked, make_usual
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, serious_problems
from tests.e2e.test_screens import quiet
from webapp.embeds.shown import Displays
from webapp.models import Alert, CallMonth, Camera, Latest, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("SCREENSHOTS", "")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SIZES = [(360, 281), (768, 520), (1280, 800)]


@asynccontextmanager
async def site(html: str) -> AsyncIterator[str]:
    """A page of another site."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n<!DOCTYPE html><meta name=viewport>{html}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, latest=counted(12))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    return camera


@pytest.mark.parametrize("sandbox", ["", "allow-scripts"], ids=["plain", "sandboxed"])
async def test_it_is_shown_and_renewed_in_a_frame_of_another_site(
    browser: Browser, origin: str, camera: Camera, sandbox: str
) -> None:
    path = await make_embed(camera, refreshes=False)
    attribute = f'sandbox="{sandbox}"' if sandbox else ""
    frame = f'<iframe {attribute} src="{origin}{path}" style="width:100vw;height:100vh;border:0">'
    # A headless browser names itself, and would go free as a declared program.
    context = await browser.new_context(locale="ja-JP", user_agent=FIREFOX)
    page = await context.new_page()
    complaints = quiet(page)
    async with site(f"<style>body{{margin:0}}</style>{frame}") as address:
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(address)
            embed = page.frame_locator("iframe")
            await expect(embed.locator(".embed-count")).to_have_text("約12人")
            assert await _fits(embed), (width, height)
        await Latest.filter(camera_id=camera.id).update(count=3)
        await asyncio.sleep(Displays.FRESH)
        await embed.locator(".embed-reload").click()
        await expect(embed.locator(".embed-count")).to_have_text("約3人")
        assert await _fits(embed)
    assert (await CallMonth.get()).calls == len(SIZES) + 1
    assert await context.cookies() == []
    assert complaints == []
    await context.close()


async def test_a_site_that_is_not_allowed_shows_nothing(
    browser: Browser, origin: str, camera: Camera
) -> None:
    path = await make_embed(camera, sites=["https://www.example.jp"])
    page = await browser.new_page()
    async with site(f'<iframe src="{origin}{path}"></iframe>') as address:
        await page.goto(address)
        await expect(page.frame_locator("iframe").locator("#shown")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everybody_can_use_it_in_both_themes(
    browser: Browser, origin: str, camera: Camera, organisation: Organisation, theme: str
) -> None:
    group = await make_group(organisation, "駅前", [camera])
    page = await browser.new_page(color_scheme=theme, viewport={"width": 360, "height": 281})  # type: ignore[arg-type]
    for path in (await make_embed(camera), await make_embed(group, refreshes=False)):
        requests: list[str] = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        await page.goto(origin + path, wait_until="networkidle")
        assert await serious_problems(page) == []
        first = [url for url in requests if "/pictures/" not in url]
        assert len(first) == 3, first
        assert all(url.startswith(origin) for url in requests)


async def test_without_script_it_says_the_same(
    browser: Browser, origin: str, camera: Camera
) -> None:
    path = await make_embed(camera)
    context = await browser.new_context(java_script_enabled=False, locale="ja-JP")
    page = await context.new_page()
    await page.goto(origin + path)
    assert await page.locator(".embed-count").inner_text() == "約12人"
    await page.click(".embed-button.is-alone")
    await expect(page.locator(".sight img")).not_to_have_js_property("naturalWidth", 0)
    await context.close()


async def test_code_is_made_copied_and_shown_elsewhere(
    admin: BrowserContext, browser: Browser, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    complaints = quiet(page)
    await page.goto(f"{origin}/cameras/{camera.public_id}/embed")
    preview = page.frame_locator("#embed-preview")
    await expect(preview.locator(".embed-count")).to_have_text("約12人")
    await page.uncheck("input[name=counts]")
    await expect(preview.locator(".embed-count")).to_have_count(0)
    await page.click("[data-width='360']")
    await page.click(".embed-form button[type=submit]")
    await expect(page.locator("#codes .notice-done")).to_contain_text("コードを作成しました")
    assert await serious_problems(page) == []
    for kind in ("iframe", "element"):
        code = await page.locator(f"textarea[id^={kind}]").input_value()
        async with site(code) as address:
            other = await browser.new_page()
            await other.goto(address)
            embed = other.frame_locator("iframe")
            await expect(embed.locator(".state-word")).to_be_visible()
            shown = await embed.locator("#shown").inner_text()
            moment = await embed.locator(".embed-time").inner_text()
            assert "12" not in shown.replace(moment, ""), "but for the time of day"
            await other.close()
    assert complaints == []


@pytest.mark.parametrize("sandbox", ["", "allow-scripts", "none"])
async def test_the_forecast_is_looked_through_in_a_frame_without_any_cookie(
    origin: str, camera: Camera, sandbox: str
) -> None:
    """By pointer and by keyboard, with cookies of third parties blocked; "none": without script."""
    await make_usual(camera)
    alert = {"organisation_id": camera.organisation_id, "camera": camera, "is_on": True}
    await Alert.create(**alert, thresholds=[10])
    path = await make_embed(camera)
    attribute = {"": "", "none": "sandbox"}.get(sandbox, f'sandbox="{sandbox}"')
    frame = f'<iframe {attribute} src="{origin}{path}" style="width:100vw;height:100vh;border:0">'
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, "--test-third-party-cookie-phaseout"]
        )
        context = await browser.new_context(locale="ja-JP", user_agent=FIREFOX)
        page = await context.new_page()
        complaints = quiet(page)
        async with site(f"<style>body{{margin:0}}</style>{frame}") as address:
            for number, (width, height) in enumerate(SIZES, 1):
                await page.set_viewport_size({"width": width, "height": height})
                await page.goto(address)
                embed = page.frame_locator("iframe")
                await embed.locator("[data-go=switch]").click()
                await expect(embed.locator(".embed-bars")).to_be_visible()
                # Another day first: on a Sunday, Sunday is shown already.
                for day, word in ((2, "水曜日"), (6, "日曜日")):
                    await embed.locator(f"[data-go=day-{day}]").click()
                    await expect(embed.locator(".embed-chosen")).to_contain_text(word)
                await _comes_to_fit(embed)
                assert await _calls() == 2 * number, "the view and the switch; taps are free"
            chosen = embed.locator(".embed-chosen")
            await embed.locator(".embed-bars a").nth(16).click()
            await expect(chosen).to_have_text("日曜日 13:00")
            await expect(embed.locator(".embed-line.state-busy")).to_contain_text("混雑")
            await embed.locator("[data-go=after]").focus()
            await page.keyboard.press("Enter")
            await expect(chosen).to_have_text("日曜日 13:15")
            if sandbox != "none":
                for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
                    await expect(embed.locator("[data-go=after]")).to_be_focused()
                    before = await chosen.inner_text()
                    await page.keyboard.press(key)
                    await expect(chosen).not_to_have_text(before)
                    await embed.locator("[data-go=after]").focus()
                await expect(chosen).to_have_text("日曜日 13:00")
        assert await _calls() == 2 * len(SIZES)
        assert await context.cookies() == []
        assert [one for one in complaints if "sandbox" not in one.lower()] == []
        await browser.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everybody_can_use_the_forecast_in_both_themes(
    browser: Browser, origin: str, camera: Camera, organisation: Organisation, theme: str
) -> None:
    young = await make_camera(organisation, "裏口" * 30, latest=counted())
    await make_usual(camera)
    await Alert.create(organisation=organisation, camera=camera, is_on=True, thresholds=[2, 10])
    page = await browser.new_page(color_scheme=theme, viewport={"width": 360, "height": 281})  # type: ignore[arg-type]
    complaints = quiet(page)
    for path in (await make_embed(camera), await make_embed(young, refreshes=False)):
        await page.goto(f"{origin}{path}?view=forecast&day=2&slot=20")
        assert await serious_problems(page) == []
        await shot(page, f"forecast-{theme}-{path[-3:]}")
    assert complaints == [], "a block of data needs no nonce"


async def test_nothing_moves_when_a_minute_arrives(
    browser: Browser, origin: str, camera: Camera
) -> None:
    path = await make_embed(camera, refreshes=False)
    page = await browser.new_page(viewport={"width": 360, "height": 281})
    await page.goto(origin + path, wait_until="networkidle")
    await page.evaluate(
        """() => { window.moved = 0; new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.moved += entry.value;
        }).observe({ type: 'layout-shift' }); }"""
    )
    for count in (3, 888, 1):
        await Latest.filter(camera_id=camera.id).update(count=count)
        await asyncio.sleep(Displays.FRESH)
        # By program: what a click moves would not be counted against it.
        await page.evaluate("document.querySelector('.embed-reload').click()")
        await expect(page.locator(".embed-count")).to_contain_text(str(count))
    assert await page.evaluate("window.moved") < 0.01


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


async def shot(page: Page, name: str) -> None:
    """Keep how it looks, where somebody asks for it."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


async def _comes_to_fit(embed: FrameLocator) -> None:
    """A page that a tap led to may still wait for its style sheet."""
    for _ in range(300):
        if await _fits(embed):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not fit into its frame")


async def _fits(embed: FrameLocator) -> bool:
    """Whether picture and words lie within the frame, and nothing has to be scrolled."""
    fits: bool = await embed.locator("html").evaluate(
        """(html) => html.scrollHeight <= innerHeight && html.scrollWidth <= innerWidth
          && document.querySelector('.sight').getBoundingClientRect().height > 120
          && document.querySelector('.embed-line').getBoundingClientRect().bottom <= innerHeight"""
    )
    return fits
