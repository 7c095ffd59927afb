"""A background that a camera makes by itself, of what stays while people come and go (M4, B2).

Each pixel keeps the three colours that were seen there most, as running medians, and how often.
People who were found are left out with some room around them; whom no engine found walks on, and
leaves a colour that soon goes again. A colour is believed once it was seen in more captures than
somebody who sits there for half an hour, and in more than half of all. Who sits there for longer,
and is found by no engine, is believed as well: so whoever looks at a build sees where it is sure,
and its pixels only once they were looked through for people.

Why not samples or a histogram for each pixel: a colour of its own in each of 60 captures is a
picture of 60 moments with people in them, and as large as they are; 32 levels by channel are
larger still, and the medians of three channels make colours that were never seen. Three counted
colours take 13 bytes a pixel however long it goes on, and a moment cannot be got back from them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32, Frame, UInt8

from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import Scene
from webapp.domain.scene.judging import compare

Flags = npt.NDArray[np.bool_]

SIDE = 1280  # pixels of the longer side, at most: what an embed shows at most
COLOURS = 3
ALIKE = 24  # levels in each channel up to which two samples are of one colour
NEEDED = 33  # captures: three more than somebody stays who sits there for half an hour
MOST = 240  # samples of a pixel; then all of them count half, and what is new has its chance
COMPLETE = 0.98  # share of the pixels that are believed from which a build is offered
SETTLED = 0.995  # and from which nothing more is added to it

MARGIN, LEAST_MARGIN = 0.15, 4  # room around people: of a box's longer side, and in pixels
KNOWN = 8  # captures from which a build knows its view and its light
LIGHTEST, DARKEST = 2.0, 0.5  # light of a capture beside the build's, as a factor
SAME_LIGHT = 0.02  # of it, that is left as it is
CUT_OFF = 250  # level of a pixel that may be brighter than the camera can tell
TREMBLE = 6.0  # pixels of 768 by which a capture may be off
LEAST_SIDE = 64  # pixels; a smaller picture does not tell by how much it is off
LEAST_PEAK = 0.08  # of a correlation that tells by how much
GRID = 4  # pixels between those of which the light is told
LEAST_POINTS = 200

ENOUGH_MISFITS = 30  # captures in a row that do not fit: then what was collected is of no use
MOVED_COUNTS = 10  # as many of them as one that shows another view

STRIPE, LIGHT_STRIPE, DARK_STRIPE = 12, 214, 196
SURE = (150, 164, 96)  # BGR
CELL = 40  # cells of a map along its longer side: too coarse for anybody's outline


class Afresh(StrEnum):
    """Why what was collected was given up and begun again."""

    NOT = ""
    VIEW = "view"  # the camera looks elsewhere
    LIGHT = "light"  # it has been far brighter, darker or otherwise different for long
    SIZE = "size"  # its pictures have another size
    CAMERA = "camera"  # another source, rotation or AI mode
    LOST = "lost"  # what was kept cannot be read


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What each pixel remembers; never written to once it is made.

    ``values``   COLOURS x H x W x 3 uint8, BGR: running medians.
    ``weights``  COLOURS x H x W uint8: in how many captures each was seen.
    ``seen``     H x W uint8: in how many captures nobody was found there.
    """

    values: UInt8
    weights: UInt8
    seen: UInt8

    @classmethod
    def empty(cls, width: int, height: int) -> Samples:
        """Nothing yet, of that many pixels."""
        return cls(
            np.zeros((COLOURS, height, width, 3), np.uint8),
            np.zeros((COLOURS, height, width), np.uint8),
            np.zeros((height, width), np.uint8),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Pixels across and down."""
        return int(self.seen.shape[1]), int(self.seen.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A background on its way.

    ``captures`` were added; ``misfits`` counts those in a row that did not fit; ``afresh`` says
    why it was begun again, if it was.
    """

    samples: Samples
    captures: int = 0
    misfits: int = 0
    afresh: Afresh = Afresh.NOT


def with_capture(build: Build | None, frame: Frame, people: Float32) -> Build:
    """Add one capture in which ``people`` (Nx4 in its pixels, everybody) were found.

    1. Bring it to the size of the build. A camera whose pictures have another size begins afresh.
    2. One that shows another view or another light is left out, and after a while it is the
       build that is given up; one that is complete is given up for another view alone.
    3. Lay it exactly over the build, in the build's light.
    4. Add what is free of people, unless next to nothing is missing any more.
    """
    pixels = _small(frame.pixels)
    people = people * np.array([pixels.shape[1] / frame.width] * 4, np.float32)
    size = (int(pixels.shape[1]), int(pixels.shape[0]))
    if build is None or build.samples.size != size:
        afresh = Afresh.NOT if build is None else Afresh.SIZE
        return _begun(pixels, people, afresh)
    lead, _ = _lead(build.samples)
    trouble, gains = _looked_at(build, lead, pixels, people)
    share = coverage(build.samples)
    if trouble is Remark.MOVED or (trouble is not None and share < COMPLETE):
        return _misfit(build, pixels, people, trouble)
    if trouble is not None or share >= SETTLED:
        return replace(build, misfits=0)
    free = _free(people, size)
    pixels, free = _laid_over(lead, pixels, free)
    pixels, free = _in_light(pixels, free, gains)
    samples = _added(build.samples, pixels, free)
    return replace(build, samples=samples, captures=build.captures + 1, misfits=0)


def believed(samples: Samples) -> Flags:
    """Tell HxW where one colour was seen often enough to be what stays."""
    most = samples.weights.max(axis=0)
    return np.asarray((most >= NEEDED) & (most > samples.seen // 2), bool)


def coverage(samples: Samples) -> float:
    """Tell the share of the pixels that are believed."""
    return float(believed(samples).mean())


def is_complete(samples: Samples) -> bool:
    """Whether enough is believed for the rest to be filled in from around it."""
    return coverage(samples) >= COMPLETE


def picture(samples: Samples) -> Frame:
    """Give the background: what is believed, the rest filled in from around it.

    Nothing of a pixel that is not believed gets into it.
    """
    lead, _ = _lead(samples)
    filled = _filled(lead.astype(np.float32), believed(samples))
    return Frame(np.clip(np.rint(filled), 0, 255).astype(np.uint8))


def coverage_map(samples: Samples) -> Frame:
    """Map where most is believed so far, on stripes: coarse cells, and no pixel of the camera's."""
    width, height = samples.size
    scale = CELL / max(width, height)
    cells = (max(1, round(width * scale)), max(1, round(height * scale)))
    share = cv2.resize(believed(samples).astype(np.float32), cells, interpolation=cv2.INTER_AREA)
    sure = cv2.resize(share, (width, height), interpolation=cv2.INTER_NEAREST) > 0.5
    rows, columns = np.indices((height, width), np.int32)
    dark = ((rows + columns) // STRIPE) % 2 == 0
    stripes = np.where(dark, DARK_STRIPE, LIGHT_STRIPE).astype(np.uint8)
    return Frame(np.where(sure[..., None], np.array(SURE, np.uint8), stripes[..., None]))


def packed(samples: Samples) -> bytes:
    """Write it as one grey PNG, plane under plane: lossless, quick, and small while few move."""
    height, width = samples.seen.shape
    colours = samples.values.transpose(0, 3, 1, 2).reshape(3 * COLOURS, height, width)
    planes = np.concatenate([colours, samples.weights, samples.seen[None]])
    flat = planes.reshape(len(planes) * height, width)
    done, data = cv2.imencode(".png", flat, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"samples of {width}x{height} cannot be written")
    return data.tobytes()


def unpacked(data: bytes) -> Samples:
    """Read what ``packed`` wrote; raises ValueError for anything else."""
    try:
        flat = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("these are no samples") from error
    planes = 4 * COLOURS + 1
    if flat is None or flat.ndim != 2 or flat.dtype != np.uint8 or flat.shape[0] % planes:
        raise ValueError("these are no samples")
    height, width = flat.shape[0] // planes, flat.shape[1]
    flat = flat.reshape(planes, height, width)
    colours = flat[: 3 * COLOURS].reshape(COLOURS, 3, height, width).transpose(0, 2, 3, 1)
    return Samples(
        np.ascontiguousarray(colours),
        np.ascontiguousarray(flat[3 * COLOURS : 4 * COLOURS]),
        np.ascontiguousarray(flat[-1]),
    )


def _begun(pixels: UInt8, people: Float32, afresh: Afresh) -> Build:
    size = (int(pixels.shape[1]), int(pixels.shape[0]))
    samples = _added(Samples.empty(*size), pixels, _free(people, size))
    return Build(samples, 1, 0, afresh)


def _looked_at(
    build: Build, lead: UInt8, pixels: UInt8, people: Float32
) -> tuple[Remark | None, Float32]:
    """Say what keeps a capture from fitting, if anything, and how it is brought into the light."""
    if build.captures < KNOWN:
        return None, np.ones(3, np.float32)
    trouble = compare(Scene(lead), pixels, people).remark
    gains = _gains(build.samples, lead, pixels)
    if trouble is None and (gains.min() < 1 / LIGHTEST or gains.max() > 1 / DARKEST):
        trouble = Remark.DARK
    return trouble, gains


def _misfit(build: Build, pixels: UInt8, people: Float32, trouble: Remark) -> Build:
    """Leave a capture out. When none has fitted for long, the build is of something else."""
    is_moved = trouble is Remark.MOVED
    misfits = build.misfits + (MOVED_COUNTS if is_moved else 1)
    if misfits >= ENOUGH_MISFITS:
        return _begun(pixels, people, Afresh.VIEW if is_moved else Afresh.LIGHT)
    return replace(build, misfits=misfits)


def _small(pixels: UInt8) -> UInt8:
    height, width = pixels.shape[:2]
    if max(width, height) <= SIDE:
        return pixels
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _free(people: Float32, size: tuple[int, int]) -> Flags:
    """HxW: where nobody was found, nor close by."""
    width, height = size
    free = np.ones((height, width), bool)
    for x1, y1, x2, y2 in people:
        room = max(LEAST_MARGIN, MARGIN * max(x2 - x1, y2 - y1))
        left, top = max(0, int(x1 - room)), max(0, int(y1 - room))
        free[top : max(0, int(y2 + room) + 1), left : max(0, int(x2 + room) + 1)] = False
    return free


def _gains(samples: Samples, lead: UInt8, pixels: UInt8) -> Float32:
    """By what each channel must be multiplied to have the build's light.

    The median over a grid, which people and shadows on less than half of it do not change.
    """
    weights = samples.weights.max(axis=0)[::GRID, ::GRID]
    ours = lead[::GRID, ::GRID].astype(np.float32)
    theirs = pixels[::GRID, ::GRID].astype(np.float32)
    telling = (weights >= KNOWN // 2) & (ours.min(axis=2) >= 16) & (ours.max(axis=2) < CUT_OFF)
    telling &= theirs.max(axis=2) < CUT_OFF
    if telling.sum() < LEAST_POINTS:
        return np.ones(3, np.float32)
    ratios = (ours[telling] + 1) / (theirs[telling] + 1)
    return np.asarray(np.median(ratios, axis=0), np.float32)


def _in_light(pixels: UInt8, free: Flags, gains: Float32) -> tuple[UInt8, Flags]:
    """Multiply; what was cut off at white says nothing of its colour then."""
    if np.abs(gains - 1).max() <= SAME_LIGHT:
        return pixels, free
    if gains.min() < 1 - SAME_LIGHT:
        free = free & (pixels.max(axis=2) < CUT_OFF)
    lit = np.clip(np.rint(pixels * gains), 0, 255).astype(np.uint8)
    return lit, free


def _laid_over(lead: UInt8, pixels: UInt8, free: Flags) -> tuple[UInt8, Flags]:
    """Move a capture back by what its camera trembled; what comes into view is not free."""
    height, width = free.shape
    if min(height, width) < LEAST_SIDE:
        return pixels, free
    scale = max(1.0, max(width, height) / 384)
    size = (max(16, round(width / scale)), max(16, round(height / scale)))
    ours, theirs = (
        cv2.resize(
            cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        for one in (lead, pixels)
    )
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    shift, peak = cv2.phaseCorrelate(ours, theirs, window)
    across, down = shift[0] * width / size[0], shift[1] * height / size[1]
    distance = float(np.hypot(across, down))
    if peak < LEAST_PEAK or not 0.3 <= distance <= TREMBLE * max(1.0, max(width, height) / 768):
        return pixels, free
    move = np.array([[1, 0, -across], [0, 1, -down]], np.float32)
    moved = cv2.warpAffine(pixels, move, (width, height))
    still_free = cv2.warpAffine(free.astype(np.uint8) * 255, move, (width, height))
    return np.asarray(moved, np.uint8), np.asarray(still_free == 255, bool)


def _added(samples: Samples, pixels: UInt8, free: Flags) -> Samples:
    """Count a capture where it is ``free``: for the strongest colour it is like, else a new one."""
    values, weights, seen = samples.values.copy(), samples.weights.copy(), samples.seen.copy()
    best = np.zeros(free.shape, np.uint8)  # the weight of the strongest colour that is alike
    which = np.full(free.shape, COLOURS, np.uint8)
    for number in range(COLOURS):
        blue, green, red = cv2.split(cv2.absdiff(values[number], pixels))
        alike = (cv2.max(cv2.max(blue, green), red) <= ALIKE) & (weights[number] > best)
        best[alike], which[alike] = weights[number][alike], number
    for number in range(COLOURS):
        here = free & (which == number)
        weights[number] += here.view(np.uint8)
        values[number][here] = _nearer(values[number][here], pixels[here], weights[number][here])
    _remember(values, weights, pixels, free & (which == COLOURS))
    seen += free.view(np.uint8)
    often = seen >= MOST
    if often.any():
        seen[often] //= 2
        weights[:, often] //= 2
    return Samples(values, weights, seen)


def _nearer(values: UInt8, samples: UInt8, weights: UInt8) -> UInt8:
    """Move running medians (Nx3) towards new samples: at first as a mean does, then by one."""
    away = samples.astype(np.int16) - values
    step = np.maximum(np.abs(away) // weights[:, None], 1)
    nearer = values + np.sign(away) * np.minimum(step, np.abs(away))
    return np.asarray(nearer, np.uint8)


def _remember(values: UInt8, weights: UInt8, pixels: UInt8, where: Flags) -> None:
    """Weaken the weakest colour by one; once nothing is left of it the new one has its place."""
    rows, columns = np.nonzero(where)
    if not len(rows):
        return
    held = weights[:, rows, columns]
    weakest = held.argmin(axis=0)
    left = np.maximum(held.min(axis=0).astype(np.int16) - 1, 0).astype(np.uint8)
    is_gone = left == 0
    weights[weakest, rows, columns] = np.where(is_gone, 1, left)
    gone = (weakest[is_gone], rows[is_gone], columns[is_gone])
    values[gone] = pixels[rows[is_gone], columns[is_gone]]


def _lead(samples: Samples) -> tuple[UInt8, UInt8]:
    """HxWx3, HxW: the colour that was seen most at each pixel, and how often."""
    lead, most = samples.values[0].copy(), samples.weights[0].copy()
    for number in range(1, COLOURS):
        more = samples.weights[number] > most
        lead[more], most[more] = samples.values[number][more], samples.weights[number][more]
    return lead, most


def _filled(values: Float32, known: Flags) -> Float32:
    """Give what is not known the mean of what is known around it, from ever coarser pictures."""
    height, width = known.shape
    if known.all() or max(height, width) == 1:
        return values
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = known.astype(np.float32)
    share = cv2.resize(weight, half, interpolation=cv2.INTER_AREA).reshape(half[::-1])
    sums = cv2.resize(values * weight[..., None], half, interpolation=cv2.INTER_AREA)
    coarse = sums.reshape(*half[::-1], 3) / np.maximum(share, 1e-6)[..., None]
    around = _filled(coarse.astype(np.float32), share > 0)
    larger = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None], values, larger.reshape(height, width, 3)).astype(np.float32)
