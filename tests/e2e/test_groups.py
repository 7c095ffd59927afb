"""A group in a real browser, from creation to deletion (S7)."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.builders import counted, make_camera
from tests.e2e.conftest import serious_problems
from webapp.models import CameraGroup, CameraGroupMember, Organisation

pytestmark = pytest.mark.e2e


async def test_a_group_from_creation_to_deletion(
    admin: BrowserContext, origin: str, organisation: Organisation
) -> None:
    for name, count in (("正面入口", 4), ("南口", 7), ("北口", 2)):
        await make_camera(organisation, name, latest=counted(count))
    page = await admin.new_page()
    await page.set_viewport_size({"width": 375, "height": 800})

    # The switch at the upper right leads to the groups; an empty list says what to do.
    await page.goto(f"{origin}/cameras")
    await page.get_by_role("link", name="グループ", exact=True).click()
    await page.get_by_role("link", name="グループを追加").click()
    await page.wait_for_load_state()

    # A name and cameras; what is missing is said, and what was ticked stays ticked.
    await page.locator(".pick", has_text="正面入口").click()
    await page.locator(".pick", has_text="南口").click()
    await expect(page.locator("[data-chosen]")).to_have_text("2 / 50")
    assert await serious_problems(page) == []
    await page.get_by_role("button", name="完了").click()
    await expect(page.locator("#name-error")).to_have_text("名前を入力してください。")
    await page.fill("#name", "駅前")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/basic*")
    group = await CameraGroup.get().select_related("default_camera")
    assert group.default_camera is not None
    assert group.default_camera.name == "正面入口"

    # 基本設定: nothing changed, nothing to save; another default lights 完了.
    done = page.get_by_role("button", name="完了")
    await expect(done).to_be_disabled()
    await page.get_by_role("radio", name="南口をデフォルト画像にする").check()
    await expect(done).to_be_enabled()
    assert await serious_problems(page) == []
    await done.click()
    await expect(page.locator(".notice-done")).to_contain_text("保存しました")

    # カメラを選択: 閉じる drops, 完了 saves.
    await page.get_by_role("link", name="カメラを選択").click()
    await page.locator(".pick", has_text="北口").click()
    await page.get_by_role("link", name="閉じる").click()
    await page.wait_for_url("**/basic")
    await expect(page.locator(".member-row")).to_have_count(2)
    await page.get_by_role("link", name="カメラを選択").click()
    await page.locator(".pick", has_text="北口").click()
    await page.get_by_role("button", name="完了").click()
    await expect(page.locator(".member-row")).to_have_count(3)
    await page.wait_for_load_state()

    # The bin takes the ticked ones out; the default camera among them has to be chosen anew.
    await page.get_by_role("checkbox", name="南口を削除対象に選ぶ").check()
    await page.get_by_role("button", name="選択したカメラを外す").click()
    await expect(page.locator(".member-row")).to_have_count(2)
    assert await CameraGroupMember.all().count() == 3
    await done.click()
    await expect(page.locator("#default-error")).to_be_visible()
    await page.get_by_role("radio", name="北口をデフォルト画像にする").check()
    await done.click()
    await expect(page.locator(".notice-done")).to_be_visible()
    assert await CameraGroupMember.all().count() == 2

    # The card: the sum, the pencil, and a click that lists the members.
    await page.goto(f"{origin}/groups")
    await expect(page.locator(".count-value")).to_have_text("6人")
    await page.get_by_role("link", name="駅前の名前を変更").click()
    await page.keyboard.type("駅裏")
    await page.get_by_role("button", name="名前を確定").click()
    await expect(page.locator(".camera-card h2")).to_have_text("駅裏")
    assert await serious_problems(page) == []
    await page.locator(".sight-link").click()
    await expect(page.locator(".camera-card h2")).to_have_text(["正面入口", "北口"])
    assert await serious_problems(page) == []

    # グループ管理 leads to the same list; ⋮ deletes after asking.
    await page.goto(f"{origin}/groups/manage")
    await page.locator("tbody tr").click()
    await expect(page.locator("h1")).to_have_text("駅裏")
    await page.goto(f"{origin}/groups")
    await page.get_by_label("駅裏のメニュー").click()
    await page.get_by_role("link", name="削除").click()
    await expect(page.locator("h1")).to_have_text("「駅裏」を削除しますか")
    await page.get_by_role("button", name="削除する").click()
    await expect(page.locator(".empty-state h2")).to_have_text("グループがまだありません")
    assert not await CameraGroup.exists()
