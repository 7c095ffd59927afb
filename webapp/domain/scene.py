"""Whether a camera still sees what its background shows: moved, covered, refocused, dark (M7).

Light, colour, shadows and people come and go; edges stay. So the edges of a still are compared
with those of the background in force, in blocks of a small picture, whatever their contrast.
Places where people were found are left out, and where nothing can be told, nothing is said:
an alarm pauses the count.

What is plain in one still (a shift that lays the edges on top again, a blank in front of the
lens) is said at once. What might be a crowd that no engine found (other edges than expected) is
said only when the very same edges were there a capture earlier: a crowd does not stand still.
Of a capture only a ``Sketch`` is kept for that: on a coarse grid, which way it gets brighter.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.remarks import Remark

Flags = npt.NDArray[np.bool_]

SIDE = 192  # pixels of the longer side of the picture that is compared
LEAST_SIDE = 96  # pixels of a still's shorter side; a smaller one is not judged
BLOCK = 16  # pixels of a block's side
TEXTURED = 60.0  # mean squared gradient of a block that has edges
FAINT, FLAT = 15.0, 6.0  # of one that has next to none, and of one that has only noise
LEAST_TEXTURED = 0.2  # share of the background's blocks with edges; with fewer nothing is told
HIDDEN = 0.4  # share of a block's pixels where people stand, from which it is not judged
LEAST_JUDGED = 0.5  # share of the blocks with edges that must be judged
MUCH_BLURRED = 0.4  # sharpness beside the still's of a background that was blurred on purpose

ALIKE = 0.5  # correlation of gradients from which a block shows the same
STRANGE = 0.3  # below it, a block shows something else; between them nothing is told
SAME_VIEW = 0.9  # share of the judged blocks from which nothing more is looked at

LEAST_SHIFT = 9.0  # pixels of a still whose longer side has 768
SHIFTED, TURNED = 0.7, 0.65  # share of the blocks that are alike after a shift, a turn or zoom
GAINED = 0.25  # by how much that is more than before
LEAST_OVERLAP = 0.4  # share of the blocks with edges that both show then
MAYBE_TURNED = 0.6  # share of alike blocks up to which a turn is looked for
LEAST_POINTS = 12  # of the picture that tell of a turn together

COVERED = 0.33  # share of the judged blocks that one cover hides: 40 % hide it for sure
BLINDED = 0.9  # share of them from which even a bright blank is a cover
MOSTLY = 0.7  # share of a piece's blocks that must be blank, or it has a pattern
LEAST_REST, REST_ALIKE = 6, 0.55  # blocks beside a cover, and the share of them that is alike
BLANK = 0.12  # share of the background's edges below which a block shows none
GLARE, BRIGHT = 245, 200  # levels: cut off; fog or snow may be as bright as the second
BLACK, DIM = 0.15, 0.4  # brightness, relative to the rest, of what lets no light by; of dusk
MOST_DIM = 0.12  # share of the blocks that may be dim beside a black cover
CLEAR = 0.6  # contrast beside a cover, relative to the rest's; fog and dusk fade

ANOTHER_VIEW = 0.12  # share of the blocks that may be alike by chance in another view
FULL_OF_EDGES = 0.5  # share of the blocks with edges in a still that shows another view
AS_BRIGHT = 0.5  # of the background's brightness; with less, another view is not told from night

BLURRED = 0.17  # fine edges, relative to coarse ones, beside the background's
DARKER = 0.3  # share of the background's brightness
NOTHING_SEEN = 0.06  # share of blocks with edges; in the dark with fewer nobody is seen

CELL = 6  # pixels of a sketch's cell
PLAIN = 3.0  # levels from one cell to the next from which the direction counts
LEAST_CELLS = 24
FROZEN = 0.9  # share of the cells that show the same direction in two sketches
MOST_SKETCH = 400  # characters


class Verdict(NamedTuple):
    """What a still says of its camera.

    ``remark``   MOVED, COVERED, REFOCUSED, DARK or BLACK; None: nothing that can be told.
    ``sketch``   not empty: only a later still whose sketch is alike makes it sure.
    """

    remark: Remark | None = None
    sketch: str = ""


ALL_WELL = Verdict()


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Gradients of a small picture, each HxW; ``energy`` is the mean square in its blocks."""

    across: Float32
    down: Float32
    energy: Float32


