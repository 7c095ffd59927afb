"""What happens to a camera's picture besides people: light, colour, noise, compression.

``nigiwai evaluate --disturb`` changes frames that way, while the background stays as it
is, and so measures how little an engine minds. The same frame is always changed alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Frame

Disturbance = Callable[[Frame], Frame]

NOISE_SEED = 20
SHADOW_EDGE = 40  # pixels over which a shadow's edge is soft


def gained(frame: Frame, blue: float, green: float, red: float) -> Frame:
    """Multiply each channel; what passes white is cut off, as in a camera."""
    gains = np.array([blue, green, red], np.float32)
    return _frame(np.multiply(frame.pixels, gains, dtype=np.float32))


def noisy(frame: Frame, deviation: float) -> Frame:
    """Add independent normal noise, its deviation in levels of 255."""
    noise = np.random.default_rng(NOISE_SEED).standard_normal(frame.pixels.shape, np.float32)
    return _frame(frame.pixels + deviation * noise)


def compressed(frame: Frame, quality: int) -> Frame:
    """Go through a JPEG of that quality."""
    _, data = cv2.imencode(".jpg", frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Frame(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def shaded(frame: Frame, light: float) -> Frame:
    """Let a shadow with a soft edge fall on the left half."""
    across = np.arange(frame.width, dtype=np.float32) - frame.width / 2
    share = np.clip(across / SHADOW_EDGE + 0.5, 0, 1)
    brightness = (light + (1 - light) * share).astype(np.float32)
    return _frame(frame.pixels * brightness[None, :, None])


def shifted(frame: Frame, pixels: int) -> Frame:
    """Move the picture to the right and down, as a mount that gives way does."""
    padded = cv2.copyMakeBorder(frame.pixels, pixels, 0, pixels, 0, cv2.BORDER_REPLICATE)
    return Frame(np.asarray(padded[: frame.height, : frame.width], np.uint8))


DISTURBANCES: Mapping[str, Disturbance] = MappingProxyType(
    {
        "gain-0.6": partial(gained, blue=0.6, green=0.6, red=0.6),
        "gain-0.8": partial(gained, blue=0.8, green=0.8, red=0.8),
        "gain-1.25": partial(gained, blue=1.25, green=1.25, red=1.25),
        "gain-1.6": partial(gained, blue=1.6, green=1.6, red=1.6),
        "cast-warm": partial(gained, blue=0.8, green=1.0, red=1.2),
        "cast-cold": partial(gained, blue=1.2, green=1.0, red=0.8),
        "noise-8": partial(noisy, deviation=8.0),
        "noise-15": partial(noisy, deviation=15.0),
        "jpeg-40": partial(compressed, quality=40),
        "shadow": partial(shaded, light=0.6),
        "shift-2": partial(shifted, pixels=2),
    }
)


def _frame(values: npt.NDArray[np.float32]) -> Frame:
    return Frame(np.clip(np.rint(values), 0, 255).astype(np.uint8))
