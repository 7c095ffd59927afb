"""The provider on a port of this machine, Chromium before it, and what every page must be like.

A test file imports the fixtures that it uses; one that looks in other ways than ``LOOKS`` has
a ``context`` of its own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.conftest import missing
from tests.e2e.conftest import ARGUMENTS, AXE, CHROMIUM, Quiet
from webapp.identity.app import build_identity
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.templating import STATIC, environment_for

LONG = (
    "とても長い名前の担当者：みなと商店街アーケード東側入口の"
    "案内板の上に設置した広角カメラの見守り役（代理）です。"
)
NEW = "海辺の 自転車 と 古い時計"

Look = tuple[int, str, Literal["light", "dark"]]  # width, language, colours
LOOKS: list[Look] = [(1280, "ja-JP", "dark"), (375, "en-GB", "light")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a provider on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret: Any = "s" * 40
    return Settings(
        data_dir=tmp_path / "data",
        secret_key=secret,
        identity_origin=f"http://localhost:{port}",
        identity_listen_port=port,
    )


@pytest.fixture
def parts(database: Settings) -> Parts:
    """The provider's parts, reached under the address that the browser uses."""
    return Parts(database, Sealer(database.secret()), passwords=Passwords(64, 1))


@pytest.fixture
async def origin(parts: Parts) -> AsyncIterator[str]:
    """The provider, serving."""
    if not (STATIC / "vendor" / "noto-sans-jp" / "index.css").is_file():
        missing("The front-end packages (make assets)")
    environment_for.cache_clear()
    config = uvicorn.Config(
        build_identity(parts), port=parts.settings.identity_listen_port, log_level="warning"
    )
    server = Quiet(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield parts.settings.identity_origin
    server.should_exit = True
    await serving


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        missing("Chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


def name_of(look: Look) -> str:
    """How a look is called in the name of a test."""
    width, locale, scheme = look
    return f"{width}-{locale}-{scheme}"


@asynccontextmanager
async def looking(browser: Browser, look: Look) -> AsyncIterator[BrowserContext]:
    """One size, language and colour."""
    width, locale, scheme = look
    context = await browser.new_context(
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    try:
        yield context
    finally:
        await context.close()


@pytest.fixture(params=LOOKS, ids=name_of)
async def context(
    request: pytest.FixtureRequest, browser: Browser
) -> AsyncIterator[BrowserContext]:
    """Each look of ``LOOKS``."""
    async with looking(browser, request.param) as context:
        yield context


async def looked_at(page: Page) -> None:
    """Nothing that axe-core finds, and nothing wider than the window."""
    if not AXE.is_file():
        missing("axe-core")
    await page.wait_for_load_state()  # a click is over before the page that it leads to is there
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    assert [
        f"{problem['id']}: {node['html'][:160]}"
        for problem in found["violations"]
        for node in problem["nodes"]
    ] == [], page.url
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


# Statuses that are meant, and a test that is quicker with the keyboard than the page with its
# autofocus: the field that somebody is in keeps the focus.
_MEANT = (
    "Failed to load resource: the server responded with",
    "Autofocus processing was blocked because a document already has a focused element",
)


def complaints_of(page: Page) -> list[str]:
    """What the page complains about, but for what is meant."""
    complaints: list[str] = []

    def heard(message: Any) -> None:
        if not message.text.startswith(_MEANT):
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
