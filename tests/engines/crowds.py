"""Crowds made of the demonstration's footage: people of several moments on one background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from nigiwai_engine_api import Frame

import webapp.demo
from webapp.domain.evaluation import Truth
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent
AROUND = 6  # pixels around a person's box that are looked at too
CHANGED = 18  # levels by which a person differs from the background


def empty_scene() -> Frame:
    return Frame(np.asarray(cv2.imread(str(DEMO / "background.png")), np.uint8))


def moments(every: int) -> list[tuple[Frame, Truth]]:
    (item,) = read_manifest(DEMO / "manifest.json")
    return list(item.frames(every))


def crowd(chosen: Sequence[tuple[Frame, Truth]], background: Frame) -> tuple[Frame, int]:
    """Paste everybody of these moments, far ones first; the picture and how many they are."""
    pixels = background.pixels.copy()
    people = [(box, frame) for frame, truth in chosen for box in truth.boxes]  # type: ignore[union-attr]
    for box, frame in sorted(people, key=lambda person: person[0][3]):
        x1, y1, x2, y2 = (round(value) for value in box)
        part = np.s_[max(0, y1 - AROUND) : y2 + AROUND, max(0, x1 - AROUND) : x2 + AROUND]
        difference = cv2.blur(cv2.absdiff(frame.pixels[part], background.pixels[part]), (5, 5))
        person = (difference.max(axis=2) > CHANGED).astype(np.float32)
        person = cv2.GaussianBlur(cv2.dilate(person, np.ones((5, 5))), (5, 5), 0)[..., None]
        pixels[part] = frame.pixels[part] * person + pixels[part] * (1 - person)
    return Frame(pixels), len(people)
