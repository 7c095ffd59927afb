"""What stands still for want of licences, in both languages and at both widths (L2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, expect

from tests.builders import counted, make_camera
from tests.e2e.conftest import serious_problems
from webapp.models import LicenceChange, Member, Organisation
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.services import Services

pytestmark = pytest.mark.e2e

EXCESS = {"ja": "あとから追加された1台（南口）", "en": "the 1 added last: 南口"}
ENDED = {"ja": "すべてのカメラの解析を停止しています", "en": "suspended for all cameras"}


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_licence_states_are_told_in_words(
    admin: BrowserContext,
    origin: str,
    services: Services,
    organisation: Organisation,
    language: str,
) -> None:
    for name in ("北口", "南口"):
        await make_camera(organisation, name, latest=counted(4))
    await Organisation.filter(id=organisation.id).update(time_zone="UTC")
    await Member.all().update(language=language)
    now, office = datetime.now(UTC), open_office(services.settings)
    await set_licence(office, now, organisation=organisation.public_id, cameras="1")
    page = await admin.new_page()
    told = page.locator(".notice-danger.licence-notice")
    for words in (EXCESS, ENDED):
        for width in (1280, 375):
            await page.set_viewport_size({"width": width, "height": 800})
            for path in ("/cameras", "/licences"):
                await page.goto(f"{origin}{path}")
                await expect(told).to_contain_text(words[language])
                assert await serious_problems(page) == []
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await LicenceChange.all().update(cameras_until=now.date() - timedelta(days=1))
