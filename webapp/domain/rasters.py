r"""One number for all pixels of a picture, before any encoder: the digest that is signed (B1).

A JPEG of the same pixels differs with encoder and processor; the pixels do not. They are
hashed in strips of 32 rows, so that each minute only the strips with people are hashed again:

    sha256("<width>x<height>\n" + the SHA-256 of each strip, from the top)

where a strip is its pixels row by row, three bytes each: blue, green, red.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from nigiwai_engine_api.types import Frame

STRIP = 32  # rows


def strips_of(frame: Frame) -> tuple[bytes, ...]:
    """The digests of a picture's strips, from the top."""
    return tuple(_strip(frame, top) for top in range(0, frame.height, STRIP))


def raster_sha256(
    frame: Frame, like: tuple[bytes, ...] = (), touched: Iterable[tuple[int, int]] = ()
) -> str:
    """The digest of all pixels, in hexadecimal digits.

    ``like`` are the strips of a picture that is the same, but for the rows that ``touched``
    names as ranges; nothing is hashed twice then.
    """
    strips = list(like or strips_of(frame))
    for number in {
        number for top, bottom in touched for number in range(top // STRIP, -(-bottom // STRIP))
    }:
        strips[number] = _strip(frame, number * STRIP)
    size = f"{frame.width}x{frame.height}\n".encode()
    return hashlib.sha256(size + b"".join(strips)).hexdigest()


def _strip(frame: Frame, top: int) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(frame.pixels[top : top + STRIP]).data).digest()
