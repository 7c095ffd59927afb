"""What a simulated camera sees: a part of the footage at a second, and what switches make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.cloud_simulator.world import CloudCamera

Picture = NDArray[np.uint8]

QUALITY = 88
MOVED = 0.35  # of the width by which a moved camera looks elsewhere
SMALLER = 0.75


class Footage:
    """The clip that all cameras see parts of, running by the clock without end."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip

    def still(self, camera: CloudCamera, seconds: float, switches: set[str]) -> bytes:
        """A JPEG of what the camera sees. CPU work: call it in a thread."""
        picture = _cut(self._frame(seconds + camera.begins), camera.crop)
        if "moved" in switches:
            picture = np.roll(picture, round(picture.shape[1] * MOVED), axis=1)
        if "size" in switches:
            picture = np.asarray(cv2.resize(picture, None, fx=SMALLER, fy=SMALLER), np.uint8)
        if "dark" in switches:
            picture = np.zeros_like(picture)
        _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return bytes(encoded)

    def _frame(self, seconds: float) -> Picture:
        with av.open(str(self._clip)) as container:
            stream: Any = container.streams.video[0]
            length = float(stream.duration * stream.time_base)
            wanted = seconds % length
            container.seek(int(wanted / stream.time_base), stream=stream, backward=True)
            frame: Any = None
            for one in container.decode(stream):
                if frame is not None and one.time > wanted:
                    break
                frame = one
            pixels: Picture = frame.to_ndarray(format="bgr24")
            stream.codec_context.flush_buffers()
            return pixels


def _cut(picture: Picture, crop: tuple[int, int, int, int]) -> Picture:
    x, y, width, height = crop
    return np.ascontiguousarray(picture[y : y + height, x : x + width])
