"""Whether something covers the camera: one large piece that shows other edges, or none."""

from __future__ import annotations

import cv2
import numpy as np

from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import AS_BRIGHT, FAINT, Comparison
from webapp.domain.scene.edges import BLOCK, Flags
from webapp.domain.scene.sketches import sketch_of
from webapp.domain.scene.verdicts import Verdict

_STRANGE = 0.3  # correlation below which a block shows something else; up to alike, nothing is told
_COVERED = 0.33  # share of the judged blocks that one cover hides: 40 % hide it for sure
_BLINDED = 0.9  # share of them from which even a bright blank is a cover
_MOSTLY = 0.7  # share of a piece's blocks that must be blank, or it has a pattern
_LEAST_REST, _REST_ALIKE = 6, 0.55  # blocks beside a cover, and the share of them that is alike
_FLAT = 6.0  # mean squared gradient of a block that has only noise
_BLANK = 0.12  # share of the background's edges below which a block shows none
_GLARE, _BRIGHT = 245, 200  # levels: cut off; fog or snow may be as bright as the second
_BLACK, _DIM = 0.15, 0.4  # brightness, relative to the rest, of what lets no light by; of dusk
_MOST_DIM = 0.12  # share of the blocks that may be dim beside a black cover
_CLEAR = 0.6  # contrast beside a cover, relative to the rest's; fog and dusk fade


def covered(seen: Comparison) -> Verdict | None:
    """One large piece that shows other edges than expected, or none, beside what is alike."""
    rest = seen.judged & seen.alike
    blank, light = _blank(seen, rest)
    strange = seen.judged & ~seen.alike & ((seen.likeness < _STRANGE) | blank)
    if rest.any():  # what is cut off in glare shows nothing, whatever stands there
        strange &= seen.brightness <= _GLARE
    piece = _largest(strange, strange | ~seen.scene.textured)
    beside = seen.judged & ~_grown(piece, 1)
    cut = seen.judged & ~piece & ~beside & ~seen.alike  # by its edge: half of each, say
    if piece.sum() + cut.sum() / 2 < _COVERED * seen.judged.sum():
        return None
    within = piece & ~_grown(~piece, 1)
    mostly_blank = blank[within if within.any() else piece].mean() >= _MOSTLY
    if (piece & blank).sum() >= _BLINDED * seen.judged.sum():
        return Verdict(Remark.COVERED)
    if beside.sum() < _LEAST_REST or seen.alike[beside].mean() < _REST_ALIKE:
        return None
    if not _is_clear(seen, piece):
        return None
    if mostly_blank:
        return Verdict(Remark.COVERED)
    if _somebody_in(seen, piece) or light < AS_BRIGHT or not _is_lit(seen, piece):
        return None
    return Verdict(Remark.COVERED, sketch_of(seen.small, piece))


def _blank(seen: Comparison, rest: Flags) -> tuple[Flags, float]:
    """Blocks without edges where neither fog nor glare nor dusk need have taken them.

    And how bright what is alike is, beside the background.
    """
    ratio = seen.brightness / np.maximum(seen.scene.brightness, 1.0)
    if not rest.any():
        return np.asarray(seen.edges.energy < FAINT, bool), float(np.median(ratio))
    light, contrast = float(np.median(ratio[rest])), float(np.median(seen.contrast[rest]))
    expected = seen.scene.edges.energy * min(1.0, contrast) ** 2
    empty = seen.edges.energy < np.maximum(_BLANK * expected, FAINT)
    is_black = ratio < _BLACK * light
    is_dim = ~is_black & (ratio < _DIM * light)
    fading = (is_dim & ~_grown(is_black, 1)).mean()
    if light < AS_BRIGHT or fading > _MOST_DIM:
        is_dim = is_dim | is_black
    glared = _grown(seen.brightness > _GLARE, 2)
    is_bright = (seen.brightness >= _BRIGHT) & ((seen.edges.energy > _FLAT) | glared)
    return np.asarray(empty & ~is_dim & ~is_bright, bool), light


def _is_clear(seen: Comparison, piece: Flags) -> bool:
    """Whether contrast does not fade towards the piece: fog and dusk do, a cover does not."""
    near = _grown(piece, 2)
    ring, far = seen.alike & near & ~_grown(piece, 1), seen.alike & ~near
    if not ring.any() or not far.any():
        return True
    return bool(np.median(seen.contrast[ring]) >= _CLEAR * np.median(seen.contrast[far]))


def _is_lit(seen: Comparison, piece: Flags) -> bool:
    """Whether it is not so dark there that a pattern may be noise and lamps."""
    ratio = seen.brightness[piece].mean() / max(1.0, seen.scene.brightness[piece].mean())
    return bool(ratio >= _DIM)


def _somebody_in(seen: Comparison, piece: Flags) -> bool:
    """Whether somebody was found in or beside the piece: then it may be a crowd."""
    middles = (seen.people[:, :2] + seen.people[:, 2:]) / 2 / BLOCK
    for x, y in middles.astype(int):
        rows, columns = piece.shape
        top, left = max(0, y - 1), max(0, x - 1)
        if piece[top : min(rows, y + 2), left : min(columns, x + 2)].any():
            return True
    return False


def _largest(strange: Flags, passable: Flags) -> Flags:
    """The strange blocks of one piece, plain ones between them let through."""
    count, labels = cv2.connectedComponents(passable.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels[strange], minlength=count)
    sizes[0] = 0
    return np.asarray(strange & (labels == int(np.argmax(sizes))), bool)


def _grown(flags: Flags, blocks: int) -> Flags:
    kernel = np.ones((2 * blocks + 1, 2 * blocks + 1), np.uint8)
    return np.asarray(cv2.dilate(flags.astype(np.uint8), kernel) > 0, bool)
