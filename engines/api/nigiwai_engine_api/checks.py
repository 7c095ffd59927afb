"""The rules every engine keeps, as functions that raise ``NotConformant``.

:mod:`nigiwai_engine_api.testing` offers them as a pytest class; call them one by one
from anything else. Each frame is given to the engine in a thread of its own, so that an
engine which hangs fails its check instead of holding up the tests.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from nigiwai_engine_api.types import (
    Context,
    Engine,
    EngineInfo,
    Frame,
    People,
    PictogramStyle,
    UInt8,
)

Result = TypeVar("Result")

LANGUAGES = ("ja", "en")
LEVELS = (1, 2, 3, 4, 5)
THREADS = 4
# Rows and columns of frames that no camera should send, and some does.
TINY = ((1, 1), (1, 2), (2, 1), (3, 3), (1, 640), (480, 1), (16, 16), (31, 17))
HUGE = ((2160, 3840), (40, 8000), (6000, 40))
# Pixels by which a box may reach over the edge: rounding, no more.
OVER_THE_EDGE = 0.5
# Columns of the frames that are asked for again and again.
SMALL = 320
# Threads that an engine may start late, once and for all; more of them are a leak.
LATE_THREADS = 4


class NotConformant(AssertionError):
    """The engine breaks a rule; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The engine under test, what it says of itself, and the seconds a frame may take."""

    engine: Engine
    info: EngineInfo
    deadline: float = 10.0

    def find(self, frame: Frame, context: Context | None = None) -> People:
        """Find people in time, and check that they can be people of this frame."""
        found = within(self.deadline, lambda: self._call(frame, context or Context()))
        check_people(found, frame, self.info.style)
        return found

    def _call(self, frame: Frame, context: Context) -> People:
        try:
            return self.engine.find_people(frame, context)
        except Exception as error:
            raise NotConformant(
                f"find_people raised {type(error).__name__} on a frame of "
                f"{frame.width}x{frame.height}: {error}"
            ) from error


def within(deadline: float, call: Callable[[], Result]) -> Result:
    """Give what ``call`` gives; raises ``NotConformant`` when it takes over ``deadline`` s."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again where the check waits
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="conformance")
    thread.start()
    thread.join(deadline)
    if thread.is_alive():
        raise NotConformant(f"the engine did not answer within {deadline:g} s")
    if errors:
        raise errors.pop()
    return results.pop()


def check_people(people: People, frame: Frame, style: PictogramStyle) -> None:
    """The answer is a ``People`` whose boxes and heads lie in the frame, and poses near it."""
    if not isinstance(people, People):
        raise NotConformant(f"find_people returned {type(people).__name__}, not People")
    for name in ("boxes", "scores", "keypoints", "heads"):
        array = getattr(people, name)
        if array is not None and (array.dtype != np.float32 or not np.isfinite(array).all()):
            raise NotConformant(f"{name} must be finite float32 numbers")
    if not all(isinstance(remark, str) and remark for remark in people.remarks):
        raise NotConformant("remarks must be words")
    size = (frame.width, frame.height)
    for name, points in (("boxes", people.boxes.reshape(-1, 2)), ("heads", people.heads)):
        if points is not None and _outside(points, size):
            raise NotConformant(f"{name} reach out of a frame of {size[0]}x{size[1]}")
    if people.keypoints is not None:
        seen = people.keypoints[people.keypoints[..., 2] > 0]  # a hand may be out of the frame
        if _outside(seen[:, :2], size, beyond=1.0):
            raise NotConformant("key points lie further out of the frame than it is large")
    if len(people) and style is PictogramStyle.POSE and people.keypoints is None:
        raise NotConformant("an engine whose style is pose gives key points")


def check_info(info: EngineInfo) -> None:
    """Titles, descriptions, version and the schema of the options are there."""
    for field, texts in (("titles", info.titles), ("descriptions", info.descriptions)):
        for language in LANGUAGES:
            if not texts.get(language, "").strip():
                raise NotConformant(f"info.{field} says nothing in {language!r}")
    if not info.version.strip():
        raise NotConformant("info.version is empty")
    try:
        json.dumps(dict(info.options_schema))
    except (TypeError, ValueError) as error:
        raise NotConformant(f"info.options_schema is no JSON schema: {error}") from error
    for name, option in info.options_schema.get("properties", {}).items():
        if not option.get("description"):
            raise NotConformant(f"the option {name} has no description in options_schema")


def check_warm_up(subject: Subject, deadline: float) -> None:
    """Warming up ends, and may be asked for twice."""
    within(deadline, subject.engine.warm_up)
    within(deadline, subject.engine.warm_up)


