"""What staff read in the browser while a camera misbehaves in every way (C2, M7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from playwright.async_api import BrowserContext, expect

from jobs import ledger, schedule
from jobs.observe import Workshop, observe
from tests.builders import make_camera
from tests.e2e.conftest import serious_problems
from tests.hostile_camera import Switch, hostile_camera
from webapp.domain.health import CameraState
from webapp.models import Camera, Latest, Observation, Organisation
from webapp.services import Services, build_services
from webapp.settings import Settings

pytestmark = pytest.mark.e2e


# Whoever never answers is not waited for; all others have as long as a busy machine needs.
NEVER = {Switch.DRIP, Switch.SILENT}


@pytest.fixture
def services(database: Settings) -> Services:
    """Services that may ask cameras on this machine, and wait for them not all too long."""
    near = {"camera_networks": (ip_network("127.0.0.0/8"),), "capture_timeout": 5}
    return build_services(database.model_copy(update=near))


def hasty(services: Services) -> Services:
    """The same, which wait only a little."""
    brief = services.settings.model_copy(update={"capture_timeout": 1.5})
    return replace(services, settings=brief)


async def one_minute(services: Services, at: datetime) -> Latest:
    """Let a worker observe the minute of ``at``."""
    shop = Workshop.open(services, lambda: at + timedelta(seconds=50))
    try:
        await schedule.tick(services.settings, at)
        for held in await ledger.claim(services.settings, at + timedelta(seconds=50), 10):
            await observe(shop, held)
    finally:
        shop.analysis.close()
    return await Latest.get()


BAD = {
    Switch.DRIP: CameraState.UNREACHABLE,
    Switch.SILENT: CameraState.UNREACHABLE,
    Switch.HTML: CameraState.UNREACHABLE,
    Switch.REDIRECT_LOOP: CameraState.UNREACHABLE,
    Switch.SIGN_IN_LOOP: CameraState.UNREACHABLE,
    Switch.HALF_JPEG: CameraState.BAD_PICTURE,
    Switch.BLACK: CameraState.BAD_PICTURE,
}


async def test_states_are_told_and_nought_is_never_shown(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    page = await admin.new_page()
    async with hostile_camera() as hostile:
        sealed = services.sealer.seal({"url": hostile.http})
        camera = await make_camera(organisation, connector="http_snapshot", sealed=sealed)
        address = f"{origin}/cameras/{camera.public_id}"
        at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
        for switch, state in BAD.items():
            hostile.switch = Switch.GOOD
            assert (await one_minute(services, at)).state is CameraState.OK
            await page.goto(f"{origin}/cameras")
            await expect(page.locator("main")).to_contain_text("解析済み")
            hostile.switch = switch
            asking = hasty(services) if switch in NEVER else services
            first = await one_minute(asking, at + timedelta(minutes=1))
            assert first.state is CameraState.VERIFYING, switch
            second = await one_minute(asking, at + timedelta(minutes=2))
            assert second.state is state, switch
            for path in (f"{origin}/cameras", address):
                await page.goto(path)
                shown = await page.locator("main").inner_text()
                assert "不明" in shown, switch
                assert "から）" in shown, f"{switch}: since when"
                assert "ください。" in shown, f"{switch}: what to do"
            # The next round begins a few minutes on, as if the breaker had never opened.
            await Latest.all().update(failures=0, silences=0)
            at += timedelta(minutes=3)
        assert await serious_problems(page) == []
    unknown = await Observation.filter(state__not=CameraState.OK).values_list("count", flat=True)
    assert len(unknown) == 2 * len(BAD)
    assert set(unknown) == {None}


@pytest.mark.parametrize("width", [1280, 375])
async def test_the_connection_test_says_where_it_failed(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation, width: int
) -> None:
    page = await admin.new_page()
    await page.set_viewport_size({"width": width, "height": 800})
    async with hostile_camera() as hostile:
        sealed = services.sealer.seal({"url": hostile.http})
        camera = await make_camera(organisation, connector="http_snapshot", sealed=sealed)
        await page.goto(f"{origin}/cameras/{camera.public_id}/edit")
        for switch in (Switch.GOOD, Switch.SILENT, Switch.HTML, Switch.HALF_JPEG, Switch.HANG_UP):
            hostile.switch = switch
            async with page.expect_response(lambda answer: answer.url.endswith("/test")):
                await page.click("button[formaction$='/test']")
            failed = page.locator("#trial .stage-failed")
            await expect(failed).to_have_count(0 if switch is Switch.GOOD else 1)
        assert await serious_problems(page) == []
    assert await Camera.all().count() == 1
