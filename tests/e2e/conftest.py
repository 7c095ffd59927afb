"""A live app on loopback, and Debian's Chromium in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.conftest import missing
from tests.people import *  # noqa: F403 - fixtures
from tests.people import hire
from webapp.app import build_app
from webapp.models import Organisation, Role
from webapp.operator import login_links
from webapp.services import Services, build_services
from webapp.settings import ROOT, Settings
from webapp.templating import STATIC, environment_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Milliseconds; what is waited for ends the wait, and a machine under load is slow and no failure.
expect.set_options(timeout=30_000)


# Seconds for one test, on a machine that others share.
LONGEST = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A walk through many pages may take longer than any other test."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(LONGEST))


class Quiet(uvicorn.Server):
    """A server that leaves the signals of the test run alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A free port of this machine, held from the beginning on: nobody takes it meanwhile."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@pytest.fixture
def settings(tmp_path: Path, listener: socket.socket) -> Settings:
    """Settings of a process on a free port of this machine."""
    port = listener.getsockname()[1]
    origin = f"http://localhost:{port}"
    secret: Any = "s" * 40
    return Settings(data_dir=tmp_path / "data", secret_key=secret, origin=origin, listen_port=port)


@pytest.fixture
def services(database: Settings) -> Services:
    """The real services, reached under the address that the browser uses."""
    footage = database.data_dir / "footage"
    footage.mkdir(exist_ok=True)
    return build_services(database.model_copy(update={"footage_dir": footage}))


@pytest.fixture
async def origin(services: Services, listener: socket.socket) -> AsyncIterator[str]:
    """The app, serving."""
    if not (STATIC / "vendor" / "htmx" / "htmx.min.js").is_file():
        missing("The front-end packages (make assets)")
    environment_for.cache_clear()
    server = Quiet(uvicorn.Config(build_app(services), log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield services.settings.origin
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


@pytest.fixture
async def admin(
    browser: Browser, origin: str, services: Services, organisation: Organisation
) -> AsyncIterator[BrowserContext]:
    """A browser in which an admin has signed in by the operator's link."""
    member = await hire(organisation, "Alice", Role.ADMIN)
    link = await login_links.create(services.settings, member, datetime.now(UTC))
    context = await browser.new_context(locale="ja-JP")
    page = await context.new_page()
    await page.goto(link)
    await page.click("main form button")
    await page.wait_for_url("**/cameras*")
    await page.close()
    yield context
    await context.close()


async def serious_problems(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical, one line each."""
    if not AXE.is_file():
        missing("axe-core")
    await page.wait_for_load_state()  # a click is over before the page that it leads to is there
    # A colour that is just changing is none that anybody would read; rings turn without end.
    await page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
            .filter((one) => one.playState === 'running'
                && one.effect.getComputedTiming().iterations !== Infinity)
            .map((one) => one.finished)).then(() => null)"""
    )
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    return [
        f"{problem['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for problem in found["violations"]
        if problem["impact"] in {"serious", "critical"}
        for node in problem["nodes"]
    ]
