"""The people of these tests, and a group with cameras that have pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.builders import counted, make_camera, make_group, make_masked
from tests.people import *  # noqa: F403 - fixtures
from tests.people import Person, visitor
from webapp.domain.sites import SiteOptions
from webapp.embeds.shown import Displays
from webapp.models import CameraGroup, Latest, Organisation, Site
from webapp.services import Services


@pytest.fixture
async def anonymous(app: Starlette) -> AsyncIterator[Person]:
    """Somebody who is not signed in, with a browser: a program by its name would go free."""
    async with visitor(app) as person:
        person.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
        yield person


@pytest.fixture
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change rows within the second for which a reading serves."""
    monkeypatch.setattr(Displays, "FRESH", 0.0)


@pytest.fixture
async def group(services: Services, organisation: Organisation) -> CameraGroup:
    """A group of three cameras, each with a picture of now."""
    return await group_of(services, organisation, 3)


async def group_of(services: Services, organisation: Organisation, number: int) -> CameraGroup:
    """A group of so many cameras, each with a picture of now."""
    cameras = []
    for index in range(number):
        camera = await make_camera(organisation, f"売場{index + 1}", latest=counted(index + 4))
        await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
        cameras.append(camera)
    return await make_group(organisation, "駅前", cameras)


async def make_site(group: CameraGroup, name: str = "駅前のにぎわい", **options: object) -> str:
    """Give a group a site; its path."""
    chosen = SiteOptions(**options)  # type: ignore[arg-type]
    site = await Site.create(
        organisation_id=group.organisation_id, group=group, name=name, options=chosen.stored()
    )
    return f"/s/{site.key}"
