"""A background made ready for comparisons, and a still measured beside it."""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.scene.edges import (
    as_blurred,
    blocks_of,
    edges_of,
    greys,
    likeness_of,
    open_of,
    sharpness_of,
    spectrum_of,
)

TEXTURED = 60.0  # mean squared gradient of a block that has edges
FAINT = 15.0  # of one that has next to none
HIDDEN = 0.4  # share of a block's pixels where people stand, from which it is not judged
ALIKE = 0.5  # correlation of gradients from which a block shows the same
AS_BRIGHT = 0.5  # of the background's brightness, from which the light is as good
_LEAST_SIDE = 96  # pixels of a still's shorter side; a smaller one is not judged
_LEAST_TEXTURED = 0.2  # share of the background's blocks with edges; with fewer nothing is told


class Scene:
    """What a background shows, made ready once for all stills of its size."""

    def __init__(self, background: UInt8) -> None:
        """Prepare HxWx3 pixels."""
        self.size = (background.shape[1], background.shape[0])
        self.is_judged = False
        if min(self.size) < _LEAST_SIDE:
            return
        medium, small = greys(background)
        self.medium = medium
        self.sharpness = sharpness_of(medium, small)
        self.edges = edges_of(small)
        self.textured = self.edges.energy >= TEXTURED
        self.brightness = blocks_of(small)
        self.spectrum = spectrum_of(self.edges)
        self.is_judged = bool(self.textured.mean() >= _LEAST_TEXTURED)


class Comparison:
    """A still of a scene's size, HxWx3, in which ``people`` (Nx4) were found, beside it."""

    def __init__(self, scene: Scene, frame: UInt8, people: Float32) -> None:
        self.scene = scene
        self.medium, self.small = greys(frame)
        self.sharpness = sharpness_of(self.medium, self.small)
        self.edges = edges_of(as_blurred(self.small, self.sharpness, scene.sharpness))
        self.brightness = blocks_of(self.small)
        height, width = self.small.shape
        self.people = people * np.array(
            [width / scene.size[0], height / scene.size[1]] * 2, np.float32
        )
        self.open = open_of(self.people, self.small.shape)
        self.judged = scene.textured & (blocks_of(self.open) >= 1 - HIDDEN)
        self.likeness, self.contrast = likeness_of(self.edges, scene.edges, self.open)
        self.alike = self.judged & (self.likeness >= ALIKE)
