"""A logo from an uploaded file: judged as every picture is, and made anew from its pixels."""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api.types import UInt8

from webapp.domain.picture_headers import read_png_header
from webapp.domain.pictures import decode

MAX_BYTES = 1_000_000
MAX_PIXELS = 16_000_000
LONGEST_SIDE = 640


def make_logo(data: bytes) -> bytes:
    """Make a PNG without metadata, at most 640 pixels long; transparency stays.

    Raises ``PictureRefused`` for what is no JPEG or PNG of at most 1 MB.
    """
    pixels = decode(data, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES, min_side=16).pixels
    pixels = _with_transparency(data, pixels)
    _, png = cv2.imencode(".png", _fitted(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return png.tobytes()


def _with_transparency(data: bytes, pixels: UInt8) -> UInt8:
    """The pixels with the PNG's own transparency, which a camera's picture would lose."""
    if not data.startswith(b"\x89PNG"):
        return pixels
    clean = np.frombuffer(read_png_header(data).clean, np.uint8)
    raw = cv2.imdecode(clean, cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 3 or raw.shape[2] != 4:
        return pixels
    eight_bits = raw // 257 if raw.dtype == np.uint16 else raw
    return np.asarray(eight_bits, np.uint8)


def _fitted(pixels: UInt8) -> UInt8:
    height, width = pixels.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
