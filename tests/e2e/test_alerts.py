"""混雑アラート in a real browser: three stages with picture and mail, tried, saved, received."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs import deliver, ledger
from jobs.ledger import Answer
from tests.builders import make_camera, make_embed, make_hour, make_masked
from tests.e2e.conftest import serious_problems
from tests.mail.smtp import Post, running
from webapp.domain.health import CameraState
from webapp.models import Alert, Camera, Organisation, Slot
from webapp.models.job import SlotState
from webapp.services import Services
from webapp.settings import Settings

pytestmark = pytest.mark.e2e


@pytest.fixture
def post() -> Iterator[Post]:
    with running() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, post: Post) -> Settings:
    """The app sends to a real server on this machine."""
    return settings.model_copy(update={"mail_url": f"smtp://127.0.0.1:{post.port}?starttls=never"})


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, "正面入口")
    now = datetime.now(UTC)
    await make_hour(
        camera, [*[2] * 10, *[12] * 20, *[25] * 15, *[3] * 15], now - timedelta(hours=2)
    )
    return camera


async def observe(services: Services, camera: Camera, count: int, minute: datetime) -> None:
    """One minute of the camera, through the ledger as a worker does it."""
    slot = await Slot.create(
        organisation_id=camera.organisation_id, camera=camera, minute=minute, due_at=minute
    )
    [held] = await ledger.claim(services.settings, minute + timedelta(seconds=1), 1)
    assert held.slot_id == slot.id
    key = await make_masked(services, camera, minute.strftime("%H%M"))
    answer = Answer(
        CameraState.OK, count=count, captured_at=minute, picture=key, width=320, height=240
    )
    assert await ledger.finish(services.settings, held, answer, datetime.now(UTC))
    assert (await Slot.get(id=slot.id)).state is SlotState.DONE


async def fill(page: Page) -> None:
    await page.get_by_label("混雑アラートを設定する").check()
    await page.locator("[name=stages][value='3']").check()
    await page.locator("#threshold_2").fill("10")
    await page.locator("#threshold_3").fill("20")
    third = page.locator("#stage-3")
    await third.get_by_label("アラート画像表示").check()
    await third.locator("[name=template_3][value='busy_later.ja']").check()
    await third.get_by_label("メール通知").check()
    await page.locator("#address_3_1").fill("staff@shop.test")


async def test_three_stages_with_picture_and_mail(
    admin: BrowserContext, origin: str, services: Services, camera: Camera, post: Post
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/alerts")
    assert await page.locator("#stage-3").is_hidden()
    await fill(page)
    await page.get_by_role("button", name="過去30日で試す").click()
    await expect(page.locator("#trial table")).to_be_visible()
    await expect(page.locator("#trial")).to_contain_text("2回、混雑の段階が上がりました")
    assert await serious_problems(page) == []
    if folder := os.environ.get("ALERT_SCREENS"):
        await page.set_viewport_size({"width": 1280, "height": 2700})
        await page.screenshot(path=f"{folder}/editor.png")
        await page.set_viewport_size({"width": 1280, "height": 720})
    # What cannot be is said at the field, and nothing that was typed is lost.
    await page.locator("#threshold_3").fill("5")
    await page.get_by_role("button", name="完了").click()
    await expect(page.locator("#threshold_3-error")).to_contain_text("2段階目より大きい")
    await page.wait_for_load_state()
    assert await page.locator("#address_3_1").input_value() == "staff@shop.test"
    assert not await Alert.exists()
    await page.locator("#threshold_3").fill("20")
    third = page.locator("#stage-3")
    await third.get_by_role("button", name="テスト送信").first.click()
    await expect(page.locator("#tested-address_3_1")).to_contain_text("テストを送信しました")
    assert post.mails[0]["Subject"] == "【テスト】【正面入口】混雑状態を検知しました"
    await page.get_by_role("button", name="完了").click()
    await expect(page.locator(".notice-done")).to_contain_text("混雑アラートを保存しました")
    # The place fills up: a mail with its picture, and the embed shows the stage's.
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for age in (1, 0):
        await observe(services, camera, 25, now - timedelta(minutes=age))
    while await deliver.deliver_due(services, datetime.now(UTC)):
        pass
    assert [mail["Subject"] for mail in post.mails[1:]] == ["【正面入口】混雑状態を検知しました"]
    assert any(part.get_content_type() == "image/jpeg" for part in post.mails[1].walk())
    await page.goto(origin + await make_embed(camera))
    await expect(page.locator(".state-word")).to_contain_text("混雑")
    shown = page.locator(".sight img")
    assert "/pictures/alerts/" in str(await shown.get_attribute("src"))
    assert await shown.evaluate("image => image.naturalWidth") == 1280
    await page.goto(f"{origin}/cameras")
    await expect(page.locator(".camera-card .state")).to_contain_text("混雑")
    if folder := os.environ.get("ALERT_SCREENS"):
        await page.screenshot(path=f"{folder}/list.png")
        await page.goto(f"{origin}/cameras/{camera.public_id}/alerts")
        await page.screenshot(path=f"{folder}/saved.png", full_page=True)
        await page.set_viewport_size({"width": 375, "height": 800})
        await page.screenshot(path=f"{folder}/phone.png", full_page=True)
        await page.goto(f"{origin}/help")
        await page.screenshot(path=f"{folder}/help.png", full_page=True)