def check_sizes(subject: Subject, sizes: Iterable[tuple[int, int]]) -> None:
    """Frames of every size (rows, columns) are taken, with a background and without."""
    for rows, columns in sizes:
        frame = noise(rows, columns)
        subject.find(frame)
        subject.find(frame, Context(background=Frame(frame.pixels[::-1])))


def check_empty(subject: Subject) -> None:
    """Nobody is found where there is nothing: black, grey and white frames."""
    for shade in (0, 90, 128, 255):
        frame = Frame(np.full((240, 320, 3), shade, np.uint8))
        for context in (Context(), Context(background=frame)):
            found = len(subject.find(frame, context))
            if found:
                raise NotConformant(
                    f"{found} people were found in a frame of the one shade {shade}"
                )


def check_layouts(subject: Subject, frame: Frame) -> None:
    """How pixels lie in memory, and whether they can be written, changes nothing."""
    expected = subject.find(frame)
    pixels = frame.pixels
    layouts = {
        "read-only": np.frombuffer(pixels.tobytes(), np.uint8).reshape(pixels.shape),
        "column by column": np.asfortranarray(pixels),
        "every other row of a larger one": _spread(pixels),
        "mirrored twice": np.ascontiguousarray(pixels[::-1, ::-1])[::-1, ::-1],
    }
    for name, layout in layouts.items():
        if not same(subject.find(Frame(layout)), expected):
            raise NotConformant(f"the same pixels, stored {name}, give other people")


def check_hands_off(subject: Subject, frame: Frame) -> None:
    """Frame and background come back as they were."""
    pixels, behind = frame.pixels.copy(), np.flip(frame.pixels, 1).copy()
    before = pixels.tobytes(), behind.tobytes()
    subject.find(Frame(pixels), Context(background=Frame(behind)))
    if (pixels.tobytes(), behind.tobytes()) != before:
        raise NotConformant("the engine writes into the frame or the background")


