"""A picture is verified in a real browser, and a tampered one is not: on the page and off it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.async_api import Browser, Page, expect

from nigiwai import cli
from tests.builders import counted, make_camera, make_embed
from tests.e2e.conftest import serious_problems
from tests.e2e.test_screens import quiet
from tests.verification.conftest import Made, crowd, make_picture
from webapp.models import Camera, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, latest=counted(4))
    await make_embed(camera)  # or nobody but members may look
    return camera


async def download(page: Page, name: str, folder: Path) -> Path:
    """Follow one of the page's links to a file."""
    async with page.expect_download() as waiting:
        await page.locator(f".downloads a[href$='/{name}']").click()
    done = await waiting.value
    await done.save_as(folder / done.suggested_filename)
    return folder / done.suggested_filename


async def verify(folder: Path, command: str) -> int:
    """Run the command that the page shows, in the folder of the downloads."""
    program, *words = command.split()
    assert program == "nigiwai"
    words = [str(folder / word) if "." in word else word for word in words]
    return (await asyncio.to_thread(CliRunner().invoke, cli, words)).exit_code


async def test_a_picture_and_a_tampered_one(
    browser: Browser, origin: str, services: Services, camera: Camera, tmp_path: Path
) -> None:
    made = await make_picture(services, camera, crowd(4))
    context = await browser.new_context(locale="ja-JP", accept_downloads=True)
    page = await context.new_page()
    complaints = quiet(page)
    await page.goto(origin + made.path)
    await expect(page.locator(".verdict-verified h1")).to_be_visible()
    await expect(page.locator("figure img")).to_have_count(2)
    names = ("manifest.json", "background.png", "keys.json", "picture.jpg")
    *_, jpeg = [await download(page, name, tmp_path) for name in names]
    command = await page.locator(".command").inner_text()
    assert await verify(tmp_path, command) == 0
    await page.set_input_files("#file input", jpeg)
    await expect(page.locator(".answer.is-same")).to_be_visible()
    tampered = _tampered(made)
    await asyncio.to_thread(jpeg.write_bytes, tampered)
    changed = await asyncio.to_thread(jpeg.rename, tmp_path / "changed.jpg")
    await page.set_input_files("#file input", changed)
    await expect(page.locator(".answer.is-other")).to_be_visible()
    assert await verify(tmp_path, command.replace(jpeg.name, changed.name)) == 1
    await services.storage.put(f"masked/{camera.public_id}/{made.manifest.picture}.jpg", tampered)
    await page.reload()
    await expect(page.locator(".verdict-failed h1")).to_be_visible()
    await expect(page.locator(".step-failed")).to_have_count(1)
    assert await context.cookies() == []
    assert complaints == []
    await context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everybody_can_read_it(
    browser: Browser, origin: str, services: Services, camera: Camera, theme: str
) -> None:
    made = await make_picture(services, camera)
    page = await browser.new_page(color_scheme=theme)  # type: ignore[arg-type]
    for width in (375, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        for path in (made.path, "/verify/stage", f"{made.path[:-1]}x"):
            await page.goto(origin + path, wait_until="networkidle")
            assert await serious_problems(page) == []
            fits = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert fits, (width, path)


def _tampered(made: Made) -> bytes:
    changed = bytearray(made.jpeg)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)
