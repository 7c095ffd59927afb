"""What a card says while the switches of the simulated cloud are on, in a real browser (M7)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs import ledger
from jobs.observe import Workshop, observe
from tests.camera_cloud.conftest import give_consent
from tests.cloud_server import Simulated, cloud_settings, free_port, simulated
from tests.e2e.conftest import serious_problems
from webapp.demo.seed import FOLDER
from webapp.domain.health import CameraState
from webapp.models import Background, Camera, Latest, Member, Organisation, Slot
from webapp.services import Services, build_services
from webapp.settings import Settings

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("SCREENSHOTS", "")
CLOUD_CAMERA = "cam-201"  # sees the whole of the footage
# Switch, the state that two captures come to, and what the card says.
SWITCHES = (
    ("hang", CameraState.UNREACHABLE, "カメラクラウドから応答がありません"),
    ("fail", CameraState.UNREACHABLE, "カメラクラウドから応答がありません"),
    ("freeze", CameraState.BAD_PICTURE, "同じ画像が届き続けています"),
    ("dark", CameraState.BAD_PICTURE, "画像が真っ黒です"),
    ("moved", CameraState.BAD_PICTURE, "カメラの向きが背景画像と合っていません"),
    ("removed", CameraState.UNREACHABLE, "カメラクラウドにこのカメラがない"),
    ("no_option", CameraState.UNREACHABLE, "オプションが契約されていません"),
)


@pytest.fixture
def services(database: Settings) -> Services:
    """The real services, which know a camera cloud on this machine."""
    return build_services(cloud_settings(database, f"http://localhost:{free_port()}"))


@pytest.fixture
async def there(services: Services) -> AsyncIterator[Simulated]:
    """The simulated cloud."""
    async with simulated(services.settings) as state:
        yield state


@pytest.fixture
async def shop(services: Services) -> AsyncIterator[Workshop]:
    """What a worker needs to take a turn."""
    shop = Workshop.open(services, lambda: datetime.now(UTC))
    yield shop
    shop.analysis.close()


class Turns:
    """Turns of one camera, as many as wanted, each in a minute of its own in the past hour."""

    def __init__(self, shop: Workshop, camera: Camera) -> None:
        self.shop, self.camera = shop, camera
        self.minute = datetime.now(UTC) - timedelta(minutes=59)

    async def take(self, count: int = 1) -> Latest:
        for _ in range(count):
            self.minute += timedelta(minutes=1)
            await Slot.create(
                organisation_id=self.camera.organisation_id,
                camera=self.camera,
                minute=self.minute,
                due_at=self.minute,
            )
            at = self.minute + timedelta(seconds=1)
            [held] = await ledger.claim(self.shop.services.settings, at, 10)
            assert await observe(self.shop, held)
        return await Latest.get(camera_id=self.camera.id)


async def cloud_camera(services: Services, organisation: Organisation, consent: str) -> Camera:
    camera = await Camera.create(
        organisation=organisation,
        name="正面入口",
        connector="camera_cloud",
        source=services.sealer.seal({"consent": consent, "camera": CLOUD_CAMERA}),
    )
    await Latest.create(organisation=organisation, camera=camera)
    key = f"backgrounds/{camera.public_id}/empty.png"
    await services.storage.put(key, (FOLDER / "background.png").read_bytes())
    await Background.create(
        organisation=organisation,
        camera=camera,
        picture=key,
        sha256="0" * 64,
        width=768,
        height=576,
        registered_at=datetime.now(UTC) - timedelta(hours=2),
    )
    return camera


async def switch(page: Page, there: Simulated, name: str, *, on: bool) -> None:
    """Turn a switch on the page of the simulator."""
    await page.goto(f"{there.url}/switches")
    form = page.locator(f"form:has(input[name=camera][value={CLOUD_CAMERA}])")
    await form.locator(f"input[name={name}]").set_checked(on)
    await form.locator("button").click()
    await page.wait_for_load_state()


async def look(page: Page, origin: str, name: str, words: str) -> None:
    """Read the card in the list; keep pictures of it in every form for whoever wants to look."""
    await page.goto(f"{origin}/cameras")
    await expect(page.locator(".card-sentence")).to_contain_text(words)
    await expect(page.locator(".state-word")).to_contain_text("不明")
    if SHOTS:
        for language in ("ja", "en"):
            await Member.all().update(language=language)
            for width in (1280, 375):
                await page.set_viewport_size({"width": width, "height": 800})
                await page.reload()
                file = Path(SHOTS) / f"health-{name}-{language}-{width}.png"
                await page.screenshot(path=file, full_page=True)
        await Member.all().update(language="ja")
        await page.reload()


async def test_every_switch_shows_on_the_card_and_goes_by_itself(
    admin: BrowserContext,
    origin: str,
    services: Services,
    there: Simulated,
    shop: Workshop,
    organisation: Organisation,
) -> None:
    assert services.camera_cloud is not None
    consent = await give_consent(services.camera_cloud, there, organisation)
    camera = await cloud_camera(services, organisation, consent.public_id)
    turns, page = Turns(shop, camera), await admin.new_page()
    assert (await turns.take()).state is CameraState.OK
    brief = services.settings.model_copy(update={"capture_timeout": 1.5})
    hasty = replace(shop, services=replace(services, settings=brief))
    for name, state, sentence in SWITCHES:
        # Whoever hangs is not waited for; all others have as long as a busy machine needs.
        turns.shop = hasty if name == "hang" else shop
        await switch(page, there, name, on=True)
        first = await turns.take()
        if name == "freeze":
            earlier = datetime.now(UTC) - timedelta(minutes=11)
            await Latest.filter(id=first.id).update(frame_since=earlier)
            await turns.take()
        latest = await turns.take()
        assert (latest.state, latest.count) == (state, None), name
        await look(page, origin, name, sentence)
        await switch(page, there, name, on=False)
        turns.shop = shop
        latest = await turns.take()
        assert latest.state is CameraState.OK, (name, latest.detail)

    await switch(page, there, "moved", on=True)
    await turns.take(2)
    await page.goto(f"{origin}/cameras/{camera.public_id}")
    await expect(page.locator(".live-sentence")).to_contain_text("登録し直してください")
    assert await serious_problems(page) == []
    await page.click(f".ask-again a[href='/cameras/{camera.public_id}/background']")
    await page.wait_for_url("**/background")
    await switch(page, there, "moved", on=False)
    await turns.take()

    await switch(page, there, "size", on=True)
    assert (await turns.take()).state is CameraState.VERIFYING
    await look(page, origin, "size", "大きさが変わりました")
    assert (await turns.take()).state is CameraState.OK
    await switch(page, there, "size", on=False)
    await turns.take(2)

    there.withdraw()
    await turns.take(2)
    await look(page, origin, "withdrawn", "許可がなくなりました")
    await expect(page.locator(".ask-again a")).to_have_text("もう一度許可する")
    assert await serious_problems(page) == []
