"""An engine to copy from: everything that stands out against the background is a person.

It needs no weights and shows each part of an engine once. It takes a handcart for a
person and two people side by side for one: use it to learn, not to count.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from nigiwai_engine_api import (
    Context,
    Engine,
    EngineInfo,
    EngineUnusable,
    Frame,
    People,
    PictogramStyle,
    hookimpl,
)

INFO = EngineInfo(
    name="example",
    titles={"ja": "動き", "en": "Motion"},
    descriptions={
        "ja": "背景画像と異なる部分を人物とみなします。開発者向けの見本です。",
        "en": "Takes what differs from the background for people; a sample for developers.",
    },
    version="0.1.0",
    style=PictogramStyle.FIGURE,
    options_schema={
        "type": "object",
        "properties": {
            "least_change": {
                "type": "integer",
                "minimum": 1,
                "maximum": 255,
                "default": 30,
                "description": "Levels of 255 by which a pixel differs from the background.",
            },
        },
        "additionalProperties": False,
    },
)
LEAST_HEIGHT = 0.05  # of the frame's; smaller things are leaves and noise
MOST_CHANGED = 0.5  # of the frame; beyond it the light has changed, not the people


@hookimpl
def engine_info() -> EngineInfo:
    """Say what this engine is."""
    return INFO


@hookimpl
def create_engine(name: str, options: Mapping[str, object]) -> Engine | None:
    """Build it; answer None for another's name."""
    return MotionEngine(options) if name == INFO.name else None


class MotionEngine:
    """Holds its options and nothing of any frame."""

    def __init__(self, options: Mapping[str, object]) -> None:
        change = options.get("least_change", 30)
        if not isinstance(change, int) or not 1 <= change <= 255:
            raise EngineUnusable(f"its option least_change is {change!r}; it is from 1 to 255")
        self._least_change = change

    def warm_up(self) -> None:
        """Nothing is loaded late."""

    def find_people(self, frame: Frame, context: Context) -> People:
        """Everything that stands out, the largest first."""
        background = context.background
        if background is None or background.pixels.shape != frame.pixels.shape:
            return People.none()
        difference = cv2.blur(cv2.absdiff(frame.pixels, background.pixels), (5, 5))
        changed = (difference.max(axis=2) >= self._least_change).astype(np.uint8)
        if changed.mean() > MOST_CHANGED:
            return People.none()
        _, _, places, _ = cv2.connectedComponentsWithStats(changed)
        left, top, width, height, area = places[1:].T  # the first one is the ground
        people = (height >= LEAST_HEIGHT * frame.height) & (height >= width)
        boxes = np.stack([left, top, left + width, top + height], axis=1)[people]
        scores = (area / (width * height))[people]
        order = np.argsort(-area[people], kind="stable")
        return People(boxes[order].astype(np.float32), scores[order].astype(np.float32))
