"""MoveNet SinglePose: the 17 key points of the one person in the middle of a square."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_detectors.shrink import shrink
from nigiwai_detectors.weights import Model, Weights
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import KEYPOINT_COUNT, Float32, UInt8

DATA = Path(__file__).parent / "data"

LIGHTNING = Weights(
    file="movenet-lightning-192.onnx",
    sha256="5293f6ec0811b56c2901f690731b528327b543d8788c3d12bef8c2d0c831f9c8",
    input="input:0",
    outputs=("Identity:0",),
)
THUNDER = Weights(
    file="movenet-thunder-256.onnx",
    sha256="865355bcfc52951f74da311a8e753992a4777cf7c97071dec2d0b8c6fd1c7161",
    input="input:0",
    outputs=("Identity:0",),
)

MARGIN = 1.15  # the square's side over the longer side of the person's box


class Network(NamedTuple):
    """One of the two: its weights and the side of the square it looks at."""

    weights: Weights
    side: int


NETWORKS = {"thunder": Network(THUNDER, 256), "lightning": Network(LIGHTNING, 192)}


class Square(NamedTuple):
    """A part of the frame, in pixels; it may reach beyond the frame's edges."""

    left: int
    top: int
    side: int


def find(model: Model, side: int, frame: Frame, box: Float32) -> Float32:
    """Return the key points of the person in ``box``: 17x3 (x, y in frame pixels, score)."""
    square = around(box)
    return decode(model.run(preprocess(frame.pixels, square, side)), square)


def around(box: Float32) -> Square:
    """Return the square about a box, its middle in the box's middle, with some margin."""
    x1, y1, x2, y2 = (float(value) for value in box)
    side = max(4, round(max(x2 - x1, y2 - y1) * MARGIN))
    return Square(round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side)


def preprocess(pixels: UInt8, square: Square, side: int) -> npt.NDArray[np.int32]:
    """Cut the square out and scale it: 1 x side x side x 3, RGB, black beyond the frame."""
    height, width = pixels.shape[:2]
    left, right = max(square.left, 0), min(square.left + square.side, width)
    top, bottom = max(square.top, 0), min(square.top + square.side, height)
    # Where the cut lies in the network's input; at least one pixel, and inside.
    into_left, into_right = _span(left - square.left, right - square.left, square.side, side)
    into_top, into_bottom = _span(top - square.top, bottom - square.top, square.side, side)
    small = shrink(pixels[top:bottom, left:right], into_right - into_left, into_bottom - into_top)
    tensor = np.zeros((1, side, side, 3), np.int32)
    tensor[0, into_top:into_bottom, into_left:into_right] = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    return tensor


def decode(outputs: list[npt.NDArray[np.float32]], square: Square) -> Float32:
    """Bring the network's (y, x, score), shares of the square, to 17x3 frame pixels."""
    y, x, score = outputs[0].reshape(KEYPOINT_COUNT, 3).T
    places = (x * square.side + square.left, y * square.side + square.top)
    return np.stack([*places, np.clip(score, 0, 1)], axis=1).astype(np.float32)


def _span(first: int, last: int, whole: int, side: int) -> tuple[int, int]:
    start = min(first * side // whole, side - 1)
    return start, max(start + 1, min(side, -(-last * side // whole)))
