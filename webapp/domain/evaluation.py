"""How well an engine counts and finds, against pictures whose truth is known.

What lies in an ignore region is nobody's business: a true person there is not expected,
and a find there that matches no expected person is not held against the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32, People

SAME_PERSON = 0.5  # intersection over union from which a find is that true person
INSIDE = 0.5  # share of a box in one ignore region from which the box is ignored
CLOSE_SHARE = 0.1  # a count is close when it is off by at most 1, or by 10 % of the truth


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one frame.

    ``persons``  how many people there are.
    ``boxes``    Nx4 (x1, y1, x2, y2 in pixels), or None when only the number is known.
                 Where there are fewer boxes than persons, only the number is judged.
    ``ignored``  Mx4, the regions that are nobody's business.
    """

    persons: int
    boxes: Float32 | None = None
    ignored: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One frame's counts; the last three are None when boxes are not judged."""

    tag: str
    expected: int
    counted: int
    hits: int | None = None
    false_finds: int | None = None
    misses: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of all frames of one tag; None where nothing tells.

    ``mae``        mean absolute error of the count.
    ``bias``       mean error of the count; above 0 too many were counted.
    ``close``      share of frames whose count is off by at most max(1, 10 %).
    ``recall``     share of the true people found at IoU 0.5.
    ``precision``  share of the finds that are true people.
    """

    frames: int
    mae: float | None
    bias: float | None
    close: float | None
    recall: float | None
    precision: float | None
    frames_with_boxes: int


def judge(found: People, truth: Truth, tag: str = "") -> FrameResult:
    """Compare one frame's finds with its truth; better scores choose their person first."""
    found_ignored = _ignored(found.boxes, truth.ignored)
    if truth.boxes is None or len(truth.boxes) < truth.persons:
        counted = len(found) - int(found_ignored.sum())
        return FrameResult(tag, truth.persons, counted)
    true_ignored = _ignored(truth.boxes, truth.ignored)
    match = match_boxes(found, truth.boxes)
    matched = match >= 0
    hits = int((~true_ignored[match[matched]]).sum())
    false_finds = int((~matched & ~found_ignored).sum())
    expected = len(truth.boxes) - int(true_ignored.sum())
    return FrameResult(tag, expected, hits + false_finds, hits, false_finds, misses=expected - hits)


def match_boxes(found: People, true_boxes: Float32) -> npt.NDArray[np.intp]:
    """For each find the index of its true box at IoU 0.5, each used once, or -1."""
    match = np.full(len(found), -1, np.intp)
    union = intersection_over_union(found.boxes, true_boxes)
    if not union.size:
        return match
    for index in np.argsort(-found.scores, kind="stable"):
        best = int(union[index].argmax())
        if union[index, best] >= SAME_PERSON:
            match[index] = best
            union[:, best] = 0
    return match


def intersection_over_union(first: Float32, second: Float32) -> Float32:
    """Measure NxM values 0..1 for N and M boxes (x1, y1, x2, y2)."""
    shared = _shared(first, second)
    total = _areas(first)[:, None] + _areas(second)[None, :] - shared
    return np.asarray(shared / np.maximum(total, 1e-6), np.float32)


def summarise(results: Iterable[FrameResult]) -> dict[str, Summary]:
    """Sum up per tag, in order of appearance; with several tags also under ``all``."""
    by_tag: dict[str, list[FrameResult]] = {}
    for result in results:
        by_tag.setdefault(result.tag, []).append(result)
    if len(by_tag) > 1:
        by_tag["all"] = [result for group in by_tag.values() for result in group]
    return {tag: _summary(group) for tag, group in by_tag.items()}


def _summary(results: Sequence[FrameResult]) -> Summary:
    errors = np.array([result.counted - result.expected for result in results], float)
    allowed = [max(1.0, CLOSE_SHARE * result.expected) for result in results]
    boxed = [result for result in results if result.hits is not None]
    hits = sum(result.hits or 0 for result in boxed)
    misses = sum(result.misses or 0 for result in boxed)
    false_finds = sum(result.false_finds or 0 for result in boxed)
    return Summary(
        frames=len(results),
        mae=float(np.abs(errors).mean()),
        bias=float(errors.mean()),
        close=float((np.abs(errors) <= allowed).mean()),
        recall=_share(hits, hits + misses),
        precision=_share(hits, hits + false_finds),
        frames_with_boxes=len(boxed),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ignored(boxes: Float32, regions: Float32) -> npt.NDArray[np.bool_]:
    if not len(regions):
        return np.zeros(len(boxes), bool)
    inside = _shared(boxes, regions).max(axis=1)
    return np.asarray(inside >= INSIDE * np.maximum(_areas(boxes), 1e-6), bool)


def _shared(first: Float32, second: Float32) -> Float32:
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def _areas(boxes: Float32) -> Float32:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)
