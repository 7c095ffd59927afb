"""The demonstration: three cameras that work, made once."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from webapp.connectors import surroundings_of
from webapp.connectors.file import FileConnector
from webapp.demo.seed import CAMERAS, FOLDER, demo_settings, seed
from webapp.domain.pictures import decode
from webapp.models import Background, Camera, Member, Organisation, PublicPage, Role
from webapp.services import Services, build_services
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def services(any_database: Settings) -> Services:
    return build_services(demo_settings(any_database))


async def test_it_is_made_once_and_then_left_alone(services: Services) -> None:
    member = await seed(services, AT)
    assert member.role is Role.ADMIN
    await Camera.filter(name="広場 中央").update(name="renamed")
    await Camera.filter(name="通路 東側").delete()
    assert (await seed(services, AT)).id == member.id
    assert await Organisation.all().count() == 1
    assert await Member.all().count() == 2
    names = [camera.name for camera in await Camera.all().order_by("id")]
    assert names == ["広場 全景", "renamed"]


async def test_its_admin_comes_back(services: Services) -> None:
    await (await seed(services, AT)).delete()
    assert (await seed(services, AT)).role is Role.ADMIN


async def test_each_camera_shows_its_part_and_has_its_background(services: Services) -> None:
    await seed(services, AT)
    connector = FileConnector(surroundings_of(services.settings))
    cameras = await Camera.all().order_by("id").select_related("latest")
    assert len(cameras) == len(CAMERAS)
    for camera, demo in zip(cameras, CAMERAS, strict=True):
        source = services.sealer.unseal(camera.source)
        frame = decode((await connector.fetch(source, AT, 10)).data)
        assert (frame.width, frame.height) == (demo.crop.width, demo.crop.height)
        background = await Background.get(camera=camera)
        data = await services.storage.get(background.picture)
        assert data is not None
        assert hashlib.sha256(data).hexdigest() == background.sha256
        empty = decode(data)
        assert (empty.width, empty.height) == (frame.width, frame.height)
        assert background.picture.startswith(f"backgrounds/{camera.public_id}/")
        assert (await PublicPage.get(camera=camera)).shows_count


async def test_the_clip_runs_on(database: Settings) -> None:
    connector = FileConnector(surroundings_of(demo_settings(database)))
    stills = [
        (await connector.fetch({"path": "pets09_s2l1.mp4"}, AT + timedelta(minutes=n), 10)).data
        for n in range(4)
    ]
    assert len(set(stills)) == 4


def test_crops_have_the_shape_of_the_whole() -> None:
    for camera in CAMERAS:
        assert camera.crop.width >= 380
        assert camera.crop.width * 3 == camera.crop.height * 4


def test_the_truth_fits_the_clip() -> None:
    truth = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    (entry,) = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert entry["truth"] == "truth.json"
    assert entry["frames"] == truth["frames"] == len(truth["truth"]) == 795
    assert (FOLDER / entry["file"]).stat().st_size < 5_000_000
    for number, frame in enumerate(truth["truth"]):
        assert frame["frame"] == number
        assert frame["persons"] == len(frame["boxes"])
