"""One model of the operator's: preprocess, run, decode, drop repeats."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from nigiwai_detectors.boxes import candidates, suppress
from nigiwai_detectors.shrink import shrink
from nigiwai_engine_api import Context, EngineFailure, EngineUnusable, Frame, People
from nigiwai_engine_api.types import Float32

from nigiwai_engine_onnx.heads import HEADS, Size, Unfit

INSIDE = 0.9  # share of a box inside another from which it is a part of that person


class OnnxEngine:
    """Holds the model and how to use it, and nothing of any frame."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._decode = HEADS[options["head"]]
        self._session = _load(Path(options["model"]), options["threads"])
        self._input, self._size = _input_of(self._session, options)
        mean, deviation = (np.array(options[name])[:, None] for name in ("mean", "deviation"))
        # What each level 0..255 of the three channels becomes: 3x256.
        self._levels = ((np.arange(256) - mean) / deviation).astype(np.float32)

    def warm_up(self) -> None:
        """Run it once; a model that does not fit its options is refused here."""
        grey = Frame(np.full((self._size[1], self._size[0], 3), 114, np.uint8))
        try:
            self.find_people(grey, Context())
        except EngineFailure as error:
            raise EngineUnusable(str(error)) from error

    def find_people(self, frame: Frame, context: Context) -> People:  # noqa: ARG002 - the interface
        """Find the people of one frame, best first; background and level are not used."""
        tensor, scale = self._preprocess(frame)
        try:
            outputs = self._session.run(None, {self._input: tensor})
            boxes, scores = self._decode(outputs, self._size, self._options)
        except Unfit as error:
            raise EngineFailure(f"the model does not fit its options: {error}") from error
        except Exception as error:
            raise EngineFailure(f"the model failed on a frame: {error}") from error
        # Of all scores: one that is no number is below every threshold.
        finite = np.isfinite(scores).all()
        enough = scores >= self._options["least_score"]
        boxes, scores = boxes[enough] / scale, scores[enough]
        if not (finite and np.isfinite(boxes).all()):
            raise EngineFailure("the model gives numbers that are not finite")
        found = candidates(boxes, scores, frame.width, frame.height)
        found = suppress(found, self._options["same_person"], INSIDE)
        return People(found.boxes, found.scores)

    def _preprocess(self, frame: Frame) -> tuple[Float32, Float32]:
        """Bring the frame to 1x3xHxW, normalised; and the scale of x, y, x, y."""
        across, down = self._size
        width, height = across, down
        if self._options["fit"] == "letterbox":
            ratio = min(across / frame.width, down / frame.height)
            width = min(across, max(1, round(frame.width * ratio)))
            height = min(down, max(1, round(frame.height * ratio)))
        planes = cv2.split(shrink(frame.pixels, width, height))
        tensor = np.empty((1, 3, down, across), np.float32)
        ordered = planes if self._options["colours"] == "bgr" else planes[::-1]
        for channel, plane in enumerate(ordered):
            tensor[0, channel] = self._levels[channel, self._options["padding"]]
            tensor[0, channel, :height, :width] = cv2.LUT(plane, self._levels[channel])
        scale = np.array([width / frame.width, height / frame.height] * 2, np.float32)
        return tensor, scale


def _load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, and told once
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not path.is_file():
        raise EngineUnusable(f"its model {path} is not there")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EngineUnusable(f"its model {path} cannot be loaded: {error}") from error


def _input_of(
    session: onnxruntime.InferenceSession, options: Mapping[str, Any]
) -> tuple[str, Size]:
    """Name the model's one input and its size in pixels; raises ``EngineUnusable``."""
    inputs = session.get_inputs()
    shapes = ", ".join(f"{one.name} {one.shape} {one.type}" for one in inputs)
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
        raise EngineUnusable(f"its model must take one float32 picture 1x3xHxW; it takes {shapes}")
    batch, channels, *sides = inputs[0].shape
    fixed = itertools.starmap(_fits, ((batch, 1), (channels, 3)))
    if not all(fixed):
        raise EngineUnusable(f"its model must take one float32 picture 1x3xHxW; it takes {shapes}")
    height, width = (
        _side(model, options[name], name)
        for model, name in zip(sides, ("input_height", "input_width"), strict=True)
    )
    return inputs[0].name, (width, height)


def _fits(size: object, wanted: int) -> bool:
    return not isinstance(size, int) or size == wanted


def _side(model: object, option: int | None, name: str) -> int:
    if isinstance(model, int):
        if option not in (None, model):
            raise EngineUnusable(f"its option {name} is {option}, but its model takes {model}")
        return model
    if option is None:
        raise EngineUnusable(f"its model takes any size: it needs the option {name}")
    return option
