"""The demonstration: a shopping street with three cameras that show the PETS clip."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio.to_thread
from tortoise.transactions import in_transaction

from webapp.connectors.file import Crop
from webapp.database import connection_name
from webapp.domain.pictures import decode, encode_png
from webapp.models import Background, Camera, Latest, Member, Organisation, PublicPage, Role
from webapp.models.fields import public_id
from webapp.services import Services
from webapp.settings import Settings

FOLDER = Path(__file__).resolve().parent
CLIP = "pets09_s2l1.mp4"
ORGANISATION = "demo"  # its public id: the demonstration is made once, and then left alone


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One virtual camera: a name and the part of the clip that it sees."""

    name: str
    crop: Crop


CAMERAS = (
    DemoCamera("広場 全景", Crop(0, 0, 768, 576)),
    DemoCamera("広場 中央", Crop(184, 100, 432, 324)),
    DemoCamera("通路 東側", Crop(352, 90, 416, 312)),
)
MEMBERS = (
    ("管理 花子", "admin@demo.example", Role.ADMIN),
    ("一般 太郎", "member@demo.example", Role.GENERAL),
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A camera to make, whose background lies in the store already."""

    demo: DemoCamera
    public_id: str
    picture: str
    sha256: str


def demo_settings(settings: Settings) -> Settings:
    """Take these settings, with the footage of the demonstration in place of any other.

    The data folder stays, so that `nigiwai operator` finds the running demonstration.
    """
    return settings.model_copy(update={"footage_dir": FOLDER})


async def seed(services: Services, at: datetime) -> Member:
    """Make the demonstration unless it is there, and return its admin.

    1. Put the three backgrounds into the store.
    2. In one transaction: organisation, members, cameras, backgrounds, public pages.

    What members change or remove afterwards stays changed at the next start.
    """
    organisation = await Organisation.get_or_none(public_id=ORGANISATION)
    if organisation is None:
        stored = [await _store_background(services, camera) for camera in CAMERAS]
        async with in_transaction(connection_name(services.settings)):
            organisation = await Organisation.create(
                public_id=ORGANISATION, name="デモ商店街", created_at=at
            )
            for name, mail, role in MEMBERS:
                await Member.create(
                    organisation=organisation, name=name, mail=mail, role=role, created_at=at
                )
            for camera in stored:
                await _create_camera(services, organisation, camera, at)
    return await _admin(organisation, at)


async def _admin(organisation: Organisation, at: datetime) -> Member:
    admins = Member.filter(organisation=organisation, role=Role.ADMIN).order_by("id")
    admin = await admins.first()
    if admin is None:
        name, mail, role = MEMBERS[0]
        admin = await Member.create(
            organisation=organisation, name=name, mail=mail, role=role, created_at=at
        )
    return admin


async def _store_background(services: Services, demo: DemoCamera) -> _Stored:
    data = await anyio.to_thread.run_sync(_cut_background, demo.crop)
    camera = public_id()
    key = f"backgrounds/{camera}/{secrets.token_urlsafe(16)}.png"
    await services.storage.put(key, data)
    return _Stored(demo, camera, key, hashlib.sha256(data).hexdigest())


def _cut_background(crop: Crop) -> bytes:
    return encode_png(crop.cut(decode((FOLDER / "background.png").read_bytes())))


async def _create_camera(
    services: Services, organisation: Organisation, stored: _Stored, at: datetime
) -> None:
    crop = stored.demo.crop
    source = {"path": CLIP, "crop": [crop.x, crop.y, crop.width, crop.height]}
    camera = await Camera.create(
        public_id=stored.public_id,
        organisation=organisation,
        name=stored.demo.name,
        connector="file",
        source=services.sealer.seal(source),
        created_at=at,
    )
    await Latest.create(organisation=organisation, camera=camera)
    await Background.create(
        organisation=organisation,
        camera=camera,
        picture=stored.picture,
        sha256=stored.sha256,
        width=crop.width,
        height=crop.height,
        registered_at=at,
    )
    await PublicPage.create(
        organisation=organisation, camera=camera, shows_count=True, created_at=at
    )
