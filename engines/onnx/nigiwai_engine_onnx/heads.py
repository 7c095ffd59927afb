"""From a model's outputs to boxes: one function a head.

Each gives boxes Nx4 (x1, y1, x2, y2) in pixels of the model's input and their N scores,
and raises ``Unfit`` when the outputs cannot come from such a head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from nigiwai_engine_api.types import Float32

Found = tuple[Float32, Float32]
Size = tuple[int, int]  # width, height
STRIDES = ((8, 16, 32), (8, 16, 32, 64))
LARGEST_LOG = 12.0  # a YOLOX side is its exponential; beyond it no picture is that large


class Unfit(ValueError):
    """The outputs are not those of this head; the message says why."""


def yolox(outputs: Sequence[Float32], size: Size, options: Mapping[str, Any]) -> Found:
    """One output 1 x cells x (centre x, y, width, height, objectness, classes)."""
    if len(outputs) != 1 or outputs[0].ndim != 3 or outputs[0].shape[2] < 6:
        raise Unfit(f"a yolox head has one output 1 x cells x 6 or more, not {_shapes(outputs)}")
    rows = outputs[0][0]
    score = _as_scores(rows[:, 4:], options["scores"])
    scores = score[:, 0] * _column(score[:, 1:], options)
    centre, sides = rows[:, :2], rows[:, 2:4]
    if options["decoded"] == "no":
        cells, stride = _cells(len(rows), size, 0.0)
        centre = (centre * stride[:, None]) + cells
        sides = np.exp(np.minimum(sides, LARGEST_LOG)) * stride[:, None]
    return _around(centre, sides), scores


def nanodet(outputs: Sequence[Float32], size: Size, options: Mapping[str, Any]) -> Found:
    """Scores of the classes and 4 sides x bins of each cell, in one output or in several.

    Several are told apart by their last axis: scores have as many as there are classes.
    """
    classes = options["classes"]
    if any(output.ndim != 3 for output in outputs):
        raise Unfit(f"a nanodet head has outputs 1 x cells x numbers, not {_shapes(outputs)}")
    if len(outputs) == 1:
        scores, logits = outputs[0][0, :, :classes], outputs[0][0, :, classes:]
    else:
        finest_first = sorted(outputs, key=lambda output: -output.shape[1])
        parts = [output[0] for output in finest_first if output.shape[2] == classes]
        sides = [output[0] for output in finest_first if output.shape[2] != classes]
        if not parts or [len(part) for part in parts] != [len(side) for side in sides]:
            raise Unfit(f"scores of {classes} classes and sides do not pair in {_shapes(outputs)}")
        if len({side.shape[1] for side in sides}) != 1:
            raise Unfit(f"the sides have several lengths in {_shapes(outputs)}")
        scores, logits = np.concatenate(parts), np.concatenate(sides)
    if logits.shape[1] < 8 or logits.shape[1] % 4:
        raise Unfit(f"{logits.shape[1]} numbers a cell are no 4 sides of 2 bins or more")
    cells, stride = _cells(len(scores), size, options["cell_offset"])
    left, top, right, bottom = (_distances(logits) * stride[:, None]).T
    x, y = cells.T
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
    return boxes, _column(_as_scores(scores, options["scores"]), options)


def detr(outputs: Sequence[Float32], size: Size, options: Mapping[str, Any]) -> Found:
    """Two outputs: 1 x queries x classes, and 1 x queries x 4 (centre, sides; 0..1)."""
    if len(outputs) != 2 or any(output.ndim != 3 for output in outputs):
        raise Unfit(f"a detr head has two outputs 1 x queries x numbers, not {_shapes(outputs)}")
    first, second = outputs[0][0], outputs[1][0]
    logits, boxes = (first, second) if second.shape[1] == 4 else (second, first)
    if boxes.shape[1] != 4 or len(boxes) != len(logits):
        raise Unfit(f"no output holds a box for each query: {_shapes(outputs)}")
    scores = _as_scores(logits, options["scores"])
    if options["scores"] == "softmax":
        scores = scores[:, :-1]  # the last class is "nothing"
    scale = np.array(size, np.float32)
    return _around(boxes[:, :2] * scale, boxes[:, 2:] * scale), _column(scores, options)


HEADS: Mapping[str, Callable[[Sequence[Float32], Size, Mapping[str, Any]], Found]] = {
    "yolox": yolox,
    "nanodet": nanodet,
    "detr": detr,
}


def _cells(count: int, size: Size, offset: float) -> tuple[Float32, Float32]:
    """Centres (count x 2, pixels) and strides (count) of all cells, the finest first."""
    for strides in STRIDES:
        grids = [(-(-size[0] // stride), -(-size[1] // stride), stride) for stride in strides]
        if sum(across * down for across, down, _ in grids) == count:
            break
    else:
        raise Unfit(
            f"{count} cells do not come of an input of {size[0]}x{size[1]} pixels with strides "
            f"{' or '.join(str(strides) for strides in STRIDES)}"
        )
    centres, all_strides = [], []
    for across, down, stride in grids:
        y, x = np.divmod(np.arange(across * down), across)
        centres.append((np.stack([x, y], axis=1) + offset) * stride)
        all_strides.append(np.full(across * down, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(all_strides).astype(
        np.float32
    )


def _distances(logits: Float32) -> Float32:
    """Each side's distance in strides: the mean of its softmax over the bins (N x 4)."""
    bins = logits.reshape(len(logits), 4, -1)
    weights = _softmax(bins)
    return np.asarray(weights @ np.arange(bins.shape[2], dtype=np.float32), np.float32)


def _as_scores(values: Float32, how: str) -> Float32:
    if how == "softmax":
        return _softmax(values)
    if how == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))), np.float32)
    return values


def _softmax(values: Float32) -> Float32:
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)


def _column(scores: Float32, options: Mapping[str, Any]) -> Float32:
    index = options["class_index"]
    if index >= scores.shape[1]:
        raise Unfit(f"class_index is {index}, but the model tells {scores.shape[1]} classes apart")
    return scores[:, index]


def _around(centre: Float32, sides: Float32) -> Float32:
    return np.concatenate([centre - sides / 2, centre + sides / 2], axis=1).astype(np.float32)


def _shapes(outputs: Sequence[Float32]) -> str:
    return ", ".join("x".join(map(str, output.shape)) for output in outputs)