class Scene:
    """What a background shows, made ready once for all stills of its size."""

    def __init__(self, background: UInt8) -> None:
        """Prepare HxWx3 pixels."""
        self.size = (background.shape[1], background.shape[0])
        self.is_judged = False
        if min(self.size) < LEAST_SIDE:
            return
        medium, small = _greys(background)
        self.medium = medium
        self.sharpness = _sharpness(medium, small)
        self.edges = _edges(small)
        self.textured = self.edges.energy >= TEXTURED
        self.brightness = _blocks(small)
        self.spectrum = _spectrum(self.edges)
        self.is_judged = bool(self.textured.mean() >= LEAST_TEXTURED)

    def compare(self, frame: UInt8, people: Float32) -> Verdict:
        """Compare a still, HxWx3 of the background's size, in which ``people`` (Nx4) were found."""
        if not self.is_judged or (frame.shape[1], frame.shape[0]) != self.size:
            return ALL_WELL
        return _Comparison(self, frame, people).verdict()


class _Comparison:
    """One still beside the background."""

    def __init__(self, scene: Scene, frame: UInt8, people: Float32) -> None:
        self.scene = scene
        self.medium, self.small = _greys(frame)
        self.sharpness = _sharpness(self.medium, self.small)
        self.edges = _edges(_as_blurred(self.small, self.sharpness, scene.sharpness))
        self.brightness = _blocks(self.small)
        height, width = self.small.shape
        self.people = people * np.array(
            [width / scene.size[0], height / scene.size[1]] * 2, np.float32
        )
        self.open = _open(self.people, self.small.shape)
        self.judged = scene.textured & (_blocks(self.open) >= 1 - HIDDEN)
        self.likeness, self.contrast = _likeness(self.edges, scene.edges, self.open)
        self.alike = self.judged & (self.likeness >= ALIKE)

    def verdict(self) -> Verdict:
        """Look for one trouble after another, the plainest first."""
        dark = self._dark()
        if dark is not None and dark.remark is Remark.BLACK:
            return dark
        if self.judged.sum() < LEAST_JUDGED * self.scene.textured.sum():
            return dark or ALL_WELL
        share = float(self.alike.sum() / self.judged.sum())
        if share < SAME_VIEW:
            found = self._moved(share) or self._covered() or self._another_view(share)
            if found is not None:
                return found
        return self._refocused() or dark or ALL_WELL

    def _dark(self) -> Verdict | None:
        """Far darker than the background; black when in it nobody could be seen."""
        if self.brightness.mean() >= DARKER * self.scene.brightness.mean():
            return None
        seen = float((self.edges.energy >= FAINT).mean())
        is_blind = seen < NOTHING_SEEN and not len(self.people)
        return Verdict(Remark.BLACK if is_blind else Remark.DARK)

    def _refocused(self) -> Verdict | None:
        if self.sharpness < BLURRED * self.scene.sharpness:
            return Verdict(Remark.REFOCUSED)
        return None

    def _moved(self, share: float) -> Verdict | None:
        """A shift, a turn or a zoom that lays the edges on top of each other again."""
        shift = self._shift()
        if shift is not None and self._after(shift) >= max(SHIFTED, share + GAINED):
            return Verdict(Remark.MOVED)
        turn = self._turn() if share <= MAYBE_TURNED else None
        if turn is not None and self._after(turn) >= max(TURNED, share + GAINED):
            return Verdict(Remark.MOVED)
        return None

    def _after(self, move: Float32) -> float:
        """Give the share of blocks that are alike after a move; 0 when too little overlaps."""
        height, width = self.small.shape
        across, down, free = (
            np.asarray(cv2.warpAffine(one, move, (width, height)), np.float32)
            for one in (self.edges.across, self.edges.down, self.open)
        )
        edges = _Edges(*_turned(across, down, move), self.edges.energy)
        likeness, _ = _likeness(edges, self.scene.edges, free)
        judged = self.scene.textured & (_blocks(free) >= 1 - HIDDEN)
        if judged.sum() < LEAST_OVERLAP * self.scene.textured.sum():
            return 0.0
        return float((likeness[judged] >= ALIKE).mean())

    def _shift(self) -> Float32 | None:
        """Give the shift (2x3) that brings the still onto the background, if it is a plain one."""
        peak = _peak(self.scene.spectrum, _spectrum(self.edges), self.small.shape)
        distance = float(np.hypot(*peak)) * 768 / SIDE
        if distance < LEAST_SHIFT:
            return None
        return np.array([[1, 0, -peak[0]], [0, 1, -peak[1]]], np.float32)

    def _turn(self) -> Float32 | None:
        """Give the similarity (2x3) that does so, if there is one."""
        move = _turn_between(self.medium, self.scene.medium)
        if move is None:
            return None
        move[:, 2] *= self.small.shape[1] / self.medium.shape[1]
        return move

    def _covered(self) -> Verdict | None:
        """One large piece that shows other edges than expected, or none, beside what is alike."""
        rest = self.judged & self.alike
        blank, light = self._blank(rest)
        strange = self.judged & ~self.alike & ((self.likeness < STRANGE) | blank)
        if rest.any():  # what is cut off in glare shows nothing, whatever stands there
            strange &= self.brightness <= GLARE
        piece = _largest(strange, strange | ~self.scene.textured)
        beside = self.judged & ~_grown(piece, 1)
        cut = self.judged & ~piece & ~beside & ~self.alike  # by its edge: half of each, say
        if piece.sum() + cut.sum() / 2 < COVERED * self.judged.sum():
            return None
        within = piece & ~_grown(~piece, 1)
        mostly_blank = blank[within if within.any() else piece].mean() >= MOSTLY
        if (piece & blank).sum() >= BLINDED * self.judged.sum():
            return Verdict(Remark.COVERED)
        if beside.sum() < LEAST_REST or self.alike[beside].mean() < REST_ALIKE:
            return None
        if not self._is_clear(piece):
            return None
        if mostly_blank:
            return Verdict(Remark.COVERED)
        if self._somebody_in(piece) or light < AS_BRIGHT or not self._is_lit(piece):
            return None
        return Verdict(Remark.COVERED, _sketch(self.small, piece))

    def _blank(self, rest: Flags) -> tuple[Flags, float]:
        """Blocks without edges where neither fog nor glare nor dusk need have taken them.

        And how bright what is alike is, beside the background.
        """
        ratio = self.brightness / np.maximum(self.scene.brightness, 1.0)
        if not rest.any():
            return np.asarray(self.edges.energy < FAINT, bool), float(np.median(ratio))
        light, contrast = float(np.median(ratio[rest])), float(np.median(self.contrast[rest]))
        expected = self.scene.edges.energy * min(1.0, contrast) ** 2
        empty = self.edges.energy < np.maximum(BLANK * expected, FAINT)
        is_black = ratio < BLACK * light
        is_dim = ~is_black & (ratio < DIM * light)
        fading = (is_dim & ~_grown(is_black, 1)).mean()
        if light < AS_BRIGHT or fading > MOST_DIM:
            is_dim = is_dim | is_black
        glared = _grown(self.brightness > GLARE, 2)
        is_bright = (self.brightness >= BRIGHT) & ((self.edges.energy > FLAT) | glared)
        return np.asarray(empty & ~is_dim & ~is_bright, bool), light

    def _is_clear(self, piece: Flags) -> bool:
        """Whether contrast does not fade towards the piece: fog and dusk do, a cover does not."""
        near = _grown(piece, 2)
        ring, far = self.alike & near & ~_grown(piece, 1), self.alike & ~near
        if not ring.any() or not far.any():
            return True
        return bool(np.median(self.contrast[ring]) >= CLEAR * np.median(self.contrast[far]))

    def _is_lit(self, piece: Flags) -> bool:
        """Whether it is not so dark there that a pattern may be noise and lamps."""
        ratio = self.brightness[piece].mean() / max(1.0, self.scene.brightness[piece].mean())
        return bool(ratio >= DIM)

    def _somebody_in(self, piece: Flags) -> bool:
        """Whether somebody was found in or beside the piece: then it may be a crowd."""
        middles = (self.people[:, :2] + self.people[:, 2:]) / 2 / BLOCK
        for x, y in middles.astype(int):
            rows, columns = piece.shape
            top, left = max(0, y - 1), max(0, x - 1)
            if piece[top : min(rows, y + 2), left : min(columns, x + 2)].any():
                return True
        return False

    def _another_view(self, share: float) -> Verdict | None:
        """Nothing is where it was, though there is much to see in good light."""
        lit = self.brightness.mean() >= AS_BRIGHT * self.scene.brightness.mean()
        full = (self.edges.energy >= TEXTURED).mean() >= FULL_OF_EDGES
        if share > ANOTHER_VIEW or not lit or not full:
            return None
        everywhere = np.ones(self.judged.shape, bool)
        return Verdict(Remark.MOVED, _sketch(self.small, everywhere))


