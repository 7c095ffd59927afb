"""The demonstration: a shopping street with three cameras that show the PETS clip.

Beside it there are an organisation that has just been made, and the operator's own.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread

from webapp.connectors.file import Crop
from webapp.database import transaction
from webapp.demo import street
from webapp.demo.accounts import ORGANISATIONS, STREET, demo_accounts, seed_accounts
from webapp.demo.simulated_past import simulate_past
from webapp.domain.embeds import Options
from webapp.domain.pictures import decode, encode_png
from webapp.embeds import codes
from webapp.identity.parts import Parts
from webapp.models import Background, Camera, Latest, Organisation
from webapp.models.fields import public_id
from webapp.services import Services
from webapp.settings import Settings

__all__ = ["CAMERAS", "FOLDER", "demo_accounts", "demo_settings", "seed"]

FOLDER = Path(__file__).resolve().parent
CLIP = "pets09_s2l1.mp4"
CLOUD_PORT = 8002
CLOUD_URL = f"http://localhost:{CLOUD_PORT}"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


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


@dataclass(frozen=True, slots=True)
class _Stored:
    """A camera to make, whose background lies in the store already."""

    demo: DemoCamera
    public_id: str
    picture: str
    sha256: str


def demo_settings(settings: Settings) -> Settings:
    """Take these settings, with the footage of the demonstration in place of any other.

    Mails stay on a page of it, unless a mail server is named. The data folder stays, so that
    `nigiwai operator` finds the running demonstration. The camera cloud is the simulator on this
    very machine, which no camera's address reaches, unless another one is named.
    """
    update: dict[str, Any] = {"footage_dir": FOLDER, "mail_url": settings.mail_url or "mailbox:"}
    cloud = settings.camera_cloud_url or CLOUD_URL
    if urlsplit(cloud).hostname == "localhost":
        networks = settings.camera_cloud_networks or LOOPBACK
        update |= {"camera_cloud_url": cloud, "camera_cloud_networks": networks}
    return settings.model_copy(update=update)


async def seed(services: Services, parts: Parts, at: datetime) -> None:
    """Make the demonstration unless it is there.

    1. At the provider, when it is our own: the organisations and their people.
    2. The three backgrounds, put into the store.
    3. In one transaction each: the street with its cameras, backgrounds, embeds, group and
       alerts, and the organisations that have none. Members come by signing in.
    4. Eight weeks of simulated counts for each of these cameras and the group, unless it has
       them, and what the alerts would have done over the last 30 days.

    What people change or remove afterwards stays changed at the next start.
    """
    if services.settings.has_own_identity:
        await seed_accounts(parts, at)
    for demo in ORGANISATIONS:
        if await Organisation.exists(public_id=demo.public_id):
            continue
        cameras = CAMERAS if demo is STREET else ()
        stored = [await _store_background(services, camera) for camera in cameras]
        busy = await street.draw_busy(services, stored[0].public_id) if stored else ""
        async with transaction():
            organisation = await Organisation.create(
                public_id=demo.public_id,
                name=demo.name,
                is_operator=demo.is_operator,
                created_at=at,
            )
            made = [await _create_camera(services, organisation, one, at) for one in stored]
            if made:
                await street.set_up(organisation, made, busy)
    await _simulate_pasts(at)


async def _simulate_pasts(at: datetime) -> None:
    """Also for a start that was ended before it came to that; cameras added later have none."""
    shops = await Organisation.get(public_id=STREET.public_id)
    cameras = await Camera.filter(organisation=shops, created_at=shops.created_at).order_by("id")
    for number, camera in enumerate(cameras):
        if camera.simulated_until is None:
            await simulate_past(camera, number, shops.time_zone, at)
    await street.simulate_pasts(shops, at)


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
) -> Camera:
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
    await codes.make(camera, Options())
    return camera
