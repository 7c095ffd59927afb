"""Published pictures: drawn, signed and stored as a worker does it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio.to_thread
import numpy as np
from nigiwai_engine_api import EngineInfo, Frame, People, PictogramStyle

from tests.builders import make_background
from tests.jobs.conftest import world as world
from tests.people import *  # noqa: F403 - fixtures
from webapp.analysis import Analysis
from webapp.domain.backdrops import Fitted
from webapp.domain.manifests import Manifest, pack, picture_name
from webapp.domain.masking import digest_of, render_on
from webapp.domain.pictures import decode, encode_jpeg
from webapp.models import Background, Camera, PictureManifest
from webapp.services import Services
from webapp.verification.keys import CameraKeys
from webapp.verification.making import Ground, Published, manifest_of
from webapp.verification.signing import Signed

AT = datetime(2026, 3, 2, 12, 0, 30, 654321, tzinfo=UTC)
INFO = EngineInfo(
    name="standard",
    titles={"ja": "標準", "en": "Standard"},
    descriptions={"ja": "試験用", "en": "For tests"},
    version="1.0.0",
    style=PictogramStyle.FIGURE,
)


def crowd(count: int, width: int = 320, height: int = 240) -> People:
    """People in a row, with whole bodies' key points and heads."""
    left = 10 + np.arange(count, dtype=np.float32) * (width - 40) / max(count, 1)
    boxes = np.stack([left, left * 0 + 60, left + 30, left * 0 + height - 20], axis=1)
    shares = np.array(
        [(0.5, 0.08)] * 5
        + [(0.7, 0.22), (0.3, 0.22), (0.8, 0.38), (0.2, 0.38), (0.82, 0.52), (0.18, 0.52)]
        + [(0.62, 0.52), (0.38, 0.52), (0.65, 0.75), (0.35, 0.75), (0.66, 0.97), (0.34, 0.97)]
    )
    places = boxes[:, None, :2] + shares[None] * (boxes[:, None, 2:] - boxes[:, None, :2])
    seen = np.concatenate([places, np.full((count, 17, 1), 0.87)], axis=2).astype(np.float32)
    heads = (boxes[:, :2] + (15, 8)).astype(np.float32)
    return People(boxes, np.full(count, 0.87, np.float32), seen, heads)


@dataclass(frozen=True)
class Made:
    """A published picture: its manifest with signature, and the files."""

    signed: Signed
    background: bytes
    jpeg: bytes

    @property
    def manifest(self) -> Manifest:
        return self.signed.manifest

    @property
    def path(self) -> str:
        """Where it can be verified."""
        return f"/verify/{self.manifest.camera}/{self.manifest.picture}"


def drawn(background: bytes, people: People, style: PictogramStyle) -> tuple[Analysis, Frame]:
    """What an analysis makes of these people."""
    fitted = Fitted.of(decode(background))
    drawing = render_on(fitted, people, style)
    frame = drawing.frame
    raster = digest_of(fitted, drawing)
    whole = Analysis(
        people, len(people), drawing, frame.width, frame.height, (), 0.0, raster=raster
    )
    return whole, frame


async def make_picture(
    services: Services,
    camera: Camera,
    people: People | None = None,
    style: PictogramStyle = PictogramStyle.FIGURE,
    age: timedelta = timedelta(minutes=2),
) -> Made:
    """Publish a picture of ``age``, on the camera's background, which is made if there is none."""
    row = await Background.filter(camera=camera).order_by("-id").first()
    row = row or await make_background(services, camera)
    background = await services.storage.get(row.picture)
    assert background is not None
    people = crowd(3) if people is None else people
    analysis, frame = await anyio.to_thread.run_sync(drawn, background, people, style)
    at = datetime.now(UTC) - age
    minute = at.replace(second=0, microsecond=0)
    jpeg = encode_jpeg(frame)
    picture = Published(camera.public_id, picture_name(minute, secrets.token_hex(16)), jpeg, at)
    ground = Ground(row.id, hashlib.sha256(background).hexdigest())
    key = await CameraKeys(services.settings).of_camera(camera, at)
    signed = manifest_of(picture, analysis, ground, INFO, key)
    await services.storage.put(f"masked/{camera.public_id}/{picture.name}.jpg", jpeg)
    await PictureManifest.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        minute=minute,
        background_id=row.id,
        packed=pack(signed.manifest),
        signature=signed.signature,
    )
    return Made(signed, background, jpeg)