def check_backgrounds(subject: Subject, frame: Frame) -> None:
    """Any background is borne with: the frame itself, one of another size, one pixel."""
    height, width = frame.height, frame.width
    for background in (
        frame,
        noise(height, width),
        noise(height + 7, width + 3),
        Frame(frame.pixels[: max(1, height // 2)]),
        noise(1, 1),
    ):
        subject.find(frame, Context(background=background))


def check_levels(
    subject: Subject, frames: Sequence[Frame], level_frames: Sequence[Frame] = ()
) -> None:
    """Levels 1 to 5 are taken, and do what ``info.uses_level`` says.

    With ``uses_level`` level 5 finds no fewer people than level 1 over all ``frames``. Equal
    numbers pass there, since levels differ over doubtful people only and the frames may show
    none. On ``level_frames``, where the author knows of some, it finds strictly more.
    """
    answers = [[subject.find(f, Context(level=level)) for f in frames] for level in LEVELS]
    if not subject.info.uses_level:
        for answer in answers[1:]:
            if not all(map(same, answer, answers[0])):
                raise NotConformant("the level changes the people, and info.uses_level is false")
        return
    low, high = (sum(map(len, answer)) for answer in (answers[0], answers[-1]))
    if high < low:
        raise NotConformant(f"level 5 finds {high} people and level 1 {low}")
    if level_frames:
        low, high = (
            sum(len(subject.find(frame, Context(level=level))) for frame in level_frames)
            for level in (LEVELS[0], LEVELS[-1])
        )
        if high <= low:
            raise NotConformant(f"on level_frames level 5 finds {high} people and level 1 {low}")


def cases(frames: Sequence[Frame]) -> list[tuple[Frame, Context]]:
    """Each frame alone; the first, made small, also flipped and before two backgrounds."""
    step = max(1, frames[0].width // SMALL)
    pixels = np.ascontiguousarray(frames[0].pixels[::step, ::step])
    flipped = Frame(np.ascontiguousarray(pixels[:, ::-1]))
    rows = np.median(pixels, axis=1, keepdims=True).astype(np.uint8)  # the scene, emptied
    emptied = Frame(np.repeat(rows, pixels.shape[1], axis=1))
    alone = [(frame, Context()) for frame in (*frames, flipped)]
    return [*alone, *((Frame(pixels), Context(background=b)) for b in (flipped, emptied))]


def check_repeats(subject: Subject, frames: Sequence[Frame], another: Engine | None = None) -> None:
    """The same frame and background give the same people, whatever was seen in between.

    ``another`` is a second engine, built alike and not yet used: it sees the backgrounds in
    the reverse order, which tells an engine that goes on with the first one it was given.
    """
    asked = cases(frames)
    first = [subject.find(*case) for case in asked]
    for case, people in reversed(list(zip(asked, first, strict=True))):
        if not same(subject.find(*case), people):
            raise NotConformant("the same frame gives other people the second time")
    if another is None:
        return
    fresh = replace(subject, engine=another)
    for case, people in list(zip(asked, first, strict=True))[:-4:-1]:
        if not same(fresh.find(*case), people):
            raise NotConformant("what was seen before changes the people: a new engine, same case")


def check_threads(subject: Subject, frames: Sequence[Frame], rounds: int = 1) -> None:
    """Four threads at once, each frame and background in another order, get what one gets."""
    asked = cases(frames)
    alone = [subject.find(*case) for case in asked]
    start = threading.Barrier(THREADS)
    order = list(range(len(asked))) * rounds

    def work(shift: int) -> bool:
        start.wait(subject.deadline)
        turn = order[shift % len(order) :] + order[: shift % len(order)]
        return all(same(subject.find(*asked[index]), alone[index]) for index in turn)

    answers: list[bool] = []
    errors: list[Exception] = []

    def run(shift: int) -> None:
        try:
            answers.append(work(shift))
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(subject.deadline * (len(order) + 1))
    if errors:
        raise NotConformant(f"beside other threads: {errors[0]}") from errors[0]
    if answers != [True] * THREADS:
        raise NotConformant("threads beside each other give other people than one alone")


def check_forgets(subject: Subject, rows: int = 120, columns: int = 160) -> None:
    """No frame outlives its answer: pixels of people live for one step only."""
    pixels = noise(rows, columns).pixels.copy()
    watched = weakref.ref(pixels)
    subject.find(Frame(pixels), Context(background=noise(rows, columns)))
    del pixels
    gc.collect()
    if watched() is not None:
        raise NotConformant("the engine keeps the frame after it has answered")


def check_memory(subject: Subject, frames: int = 30, most_growth: int = 12 << 20) -> None:
    """The process grows by at most ``most_growth`` bytes over many frames of one size.

    Nor do threads pile up. Growth is not seen where the system does not tell a process its
    size (no ``/proc``), nor when it is slower than ``most_growth`` over these frames.
    """
    rows, columns = 480, 640  # 0.9 MB a frame: 30 kept ones are 27 MB
    pool = [noise(rows, columns, seed).pixels for seed in range(3)]

    def look(count: int) -> None:
        for index in range(count):
            subject.find(Frame(pool[index % 3].copy()), Context(background=Frame(pool[0])))
        gc.collect()
        give_back_free_memory()

    look(6)
    before, threads = resident_bytes(), threading.active_count()
    look(frames)
    grown, started = resident_bytes() - before, threading.active_count() - threads
    if started > LATE_THREADS:
        raise NotConformant(f"over {frames} frames the engine left {started} threads behind")
    if grown > most_growth:
        raise NotConformant(
            f"over {frames} frames the process grew by {grown >> 20} MiB; "
            f"{most_growth >> 20} are allowed"
        )


def give_back_free_memory() -> None:
    """Let the C library return what is free, so that growth does not hide in old holes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


def resident_bytes() -> int:
    """Memory this process holds, as the system counts it; 0 where it does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def same(first: People, second: People) -> bool:
    """Whether both are the same people in the same order, to the last bit."""
    if first.remarks != second.remarks:
        return False
    for name in ("boxes", "scores", "keypoints", "heads"):
        one, other = getattr(first, name), getattr(second, name)
        if (one is None) != (other is None):
            return False
        if one is not None and (one.shape != other.shape or one.tobytes() != other.tobytes()):
            return False
    return True


def noise(rows: int, columns: int, seed: int = 1) -> Frame:
    """A frame of random pixels, the same for the same seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)
    return Frame(pixels)


def scene(rows: int = 240, columns: int = 320, figures: int = 3) -> Frame:
    """A made-up street: a ramp of light and some upright dark figures."""
    ramp = np.linspace(90, 190, rows, dtype=np.uint8)[:, None, None]
    pixels = np.repeat(np.repeat(ramp, columns, axis=1), 3, axis=2)
    for number in range(figures):
        left = columns * (number + 1) // (figures + 2)
        tall = rows * (number + 3) // (figures + 6)
        bottom = rows - rows // 10
        wide = max(1, tall // 4)
        pixels[bottom - tall : bottom, left : left + wide] = (40 + 20 * number, 60, 50)
    return Frame(pixels)


def _outside(
    points: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    size: tuple[int, int],
    beyond: float = 0.0,
) -> bool:
    """Whether a point lies out of the frame, or by over ``beyond`` of its sides."""
    sides = np.array(size, np.float32)
    low, high = -beyond * sides - OVER_THE_EDGE, (1 + beyond) * sides + OVER_THE_EDGE
    return bool((points < low).any() or (points > high).any())


def _spread(pixels: UInt8) -> UInt8:
    wide = np.zeros((2 * pixels.shape[0], *pixels.shape[1:]), np.uint8)
    wide[::2] = pixels
    return wide[::2]
