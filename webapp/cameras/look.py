"""A look at the current frame through one or more AI modes, before anything is saved.

What is shown is masked, as everywhere: pictograms on the registered background, or on
plain grey while there is none. The frame lives in the thread that looks, and nowhere else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio.to_thread
import numpy as np
from nigiwai_engine_api import EngineFailure, EngineInfo, Frame

from webapp import engine_room, words
from webapp.analysis import analyse_still
from webapp.cameras.queries import background_of
from webapp.cameras.trial import TRIAL_FAILURES, Preview, Tried, fetch, preview_of, problem_of
from webapp.domain.areas import Area, apply
from webapp.domain.masking import render
from webapp.domain.pictures import PictureRefused, decode, fit_background
from webapp.domain.remarks import Remark
from webapp.errors import TemporaryFailure
from webapp.i18n import N_
from webapp.models import Camera
from webapp.services import Services

BUSY = N_("ほかの確認を処理しています。少し待ってからもう一度お試しください。")
SLOW = words.REMARKS[Remark.ENGINE_SLOW]
GREY = 222

# Looking takes the processor away from the minute's work: one look at a time in a process.
_LOOKING = threading.Lock()


class Busy(TemporaryFailure):
    """Somebody else's look is under way in this process."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to look at, by which engines, on which background, counting in which areas."""

    tried: Tried
    engines: tuple[EngineInfo, ...]
    background: Frame | None
    areas: Sequence[Area] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What one engine made of the frame: a masked preview and counts, or ``problem``.

    ``everyone`` is how many were found wherever they stand, ``count`` how many of them count.
    """

    info: EngineInfo
    preview: Preview | None = None
    count: int = 0
    everyone: int = 0
    ms: int = 0
    problem: str = ""


async def background_frame(services: Services, camera: Camera) -> Frame | None:
    """The registered background as pixels; None when there is none that can be read."""
    row = await background_of(camera)
    if row is None:
        return None
    try:
        data = await services.storage.get(row.picture)
        if data is None:
            return None
        pixels = services.settings.max_picture_pixels
        return await anyio.to_thread.run_sync(
            lambda: decode(data, max_pixels=pixels, max_bytes=len(data))
        )
    except (TemporaryFailure, PictureRefused):
        return None


async def look(services: Services, question: Question, now: datetime) -> list[Seen]:
    """Fetch the current frame and let one engine after the other look at it.

    Each has the time of a capture's analysis, in the room that screens share; one that is not
    done by then is told as slow. Raises ``Busy``, or what a camera may do (``TRIAL_FAILURES``).
    """
    if not _LOOKING.acquire(blocking=False):
        raise Busy("Another look is under way.")
    try:
        still = await fetch(services, question.tried, now)
        return [await _ask(services, question, info, still.data) for info in question.engines]
    finally:
        _LOOKING.release()


async def _ask(services: Services, question: Question, info: EngineInfo, data: bytes) -> Seen:
    see = partial(_see, services, question, info, data)
    try:
        return await engine_room.ask(services.settings, info.name, see)
    except EngineFailure:
        return Seen(info, problem=SLOW)


def _see(services: Services, question: Question, info: EngineInfo, data: bytes) -> Seen:
    tried, started = question.tried, time.perf_counter()
    try:
        analysis = analyse_still(
            data,
            services.engines.get(info.name),
            tried.level,
            question.background,
            services.settings.max_picture_pixels,
            info.style,
            rotation=tried.rotation,
        )
    except TRIAL_FAILURES as error:
        return Seen(info, problem=problem_of(error))
    size = analysis.width, analysis.height
    people = apply(analysis.people, question.areas, *size)
    backdrop = _grey(*size)
    if analysis.masked is not None and question.background is not None:
        backdrop = fit_background(question.background, *size)
    masked = render(backdrop, people, info.style)
    return Seen(
        info=info,
        preview=preview_of(masked),
        count=len(people),
        everyone=len(analysis.people),
        ms=round((time.perf_counter() - started) * 1000),
    )


def _grey(width: int, height: int) -> Frame:
    return Frame(np.full((height, width, 3), GREY, np.uint8))
