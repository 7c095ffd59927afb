"""NanoDet-g at 416 pixels: strong on people who stand some way off."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32

from nigiwai_detectors.boxes import Candidates, candidates
from nigiwai_detectors.shrink import shrink
from nigiwai_detectors.weights import Model, Weights

WEIGHTS = Weights(
    file="nanodet-g-416.onnx",
    sha256="14ff001367a3e8bbf451b0b9bcb6790026b425a1ca83f43bb92b1c90604d2c45",
    input="input_1:0",
    # Class scores of the three strides, then their box distances.
    outputs=tuple(f"Identity{part}:0" for part in ("", "_1", "_2", "_3", "_4", "_5")),
)
SIDE = 416
STRIDES = (8, 16, 32)
BINS = 11
PERSON = 0
MEAN = np.array([[103.53], [116.28], [123.675]])
DEVIATION = np.array([[57.375], [57.12], [58.395]])
# What each level 0..255 of blue, green and red becomes: 3x256.
NORMALISED = ((np.arange(256) - MEAN) / DEVIATION).astype(np.float32)
LEAST_SCORE = 0.2


def find(model: Model, frame: Frame) -> Candidates:
    """Everybody the network suggests, before repeats are dropped; boxes in frame pixels."""
    tensor, scale = preprocess(frame)
    boxes, scores = decode(model.run(tensor))
    return candidates(boxes / scale, scores, frame.width, frame.height)


def preprocess(frame: Frame) -> tuple[Float32, Float32]:
    """Letterbox at the top left, normalise; 1x3x416x416 and the scale of x, y, x, y."""
    ratio = min(SIDE / frame.width, SIDE / frame.height)
    width = min(SIDE, max(1, round(frame.width * ratio)))
    height = min(SIDE, max(1, round(frame.height * ratio)))
    small = shrink(frame.pixels, width, height)
    tensor = np.empty((1, 3, SIDE, SIDE), np.float32)
    for channel, plane in enumerate(cv2.split(small)):
        tensor[0, channel] = NORMALISED[channel, 0]
        tensor[0, channel, :height, :width] = cv2.LUT(plane, NORMALISED[channel])
    scale = np.array([width / frame.width, height / frame.height] * 2, np.float32)
    return tensor, scale


def decode(outputs: list[npt.NDArray[np.float32]]) -> tuple[Float32, Float32]:
    """Boxes Nx4 in pixels of the network's input and their N scores."""
    boxes, scores = [], []
    for level, stride in enumerate(STRIDES):
        score = outputs[level][0, :, PERSON]
        cells = np.flatnonzero(score >= LEAST_SCORE)
        sides = _distances(outputs[len(STRIDES) + level][0, cells]) * stride
        across = SIDE // stride
        x = (cells % across + 0.5) * stride
        y = (cells // across + 0.5) * stride
        left, top, right, bottom = sides.T
        boxes.append(np.stack([x - left, y - top, x + right, y + bottom], axis=1))
        scores.append(score[cells])
    return np.concatenate(boxes).astype(np.float32), np.concatenate(scores)


def _distances(logits: Float32) -> Float32:
    """Each side's distance in strides: the mean of its softmax over 11 bins (Nx44 to Nx4)."""
    bins = logits.reshape(-1, 4, BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    distances: Float32 = weights @ np.arange(BINS, dtype=np.float32)
    return distances
