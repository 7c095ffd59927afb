"""From one analysis to the signed manifest of its picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from nigiwai_engine_api import EngineInfo

from webapp.analysis import Analysis
from webapp.domain import masking
from webapp.domain.manifests import Manifest, word
from webapp.verification.keys import CameraKey
from webapp.verification.signing import Signed, sign


@dataclass(frozen=True, slots=True)
class Published:
    """One picture as it is stored: whose it is, its name and file, and when it was taken."""

    camera: str
    name: str
    jpeg: bytes
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Ground:
    """The background that was drawn on: its row, and the SHA-256 of its file."""

    row_id: int
    sha256: str


def manifest_of(
    picture: Published, analysis: Analysis, ground: Ground, engine: EngineInfo, key: CameraKey
) -> Signed:
    """Say how the picture was made, and sign it. The analysis has a drawing."""
    drawing = analysis.drawing
    assert drawing is not None, "a picture was drawn"
    manifest = Manifest(
        camera=picture.camera,
        picture=picture.name,
        taken_at=picture.taken_at.astimezone(UTC).replace(microsecond=0),
        width=drawing.frame.width,
        height=drawing.frame.height,
        background=ground.sha256,
        engine=word(engine.name),
        engine_version=word(engine.version),
        style=engine.style.value,
        style_version=masking.STYLE_VERSION,
        library=masking.LIBRARY,
        figures=drawing.figures,
        raster=analysis.raster,
        jpeg=hashlib.sha256(picture.jpeg).hexdigest(),
        key=key.kid,
    )
    return Signed(manifest, sign(manifest, key.private), ground.row_id)
