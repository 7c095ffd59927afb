"""The edges of a small picture, in blocks: what is compared of a still and its background."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32, UInt8

Flags = npt.NDArray[np.bool_]

SIDE = 192  # pixels of the longer side of the picture that is compared
BLOCK = 16  # pixels of a block's side
_MUCH_BLURRED = 0.4  # sharpness beside the still's of a background that was blurred on purpose


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Gradients of a small picture, each HxW; ``energy`` is the mean square in its blocks."""

    across: Float32
    down: Float32
    energy: Float32


def greys(pixels: UInt8) -> tuple[UInt8, Float32]:
    """Give it in grey, its longer side twice ``SIDE`` and ``SIDE`` pixels."""
    width, height = _small_size(pixels.shape[1], pixels.shape[0])
    while pixels.shape[1] >= 4 * width:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    medium = cv2.resize(grey, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(medium, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(medium, np.uint8), np.asarray(small, np.float32)


def _small_size(width: int, height: int) -> tuple[int, int]:
    """Whole blocks, as close to ``SIDE`` and to the picture's shape as they come."""
    scale = SIDE / max(width, height)
    return (
        max(2, round(width * scale / BLOCK)) * BLOCK,
        max(2, round(height * scale / BLOCK)) * BLOCK,
    )


def edges_of(small: Float32) -> Edges:
    """The edges of a small grey picture."""
    smooth = cv2.GaussianBlur(small, (5, 5), 1.0)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), np.float32)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), np.float32)
    return Edges(across, down, blocks_of(across * across + down * down))


def blocks_of(values: Float32) -> Float32:
    """The mean in each block."""
    size = (values.shape[1] // BLOCK, values.shape[0] // BLOCK)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def likeness_of(now: Edges, empty: Edges, open_: Float32) -> tuple[Float32, Float32]:
    """For each block the correlation (-1..1) of the gradients, and their contrast."""
    both = blocks_of((now.across * empty.across + now.down * empty.down) * open_)
    ours = blocks_of((now.across * now.across + now.down * now.down) * open_)
    theirs = blocks_of((empty.across * empty.across + empty.down * empty.down) * open_)
    likeness = both / np.sqrt(np.maximum(ours * theirs, 1e-3))
    return likeness.astype(np.float32), (both / np.maximum(theirs, 1e-3)).astype(np.float32)


def open_of(people: Float32, shape: tuple[int, ...]) -> Float32:
    """1 where nobody was found, 0 where somebody was, a little room around them included."""
    free = np.ones(shape, np.float32)
    for x1, y1, x2, y2 in people:
        room = 1 + 0.1 * max(x2 - x1, y2 - y1)
        left, top = max(0, int(x1 - room)), max(0, int(y1 - room))
        free[top : max(0, int(y2 + room) + 1), left : max(0, int(x2 + room) + 1)] = 0
    return free


def sharpness_of(medium: UInt8, small: Float32) -> float:
    """How strong fine edges are beside coarse ones; contrast does not matter."""
    grey = medium.astype(np.float32)
    fine = float(np.square(grey[:, 1:] - grey[:, :-1]).mean())
    coarse = float(np.square(small[:, 4:] - small[:, :-4]).mean())
    return fine / max(coarse, 1e-3)


def as_blurred(small: Float32, sharpness: float, wanted: float) -> Float32:
    """Blur a still as a background seems to be that was blurred on purpose."""
    if wanted >= _MUCH_BLURRED * sharpness:
        return small
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 2.0), np.float32)


def spectrum_of(edges: Edges) -> Float32:
    """Of the strength of edges, whose borders fade; whitened when two are multiplied."""
    strength = cv2.magnitude(edges.across, edges.down)
    strength = np.minimum(strength, 4 * float(strength.mean()))
    strength = (strength - strength.mean()) * _window((strength.shape[1], strength.shape[0]))
    return np.asarray(cv2.dft(strength, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)


def _window(size: tuple[int, int]) -> Float32:
    return np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)
