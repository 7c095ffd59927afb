"""Whether the camera was moved: a shift, a turn or a zoom that lays the edges on top again."""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import ALIKE, HIDDEN, Comparison
from webapp.domain.scene.edges import SIDE, Edges, blocks_of, likeness_of, spectrum_of
from webapp.domain.scene.verdicts import Verdict

_LEAST_SHIFT = 9.0  # pixels of a still whose longer side has 768
_SHIFTED, _TURNED = 0.7, 0.65  # share of the blocks that are alike after a shift, a turn or zoom
_GAINED = 0.25  # by how much that is more than before
_LEAST_OVERLAP = 0.4  # share of the blocks with edges that both show then
_MAYBE_TURNED = 0.6  # share of alike blocks up to which a turn is looked for
_LEAST_POINTS = 12  # of the picture that tell of a turn together


def moved(seen: Comparison, share: float) -> Verdict | None:
    """A shift, a turn or a zoom that lays the edges on top of each other again."""
    shift = _shift(seen)
    if shift is not None and _after(seen, shift) >= max(_SHIFTED, share + _GAINED):
        return Verdict(Remark.MOVED)
    turn = _turn(seen) if share <= _MAYBE_TURNED else None
    if turn is not None and _after(seen, turn) >= max(_TURNED, share + _GAINED):
        return Verdict(Remark.MOVED)
    return None


def _after(seen: Comparison, move: Float32) -> float:
    """Give the share of blocks that are alike after a move; 0 when too little overlaps."""
    height, width = seen.small.shape
    across, down, free = (
        np.asarray(cv2.warpAffine(one, move, (width, height)), np.float32)
        for one in (seen.edges.across, seen.edges.down, seen.open)
    )
    edges = Edges(*_turned(across, down, move), seen.edges.energy)
    likeness, _ = likeness_of(edges, seen.scene.edges, free)
    judged = seen.scene.textured & (blocks_of(free) >= 1 - HIDDEN)
    if judged.sum() < _LEAST_OVERLAP * seen.scene.textured.sum():
        return 0.0
    return float((likeness[judged] >= ALIKE).mean())


def _shift(seen: Comparison) -> Float32 | None:
    """Give the shift (2x3) that brings the still onto the background, if it is a plain one."""
    peak = _peak(seen.scene.spectrum, spectrum_of(seen.edges), seen.small.shape)
    distance = float(np.hypot(*peak)) * 768 / SIDE
    if distance < _LEAST_SHIFT:
        return None
    return np.array([[1, 0, -peak[0]], [0, 1, -peak[1]]], np.float32)


def _turn(seen: Comparison) -> Float32 | None:
    """Give the similarity (2x3) that does so, if there is one."""
    move = _turn_between(seen.medium, seen.scene.medium)
    if move is None:
        return None
    move[:, 2] *= seen.small.shape[1] / seen.medium.shape[1]
    return move


def _peak(empty: Float32, now: Float32, shape: tuple[int, ...]) -> tuple[float, float]:
    """By how much the still's edges lie to the right of, and below the background's."""
    product = cv2.mulSpectrums(now, empty, 0, conjB=True)
    length = cv2.magnitude(product[..., 0], product[..., 1])
    product = product / np.maximum(length, 1e-3)[..., None]
    surface = cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    surface = cv2.GaussianBlur(surface, (3, 3), 0, borderType=cv2.BORDER_REFLECT)
    down, across = np.unravel_index(int(np.argmax(surface)), surface.shape)
    height, width = shape
    return (
        float(across - width if across > width // 2 else across),
        float(down - height if down > height // 2 else down),
    )


def _turn_between(now: UInt8, empty: UInt8) -> Float32 | None:
    """A similarity (2x3) that brings points of the still onto the background, if one is plain."""
    finder = cv2.ORB.create(400)
    points, what = finder.detectAndCompute(now, None)
    others, which = finder.detectAndCompute(empty, None)
    if what is None or which is None or min(len(points), len(others)) < _LEAST_POINTS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(what, which)
    if len(pairs) < _LEAST_POINTS:
        return None
    here = np.array([points[pair.queryIdx].pt for pair in pairs], np.float32)
    there = np.array([others[pair.trainIdx].pt for pair in pairs], np.float32)
    cv2.setRNGSeed(1)
    move, fits = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=3.0)
    if move is None or fits.sum() < _LEAST_POINTS:
        return None
    return np.asarray(move, np.float32)


def _turned(across: Float32, down: Float32, move: Float32) -> tuple[Float32, Float32]:
    """Turn gradients as the picture was turned."""
    length = max(float(np.hypot(move[0, 0], move[1, 0])), 1e-3)
    cosine, sine = float(move[0, 0]) / length, float(move[1, 0]) / length
    return cosine * across - sine * down, sine * across + cosine * down