def confirmed(verdict: Verdict, before: str) -> Remark | None:
    """Say what is sure after this still; ``before`` is the sketch of the one before, if any."""
    if verdict.sketch and not is_still_there(verdict.sketch, before):
        return None
    return verdict.remark


def is_still_there(sketch: str, before: str) -> bool:
    """Whether two sketches show the same, so that it is no crowd; False for what is none."""
    first, second = _read_sketch(sketch), _read_sketch(before)
    if first is None or second is None or first.shape != second.shape:
        return False
    counting = (first != 0) & (second != 0)
    either = (first != 0) | (second != 0)
    if counting.sum() < LEAST_CELLS or counting.sum() < FROZEN * 0.9 * either.sum():
        return False
    return bool((first == second)[counting].mean() >= FROZEN)


def _greys(pixels: UInt8) -> tuple[UInt8, Float32]:
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


def _edges(small: Float32) -> _Edges:
    smooth = cv2.GaussianBlur(small, (5, 5), 1.0)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), np.float32)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), np.float32)
    return _Edges(across, down, _blocks(across * across + down * down))


def _blocks(values: Float32) -> Float32:
    """The mean in each block."""
    size = (values.shape[1] // BLOCK, values.shape[0] // BLOCK)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _likeness(now: _Edges, empty: _Edges, open_: Float32) -> tuple[Float32, Float32]:
    """For each block the correlation (-1..1) of the gradients, and their contrast."""
    both = _blocks((now.across * empty.across + now.down * empty.down) * open_)
    ours = _blocks((now.across * now.across + now.down * now.down) * open_)
    theirs = _blocks((empty.across * empty.across + empty.down * empty.down) * open_)
    likeness = both / np.sqrt(np.maximum(ours * theirs, 1e-3))
    return likeness.astype(np.float32), (both / np.maximum(theirs, 1e-3)).astype(np.float32)


def _open(people: Float32, shape: tuple[int, ...]) -> Float32:
    """1 where nobody was found, 0 where somebody was, a little room around them included."""
    free = np.ones(shape, np.float32)
    for x1, y1, x2, y2 in people:
        room = 1 + 0.1 * max(x2 - x1, y2 - y1)
        left, top = max(0, int(x1 - room)), max(0, int(y1 - room))
        free[top : max(0, int(y2 + room) + 1), left : max(0, int(x2 + room) + 1)] = 0
    return free


def _sharpness(medium: UInt8, small: Float32) -> float:
    """How strong fine edges are beside coarse ones; contrast does not matter."""
    grey = medium.astype(np.float32)
    fine = float(np.square(grey[:, 1:] - grey[:, :-1]).mean())
    coarse = float(np.square(small[:, 4:] - small[:, :-4]).mean())
    return fine / max(coarse, 1e-3)


def _as_blurred(small: Float32, sharpness: float, wanted: float) -> Float32:
    """Blur a still as a background seems to be that was blurred on purpose."""
    if wanted >= MUCH_BLURRED * sharpness:
        return small
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 2.0), np.float32)


