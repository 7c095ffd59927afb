"""From the bytes of one still to people, a count and a masked picture.

Used by the worker, by "test connection" and by the command line. Everything here is
CPU work: call it in a thread. The frame lives only inside ``analyse_still``; what is
returned holds none of its pixels.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from nigiwai_engine_api import Context, Engine, EngineFailure, Frame, People, PictogramStyle
from nigiwai_engine_api.types import Float32

from webapp.domain.areas import Area, apply
from webapp.domain.backdrops import Backdrop, Fitted
from webapp.domain.masking import Drawing, digest_of, render_on
from webapp.domain.pictures import (
    PictureProblem,
    PictureRefused,
    decode,
    rotate,
)
from webapp.domain.remarks import Remark
from webapp.domain.scene.judging import compare
from webapp.domain.scene.verdicts import ALL_WELL, Verdict

# Below this brightness nobody could be seen, and nought would be a guess.
_BLACK = 12
_BLACK_SHARE = 0.999

# More people than any picture holds: an engine that finds them talks nonsense.
MOST_PEOPLE = 10_000

# What engines may remark, see ``People.remarks``.
ENGINE_REMARKS = {"background-unlike": Remark.BACKGROUND_UNLIKE}


class BlackPicture(Exception):
    """The frame shows nothing at all; its count would not be 0 but unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was made of one still.

    ``people``    those who were found and count, in pixels of the frame.
    ``count``     how many they are.
    ``drawing``   background and pictograms, of the frame's size; None without background.
    ``raster``    the digest of its pixels (``webapp.domain.rasters``); empty without one.
    ``width``, ``height``  of the frame.
    ``remarks``   what is not as it should be, though it was counted.
    ``ms_model``  milliseconds inside the engine.
    ``scene``   whether the camera still sees what its background shows.
    ``found``   Nx4 boxes of everybody, of those too who do not count.
    """

    people: People
    count: int
    drawing: Drawing | None
    width: int
    height: int
    remarks: tuple[Remark, ...]
    ms_model: float
    scene: Verdict = ALL_WELL
    raster: str = ""
    found: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    @property
    def masked(self) -> Frame | None:
        """The picture that may be published."""
        return None if self.drawing is None else self.drawing.frame


def analyse_still(
    data: bytes,
    engine: Engine,
    level: int,
    background: Frame | Backdrop | None,
    max_pixels: int,
    style: PictogramStyle = PictogramStyle.FIGURE,
    areas: Sequence[Area] = (),
    rotation: int = 0,
) -> Analysis:
    """Decode a still, find its people, leave out who does not count, and draw the others.

    ``rotation`` is the angle (0, 90, 180, 270) by which the still is turned clockwise first.
    Raises ``PictureRefused`` for bytes that are no whole picture, ``BlackPicture``, and
    ``EngineFailure`` for whatever goes wrong inside the engine.
    """
    frame = rotate(decode(data, max_pixels=max_pixels), rotation // 90)
    if _is_black(frame):
        raise BlackPicture("The picture is black.")
    fitted, remarks = _fit(background, frame)
    empty = None if fitted is None else fitted.background
    started = time.perf_counter()
    people = find_people(engine, frame, Context(background=empty, level=level))
    ms_model = (time.perf_counter() - started) * 1000
    scene = ALL_WELL if fitted is None else compare(fitted.scene, frame.pixels, people.boxes)
    found = people.boxes
    people = apply(people, areas, frame.width, frame.height)
    drawing = None if fitted is None else render_on(fitted, people, style)
    return Analysis(
        people=people,
        count=len(people),
        drawing=drawing,
        width=frame.width,
        height=frame.height,
        remarks=(*remarks, *_said(people)),
        ms_model=ms_model,
        scene=scene,
        raster="" if fitted is None or drawing is None else digest_of(fitted, drawing),
        found=found,
    )


def _fit(
    background: Frame | Backdrop | None, frame: Frame
) -> tuple[Fitted | None, tuple[Remark, ...]]:
    """Bring the background to the frame's size; drop it when the camera changed its shape."""
    if background is None:
        return None, ()
    backdrop = Backdrop(background) if isinstance(background, Frame) else background
    try:
        return backdrop.of_size(frame.width, frame.height), ()
    except PictureRefused as error:
        if error.problem is not PictureProblem.OTHER_ASPECT:
            raise
        return None, (Remark.BACKGROUND_SHAPE,)


def _said(people: People) -> tuple[Remark, ...]:
    """Put an engine's words into ours; what no screen could explain is left out."""
    return tuple(ENGINE_REMARKS[word] for word in people.remarks if word in ENGINE_REMARKS)


def find_people(engine: Engine, frame: Frame, context: Context) -> People:
    """Ask the engine; raises ``EngineFailure`` for whatever it raises or answers wrongly.

    An engine may be anybody's: even sys.exit is a failure on this frame alone. Only the
    operator's Ctrl-C is not its doing.
    """
    try:
        people = engine.find_people(frame, context)
    except (EngineFailure, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise EngineFailure(f"{type(error).__name__}: {error}") from error
    _check(people, frame)
    return people


def _check(people: People, frame: Frame) -> None:
    """Refuse what cannot be people of this frame; ``People`` itself refuses the rest."""
    if not isinstance(people, People):
        raise EngineFailure(f"The engine answered with {type(people).__name__}, not with People.")
    if len(people) > MOST_PEOPLE:
        raise EngineFailure(f"The engine found {len(people)} people; no picture holds so many.")
    boxes = people.boxes
    beside = (boxes[:, :2] > (frame.width, frame.height)).any() or (boxes[:, 2:] < 0).any()
    if beside:
        raise EngineFailure("The engine found somebody outside the picture.")


def _is_black(frame: Frame) -> bool:
    sample = np.ascontiguousarray(frame.pixels[::8, ::8])
    dark = cv2.countNonZero(cv2.inRange(sample, (0, 0, 0), (_BLACK, _BLACK, _BLACK)))
    return bool(dark >= _BLACK_SHARE * sample.shape[0] * sample.shape[1])
