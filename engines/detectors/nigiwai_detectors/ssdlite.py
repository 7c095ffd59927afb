"""SSDLite MobileNetV2 at 300 pixels: strong on people who fill much of the frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from nigiwai_detectors.boxes import Candidates, candidates
from nigiwai_detectors.shrink import shrink
from nigiwai_detectors.weights import Model, Weights

WEIGHTS = Weights(
    file="ssdlite-mobilenetv2-coco-300.onnx",
    sha256="7572cde70f0ab5b36cc7dd977c779a3f3785fe23d4a2000290dea71099532037",
    input="image_tensor:0",
    outputs=("Postprocessor/Slice:0", "Postprocessor/ExpandDims_1:0"),
)
SIDE = 300
PERSON = 0
LEAST_SCORE = 0.1


def find(model: Model, frame: Frame) -> Candidates:
    """Everybody the network suggests, before repeats are dropped; boxes in frame pixels."""
    boxes, scores = decode(model.run(preprocess(frame)))
    scale = np.array([frame.width, frame.height] * 2, np.float32)
    return candidates(boxes * scale, scores, frame.width, frame.height)


def preprocess(frame: Frame) -> UInt8:
    """Squeeze into the square the network was trained on: 1x300x300x3, RGB."""
    small = shrink(frame.pixels, SIDE, SIDE)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)[None]


def decode(outputs: list[npt.NDArray[np.float32]]) -> tuple[Float32, Float32]:
    """Boxes Nx4 as shares of the frame (0..1) and their N scores."""
    scores = outputs[0][0, :, PERSON]
    found = scores >= LEAST_SCORE
    y1, x1, y2, x2 = outputs[1].reshape(-1, 4)[found].T
    return np.stack([x1, y1, x2, y2], axis=1), scores[found]