def _spectrum(edges: _Edges) -> Float32:
    """Of the strength of edges, whose borders fade; whitened when two are multiplied."""
    strength = cv2.magnitude(edges.across, edges.down)
    strength = np.minimum(strength, 4 * float(strength.mean()))
    strength = (strength - strength.mean()) * _window((strength.shape[1], strength.shape[0]))
    return np.asarray(cv2.dft(strength, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)


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


def _window(size: tuple[int, int]) -> Float32:
    return np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)


def _turn_between(now: UInt8, empty: UInt8) -> Float32 | None:
    """A similarity (2x3) that brings points of the still onto the background, if one is plain."""
    finder = cv2.ORB.create(400)
    points, what = finder.detectAndCompute(now, None)
    others, which = finder.detectAndCompute(empty, None)
    if what is None or which is None or min(len(points), len(others)) < LEAST_POINTS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(what, which)
    if len(pairs) < LEAST_POINTS:
        return None
    here = np.array([points[pair.queryIdx].pt for pair in pairs], np.float32)
    there = np.array([others[pair.trainIdx].pt for pair in pairs], np.float32)
    cv2.setRNGSeed(1)
    move, fits = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=3.0)
    if move is None or fits.sum() < LEAST_POINTS:
        return None
    return np.asarray(move, np.float32)


