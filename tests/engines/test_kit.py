"""The conformance kit passes a good engine and catches every bad one."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nigiwai_engine_api import (
    Context,
    Engine,
    EngineInfo,
    Frame,
    People,
    PictogramStyle,
    checks,
    hookimpl,
    testing,
)
from nigiwai_engine_api.checks import NotConformant, Subject, noise, scene

WORDS = {"ja": "試験用", "en": "For tests"}
INFO = EngineInfo("good", WORDS, WORDS, "1", PictogramStyle.MARK)
FRAMES = [scene(), noise(60, 80), scene(180, 320, 5)]


class Good:
    """Everybody is where a frame is dark."""

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:
        rows, columns = np.nonzero(frame.pixels[..., 0] < 80)
        if not len(rows) or len(rows) == frame.width * frame.height:
            return People.none()
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return People(np.array([box], np.float32), np.ones(1, np.float32))


class Comparing(Good):
    """Everybody is where a frame is unlike its background, or dark without one."""

    def find_people(self, frame: Frame, context: Context) -> People:
        if context.background is None:
            return super().find_people(frame, context)
        apart = np.abs(frame.pixels.astype(int) - context.background.pixels)
        return super().find_people(Frame(np.where(apart > 40, np.uint8(0), np.uint8(255))), context)


class Bad(Good):
    """Does one thing wrong."""

    def __init__(self, wrong: Callable[[Frame, Context], Any]) -> None:
        self._wrong = wrong

    def find_people(self, frame: Frame, context: Context) -> People:
        answer = self._wrong(frame, context)
        return super().find_people(frame, context) if answer is None else answer


def subject(engine: Engine, deadline: float = 5.0, **values: Any) -> Subject:
    return Subject(engine, replace(INFO, **values), deadline)


def person(x1: float, y1: float, x2: float, y2: float, score: float = 0.5) -> People:
    return People(np.array([[x1, y1, x2, y2]], np.float32), np.array([score], np.float32))


def refused(check: Callable[..., None], bad: Subject, *values: object) -> str:
    with pytest.raises(NotConformant) as caught:
        check(bad, *values)
    return str(caught.value)


class TestAGoodEngine(testing.EngineConformance):
    """The whole kit, run as an author runs it."""

    plugin = SimpleNamespace(
        engine_info=hookimpl(lambda: INFO, specname="engine_info"),
        create_engine=hookimpl(
            lambda name, options: Good() if name == "good" else None, specname="create_engine"
        ),
    )


ANSWERS: Mapping[str, tuple[Callable[[Frame, Context], Any], str]] = {
    "raises": (lambda frame, context: 1 // 0, "raised ZeroDivisionError"),
    "a tuple": (lambda frame, context: ([], []), "returned tuple"),
    "boxes out of the frame": (
        lambda frame, context: person(0, 0, frame.width + 9, 1),
        "boxes reach out",
    ),
    "boxes before the frame": (lambda frame, context: person(-3, 0, 4, 4), "boxes reach out"),
    "not a number": (lambda frame, context: person(0, 0, np.nan, 1), "raised ValueError"),
    "no width": (lambda frame, context: person(2, 0, 2, 1), "raised ValueError"),
    "sure beyond all": (lambda frame, context: person(0, 0, 1, 1, 1.5), "raised ValueError"),
    "heads out of the frame": (
        lambda frame, context: People(
            np.array([[0, 0, 1, 1]], np.float32),
            np.ones(1, np.float32),
            heads=np.array([[1e6, 0]], np.float32),
        ),
        "heads reach out",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_nonsense_is_caught(name: str) -> None:
    wrong, why = ANSWERS[name]
    assert why in refused(checks.check_sizes, subject(Bad(wrong)), [(48, 64)])


def test_numbers_slipped_in_behind_the_type_are_caught() -> None:
    def slip(frame: Frame, context: Context) -> People:
        people = person(0, 0, 1, 1)
        object.__setattr__(people, "boxes", np.full((1, 4), np.nan, np.float32))
        return people

    assert "finite" in refused(checks.check_sizes, subject(Bad(slip)), [(48, 64)])


def test_a_pose_engine_without_key_points_is_caught() -> None:
    posing = subject(Bad(lambda frame, context: person(0, 0, 1, 1)), style=PictogramStyle.POSE)
    assert "key points" in refused(checks.check_sizes, posing, [(48, 64)])


def test_key_points_far_out_of_the_frame_are_caught() -> None:
    def pose(x: float, score: float) -> Subject:
        points = np.full((1, 17, 3), (x, 1, score), np.float32)
        people = replace(person(0, 0, 1, 1), keypoints=points)
        return subject(Bad(lambda frame, context: people), style=PictogramStyle.POSE)

    for x in (1e9, 129, -65):
        assert "key points lie" in refused(checks.check_sizes, pose(x, 0.1), [(48, 64)])
        checks.check_sizes(pose(x, 0), [(48, 64)])  # not seen: it lies nowhere
    checks.check_sizes(pose(100, 0.1), [(48, 64)])


def test_an_engine_that_leaves_threads_behind_is_caught() -> None:
    done = threading.Event()

    def start(frame: Frame, context: Context) -> None:
        threading.Thread(target=done.wait, args=(20,), daemon=True).start()

    assert "left 8 threads" in refused(checks.check_memory, subject(Bad(start)), 8)
    done.set()


def test_an_engine_that_hangs_is_caught() -> None:
    let_go = threading.Event()
    hanging = subject(Bad(lambda frame, context: let_go.wait(20) and None), deadline=0.1)
    started = time.monotonic()
    assert "within 0.1 s" in refused(checks.check_sizes, hanging, [(48, 64)])
    assert time.monotonic() - started < 15, "it was not waited for until it ends"
    let_go.set()


def test_an_engine_that_never_warms_up_is_caught() -> None:
    let_go = threading.Event()
    engine = Good()
    engine.warm_up = lambda: let_go.wait(20) and None  # type: ignore[method-assign]
    assert "within 0.1 s" in refused(checks.check_warm_up, subject(engine), 0.1)
    let_go.set()


def test_an_engine_that_chokes_on_small_or_huge_frames_is_caught() -> None:
    def choke(frame: Frame, context: Context) -> None:
        if frame.width < 2 or frame.width > 4000:
            raise ValueError

    for sizes in (checks.TINY, checks.HUGE):
        assert "raised ValueError" in refused(checks.check_sizes, subject(Bad(choke)), sizes)


def test_an_engine_that_sees_people_in_nothing_is_caught() -> None:
    ghosts = subject(Bad(lambda frame, context: person(0, 0, 1, 1)))
    assert "1 people" in refused(checks.check_empty, ghosts)


def test_an_engine_that_writes_into_the_frame_is_caught() -> None:
    def scribble(frame: Frame, context: Context) -> None:
        pixels = frame.pixels.base
        assert pixels is not None
        pixels[:] = 0

    assert "writes" in refused(checks.check_hands_off, subject(Bad(scribble)), scene())

    def honest(frame: Frame, context: Context) -> None:
        frame.pixels[0, 0] = 0

    assert "read-only" in refused(checks.check_hands_off, subject(Bad(honest)), scene())


def test_an_engine_that_reads_memory_and_not_pixels_is_caught() -> None:
    def raw(frame: Frame, context: Context) -> People | None:
        return None if frame.pixels.flags.c_contiguous else People.none()

    assert "other people" in refused(checks.check_layouts, subject(Bad(raw)), scene())


def test_an_engine_that_expects_a_fitting_background_is_caught() -> None:
    def compare(frame: Frame, context: Context) -> None:
        if context.background is not None:
            np.subtract(frame.pixels, context.background.pixels)

    assert "raised ValueError" in refused(checks.check_backgrounds, subject(Bad(compare)), scene())


def test_levels_must_be_told_and_must_find_more() -> None:
    def backwards(frame: Frame, context: Context) -> People | None:
        return People.none() if context.level > 2 else None

    engine = Bad(backwards)
    assert "uses_level is false" in refused(checks.check_levels, subject(engine), FRAMES)
    assert "level 5 finds" in refused(checks.check_levels, subject(engine, uses_level=True), FRAMES)
    deaf = subject(Good(), uses_level=True)
    checks.check_levels(deaf, FRAMES)
    assert "on level_frames" in refused(checks.check_levels, deaf, FRAMES, FRAMES)


def test_an_engine_that_uses_backgrounds_passes() -> None:
    checks.check_repeats(subject(Comparing()), FRAMES, Comparing())
    checks.check_threads(subject(Comparing()), FRAMES)
    backgrounds = [c for c in checks.cases(FRAMES) if c[1].background is not None]
    counts = {Comparing().find_people(*case).boxes.tobytes() for case in backgrounds}
    assert len(counts) == len(backgrounds) == 2


def test_an_engine_that_goes_on_with_the_first_background_is_caught() -> None:
    class Stale(Comparing):
        """Keeps the first background of each size."""

        def __init__(self) -> None:
            self.kept: dict[int, Frame] = {}

        def find_people(self, frame: Frame, context: Context) -> People:
            if context.background is not None:
                kept = self.kept.setdefault(frame.width, context.background)
                context = Context(background=kept)
            return super().find_people(frame, context)

    assert "a new engine" in refused(checks.check_repeats, subject(Stale()), FRAMES, Stale())


def test_an_engine_whose_threads_share_a_background_is_caught() -> None:
    class Racy(Comparing):
        """Keeps the background at hand in one place for all threads."""

        def find_people(self, frame: Frame, context: Context) -> People:
            self.background = context.background
            time.sleep(0.005)
            return super().find_people(frame, Context(background=self.background))

    checks.check_repeats(subject(Racy()), FRAMES, Racy())
    assert "threads" in refused(checks.check_threads, subject(Racy()), FRAMES)


def test_an_engine_that_throws_dice_over_a_background_is_caught() -> None:
    turn = itertools.count()

    def dice(frame: Frame, context: Context) -> People | None:
        return People.none() if context.background is not None and next(turn) % 2 else None

    assert "second time" in refused(checks.check_repeats, subject(Bad(dice)), FRAMES)


def test_an_engine_that_throws_dice_is_caught() -> None:
    turn = itertools.count()
    moody = Bad(lambda frame, context: People.none() if next(turn) % 2 else None)
    assert "second time" in refused(checks.check_repeats, subject(moody), [scene()])


def test_an_engine_that_mixes_up_its_threads_is_caught() -> None:
    class Shared(Good):
        """Keeps the frame at hand in one place for all threads."""

        def find_people(self, frame: Frame, context: Context) -> People:
            self.frame = frame
            time.sleep(0.005)
            return super().find_people(self.frame, context)

    assert "threads" in refused(checks.check_threads, subject(Shared()), FRAMES)


def test_an_engine_that_fails_beside_others_is_caught() -> None:
    class Jealous(Good):
        """Bears no second thread."""

        busy = threading.Lock()

        def find_people(self, frame: Frame, context: Context) -> People:
            if not self.busy.acquire(blocking=False):
                raise RuntimeError("busy")
            try:
                time.sleep(0.005)
                return super().find_people(frame, context)
            finally:
                self.busy.release()

    assert "busy" in refused(checks.check_threads, subject(Jealous()), FRAMES)


def test_an_engine_that_keeps_frames_is_caught() -> None:
    kept: list[Frame] = []
    assert "keeps the frame" in refused(
        checks.check_forgets, subject(Bad(lambda frame, context: kept.append(frame)))
    )


def test_an_engine_that_leaks_copies_is_caught() -> None:
    kept: list[np.ndarray[Any, Any]] = []
    leaking = Bad(lambda frame, context: kept.append(frame.pixels.copy()))
    assert "process grew" in refused(checks.check_memory, subject(leaking))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"titles": {"ja": "x", "en": " "}}, "info.titles says nothing in 'en'"),
        ({"descriptions": {"ja": "", "en": "x"}}, "info.descriptions says nothing in 'ja'"),
        ({"version": " "}, "version is empty"),
        ({"options_schema": {"properties": {"x": {}}}}, "option x has no description"),
        ({"options_schema": {"properties": {}, "x": object()}}, "no JSON schema"),
    ],
)
def test_an_engine_that_says_little_of_itself_is_caught(values: dict[str, Any], why: str) -> None:
    with pytest.raises(NotConformant, match=why):
        checks.check_info(replace(INFO, **values))


def test_a_plugin_that_builds_nothing_is_caught() -> None:
    nothing = SimpleNamespace(
        create_engine=hookimpl(lambda name, options: None, specname="create_engine")
    )
    with pytest.raises(NotConformant, match="builds nothing"):
        testing.create(nothing, "good", {})


def test_a_plugin_that_answers_for_all_is_caught() -> None:
    greedy = SimpleNamespace(
        create_engine=hookimpl(lambda name, options: Good(), specname="create_engine")
    )
    with pytest.raises(NotConformant, match="another's name"):
        testing.EngineConformance().test_it_answers_for_its_own_name_only(greedy, INFO)


def test_every_check_is_part_of_the_class() -> None:
    """A check that no test of the class calls would never be made."""
    import inspect

    source = inspect.getsource(testing.EngineConformance)
    made = {name for name in dir(checks) if name.startswith("check_")} - {"check_people"}
    assert {name for name in made if f"checks.{name}(" not in source} == set()


def test_remarks_are_words_and_the_same_again() -> None:
    turn = itertools.count()
    moody = Bad(lambda frame, context: People(**NOBODY, remarks=(f"turn-{next(turn)}",)))
    assert "second time" in refused(checks.check_repeats, subject(moody), [scene()])
    dumb = Bad(lambda frame, context: People(**NOBODY, remarks=(3,)))  # type: ignore[arg-type]
    assert "remarks" in refused(checks.check_sizes, subject(dumb), [(48, 64)])


NOBODY: dict[str, Any] = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0)}
