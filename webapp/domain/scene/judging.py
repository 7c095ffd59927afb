"""Comparing a still with its background: one trouble after another, the plainest first."""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import AS_BRIGHT, FAINT, TEXTURED, Comparison, Scene
from webapp.domain.scene.covers import covered
from webapp.domain.scene.moves import moved
from webapp.domain.scene.sketches import sketch_of
from webapp.domain.scene.verdicts import ALL_WELL, Verdict

_LEAST_JUDGED = 0.5  # share of the blocks with edges that must be judged
_SAME_VIEW = 0.9  # share of the judged blocks from which nothing more is looked at
_ANOTHER_VIEW = 0.12  # share of the blocks that may be alike by chance in another view
_FULL_OF_EDGES = 0.5  # share of the blocks with edges in a still that shows another view
_BLURRED = 0.17  # fine edges, relative to coarse ones, beside the background's
_DARKER = 0.3  # share of the background's brightness
_NOTHING_SEEN = 0.06  # share of blocks with edges; in the dark with fewer nobody is seen


def compare(scene: Scene, frame: UInt8, people: Float32) -> Verdict:
    """Compare a still, HxWx3 of the background's size, in which ``people`` (Nx4) were found."""
    if not scene.is_judged or (frame.shape[1], frame.shape[0]) != scene.size:
        return ALL_WELL
    return _verdict(Comparison(scene, frame, people))


def _verdict(seen: Comparison) -> Verdict:
    dark = _dark(seen)
    if dark is not None and dark.remark is Remark.BLACK:
        return dark
    if seen.judged.sum() < _LEAST_JUDGED * seen.scene.textured.sum():
        return dark or ALL_WELL
    share = float(seen.alike.sum() / seen.judged.sum())
    if share < _SAME_VIEW:
        found = moved(seen, share) or covered(seen) or _another_view(seen, share)
        if found is not None:
            return found
    return _refocused(seen) or dark or ALL_WELL


def _dark(seen: Comparison) -> Verdict | None:
    """Far darker than the background; black when in it nobody could be seen."""
    if seen.brightness.mean() >= _DARKER * seen.scene.brightness.mean():
        return None
    share = float((seen.edges.energy >= FAINT).mean())
    is_blind = share < _NOTHING_SEEN and not len(seen.people)
    return Verdict(Remark.BLACK if is_blind else Remark.DARK)


def _refocused(seen: Comparison) -> Verdict | None:
    if seen.sharpness < _BLURRED * seen.scene.sharpness:
        return Verdict(Remark.REFOCUSED)
    return None


def _another_view(seen: Comparison, share: float) -> Verdict | None:
    """Nothing is where it was, though there is much to see in good light."""
    lit = seen.brightness.mean() >= AS_BRIGHT * seen.scene.brightness.mean()
    full = (seen.edges.energy >= TEXTURED).mean() >= _FULL_OF_EDGES
    if share > _ANOTHER_VIEW or not lit or not full:
        return None
    everywhere = np.ones(seen.judged.shape, bool)
    return Verdict(Remark.MOVED, sketch_of(seen.small, everywhere))