def _turned(across: Float32, down: Float32, move: Float32) -> tuple[Float32, Float32]:
    """Turn gradients as the picture was turned."""
    length = max(float(np.hypot(move[0, 0], move[1, 0])), 1e-3)
    cosine, sine = float(move[0, 0]) / length, float(move[1, 0]) / length
    return cosine * across - sine * down, sine * across + cosine * down


def _largest(strange: Flags, passable: Flags) -> Flags:
    """The strange blocks of one piece, plain ones between them let through."""
    count, labels = cv2.connectedComponents(passable.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels[strange], minlength=count)
    sizes[0] = 0
    return np.asarray(strange & (labels == int(np.argmax(sizes))), bool)


def _grown(flags: Flags, blocks: int) -> Flags:
    kernel = np.ones((2 * blocks + 1, 2 * blocks + 1), np.uint8)
    return np.asarray(cv2.dilate(flags.astype(np.uint8), kernel) > 0, bool)


def _sketch(small: Float32, where: Flags) -> str:
    """On a coarse grid, whether the next cell is brighter (1), darker (2), or neither (0)."""
    height, width = small.shape
    size = (width // CELL, height // CELL)
    coarse = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    step = np.diff(coarse, axis=1, append=coarse[:, -1:])
    here = cv2.resize(where.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    cells = np.where(step >= PLAIN, 1, np.where(step <= -PLAIN, 2, 0)).astype(np.uint8)
    cells[~here] = 0
    bits = np.packbits(np.stack([cells == 1, cells == 2]))
    return base64.b64encode(bits.tobytes()).decode()


def _read_sketch(sketch: str) -> npt.NDArray[np.int8] | None:
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(sketch, validate=True), np.uint8))
    except (ValueError, binascii.Error):
        return None
    half = len(bits) // 2
    if not half:
        return None
    return (bits[:half].astype(np.int8)) - bits[half : 2 * half].astype(np.int8)
