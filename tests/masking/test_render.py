"""M2: the published picture comes from the background and pictograms alone."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nigiwai_engine_api.types import Context, Engine, Frame, People, PictogramStyle

from webapp.domain import masking
from webapp.domain.masking import render
from webapp.domain.pictures import calm

STYLES = list(PictogramStyle)
# A standing person's key points, in shares of the box, COCO order.
STANDING = (
    (0.5, 0.08), (0.53, 0.07), (0.47, 0.07), (0.56, 0.08), (0.44, 0.08),
    (0.7, 0.22), (0.3, 0.22), (0.8, 0.38), (0.2, 0.38), (0.82, 0.52), (0.18, 0.52),
    (0.62, 0.52), (0.38, 0.52), (0.65, 0.75), (0.35, 0.75), (0.66, 0.97), (0.34, 0.97),
)  # fmt: skip


def scene(width: int = 160, height: int = 120, seed: int = 0) -> Frame:
    values = np.arange(width * height * 3, dtype=np.uint64) * 2_654_435_761 + seed * 97
    return Frame((values >> 13).astype(np.uint8).reshape(height, width, 3))


def people(*boxes: tuple[float, float, float, float], heads: bool = False) -> People:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    places = array[:, None, :2] + np.array(STANDING)[None] * (
        array[:, None, 2:] - array[:, None, :2]
    )
    keypoints = np.concatenate([places, np.ones((len(array), 17, 1))], axis=2).astype(np.float32)
    tops = np.stack([(array[:, 0] + array[:, 2]) / 2, array[:, 1] + 4], axis=1)
    return People(array, np.ones(len(array), np.float32), keypoints, tops if heads else None)


def crowd(count: int, width: int, height: int) -> People:
    steps = np.arange(count)
    feet = height * (30 + steps * 61 % 70) // 100
    tall = np.maximum(feet // 3, 6)
    left = steps * 137 % width
    return people(*zip(left, feet - tall, left + tall * 2 // 5, feet, strict=True))


def digest(frame: Frame) -> str:
    return hashlib.sha256(frame.pixels.tobytes()).hexdigest()[:16]


class FixedEngine:
    """Finds the same people in whatever it is shown."""

    def __init__(self, found: People) -> None:
        self.found = found

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:
        return self.found


def mask(engine: Engine, live: Frame, background: Frame, style: PictogramStyle) -> bytes:
    """One frame's way from the camera to the public, as the job goes it."""
    found = engine.find_people(live, Context(background))
    return render(background, found, style).pixels.tobytes()


boxes = st.lists(
    st.tuples(st.floats(-200, 300, width=32), st.floats(-200, 300, width=32),
              st.floats(1, 400, width=32), st.floats(1, 400, width=32))
    .map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
    max_size=8,
)  # fmt: skip
styles = st.sampled_from(STYLES)


def test_there_is_no_way_in_for_a_live_frame() -> None:
    signature = inspect.signature(render)
    assert list(signature.parameters) == ["background", "people", "style"]
    assert "find_people" not in inspect.getsource(masking)


@given(boxes, styles, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_the_live_frame_changes_no_byte(
    found: list[tuple[float, float, float, float]], style: PictogramStyle, one: int, other: int
) -> None:
    engine, background = FixedEngine(people(*found)), scene()
    first, second = (
        Frame(np.random.default_rng(seed).integers(0, 256, (120, 160, 3), np.uint8))
        for seed in (one, other)
    )
    assert mask(engine, first, background, style) == mask(engine, second, background, style)


@given(boxes, styles)
def test_the_order_of_people_does_not_matter(
    found: list[tuple[float, float, float, float]], style: PictogramStyle
) -> None:
    there, back = people(*found, heads=True), people(*found[::-1], heads=True)
    assert digest(render(scene(), there, style)) == digest(render(scene(), back, style))


@given(boxes, styles)
def test_pixels_come_from_background_and_palette_alone(
    found: list[tuple[float, float, float, float]], style: PictogramStyle
) -> None:
    black = render(Frame(np.zeros((120, 160, 3), np.uint8)), people(*found), style).pixels
    white = render(Frame(np.full((120, 160, 3), 255, np.uint8)), people(*found), style).pixels
    assert (white >= black).all()
    assert (black[white == 0] == 0).all()


@pytest.mark.parametrize("style", STYLES)
def test_far_from_every_figure_the_background_stands_calmed(style: PictogramStyle) -> None:
    background = scene(400, 300)
    found = people((100, 80, 140, 180), (250, 120, 300, 260))
    drawn = render(background, found, style).pixels
    outside = np.ones((300, 400), bool)
    outside[70:190, 85:155] = False
    outside[110:270, 230:320] = False
    assert (drawn[outside] == calm(background).pixels[outside]).all()
    assert (drawn[~outside] != calm(background).pixels[~outside]).any()


def test_nobody_leaves_the_calmed_background() -> None:
    assert digest(render(scene(), People.none(), PictogramStyle.FIGURE)) == digest(calm(scene()))


def test_the_background_itself_is_left_alone() -> None:
    background = scene()
    before = digest(background)
    render(background, crowd(20, 160, 120), PictogramStyle.FIGURE)
    assert digest(background) == before


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (50, 1), (17, 13), (3840, 2160)])
def test_every_size_of_picture(style: PictogramStyle, width: int, height: int) -> None:
    found = people((-5, -5, width + 5, height + 5), (0, 0, width, height), (0.2, 0.2, 0.9, 0.9))
    drawn = render(scene(width, height), found, style)
    assert (drawn.width, drawn.height) == (width, height)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "box",
    [
        (-40, 20, 10, 90),
        (150, 20, 200, 90),
        (60, -50, 90, 20),
        (60, 80, 120, 160),
        (0, 119, 160, 120),
        (-900, -900, 900, 900),
        (-1e30, -1e30, 1e30, 1e30),
        (1e29, 1e29, 1e30, 1e30),
        (0, 0, 1e-20, 1e-20),
    ],
)
def test_boxes_over_and_past_the_edge(style: PictogramStyle, box: tuple[float, ...]) -> None:
    assert render(scene(), people(box), style).pixels.shape == (120, 160, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [50, 500])
def test_crowds(style: PictogramStyle, count: int) -> None:
    drawn = render(scene(768, 576), crowd(count, 768, 576), style)
    assert (drawn.pixels != calm(scene(768, 576)).pixels).any()


@pytest.mark.parametrize("height", [12, 24, 60, 200, 500, 1100])
def test_the_figure_fills_its_box_and_is_even(height: int) -> None:
    canvas = Frame(np.zeros((height + 40, height + 40, 3), np.uint8))
    half = height // 2
    drawn = render(
        canvas, people((20 + half - 3, 20, 20 + half + 3, 20 + height)), PictogramStyle.FIGURE
    )
    ink = _ink(drawn)
    rows = np.flatnonzero(ink.any(axis=1))
    line = max(2, height // 80 + 2)
    assert 20 - line <= rows[0] <= 20
    assert 20 + height - 2 <= rows[-1] <= 20 + height + line
    around = drawn.pixels[:, 20 + half - half // 2 : 20 + half + half // 2].astype(int)
    uneven = np.abs(around - around[:, ::-1])
    assert uneven.max() <= 64
    assert uneven.mean() < 0.2


def test_head_and_body_are_apart() -> None:
    canvas = Frame(np.zeros((140, 100, 3), np.uint8))
    drawn = render(canvas, people((30, 20, 70, 120)), PictogramStyle.FIGURE).pixels
    column = drawn[:, 50].astype(int).sum(axis=1)
    head, gap, body = column[28], column[36:40].max(), column[60]
    assert gap > head + 100
    assert gap > body + 100


def test_the_nearer_is_darker_and_stands_before_the_farther() -> None:
    canvas = Frame(np.zeros((400, 300, 3), np.uint8))
    drawn = render(
        canvas, people((100, 20, 180, 220), (110, 80, 190, 300)), PictogramStyle.FIGURE
    ).pixels
    far, near = drawn[36, 140].astype(int), drawn[250, 140 - 8 + 20].astype(int)
    assert (near < far).all()


def test_both_grounds_show_the_figure() -> None:
    for ground in (0, 255):
        canvas = Frame(np.full((140, 100, 3), ground, np.uint8))
        drawn = render(canvas, people((30, 20, 70, 120)), PictogramStyle.FIGURE).pixels
        assert _contrast(drawn[60, 50], np.full(3, ground)) >= 2.8


def test_a_pose_without_trunk_is_the_standing_figure() -> None:
    whole = people((40, 20, 80, 110))
    assert whole.keypoints is not None
    hidden = whole.keypoints.copy()
    hidden[:, 5:13, 2] = 0
    pose = People(whole.boxes, whole.scores, hidden)
    plain = People(whole.boxes, whole.scores)
    for found in (pose, plain):
        drawn = render(scene(), found, PictogramStyle.POSE)
        assert digest(drawn) == digest(render(scene(), plain, PictogramStyle.FIGURE))
    assert digest(render(scene(), whole, PictogramStyle.POSE)) != digest(drawn)


@given(st.lists(st.booleans(), min_size=17, max_size=17), st.integers(0, 9))
def test_any_key_points_may_be_missing_or_wild(seen: list[bool], seed: int) -> None:
    whole = people((40, 20, 80, 110))
    assert whole.keypoints is not None
    points = whole.keypoints.copy()
    points[0, :, :2] += np.random.default_rng(seed).normal(0, 4**seed, (17, 2)).astype(np.float32)
    points[0, :, 2] = seen
    found = People(whole.boxes, whole.scores, points)
    assert render(scene(), found, PictogramStyle.POSE).pixels.shape == (120, 160, 3)


def test_key_points_that_meet_are_drawn_all_the_same() -> None:
    whole = people((40, 20, 80, 110))
    points = np.ones((1, 17, 3), np.float32) * np.array([60, 60, 1], np.float32)
    found = People(whole.boxes, whole.scores, points)
    assert _ink(render(Frame(np.zeros((120, 160, 3), np.uint8)), found, PictogramStyle.POSE)).any()


def test_a_mark_stands_at_the_head_that_was_found() -> None:
    canvas = Frame(np.zeros((480, 640, 3), np.uint8))
    found = People(
        np.array([[300, 100, 340, 220]], np.float32), np.ones(1, np.float32),
        heads=np.array([[310, 150]], np.float32),
    )  # fmt: skip
    rows, columns = np.nonzero(_ink(render(canvas, found, PictogramStyle.MARK)))
    assert abs(columns.mean() - 310) <= 1
    assert 140 <= rows.min() < 150 < rows.max() <= 175


def rasters() -> dict[str, str]:
    """Digests of pictures that use every style, size class and edge."""
    sheets = {
        "crowd": (scene(321, 243), crowd(40, 321, 243)),
        "large": (scene(700, 620), people((100, 40, 380, 600))),
        "edges": (scene(), people((-20, 30, 20, 110), (90, 60, 170, 130))),
        "thirds": (scene(), people((33.3, 20.7, 61.9, 99.5))),
    }
    return {
        f"{name} {style}": digest(render(background, found, style))
        for name, (background, found) in sheets.items()
        for style in STYLES
    }


def test_rasters_are_the_same_on_every_machine() -> None:
    """A change of these digests changes every published picture: it must be meant."""
    assert rasters() == GOLDEN


def test_a_poorer_processor_draws_the_same() -> None:
    poorer = {
        "OPENCV_IPP": "disabled",
        "OPENCV_CPU_DISABLE": "AVX2,AVX512-SKX",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    }
    program = (
        "import json; from tests.masking.test_render import rasters; print(json.dumps(rasters()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | poorer,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == GOLDEN


GOLDEN = {
    "crowd figure": "6fa4bed2d60b1350",
    "crowd pose": "e38646f14957c0c5",
    "crowd mark": "7b7bc19f8d24581b",
    "large figure": "9b8cb150ab5adacb",
    "large pose": "11a83aa6ddca1565",
    "large mark": "e9e6acb89714d8fe",
    "edges figure": "bb1d84f18d075434",
    "edges pose": "5a87d1fce0bf8f04",
    "edges mark": "41814b356bd0130f",
    "thirds figure": "f2534c7987443aa9",
    "thirds pose": "7cbed0ad8f64a871",
    "thirds mark": "83ca4e9dfb31f87d",
}


def _ink(frame: Frame) -> npt.NDArray[np.bool_]:
    return frame.pixels.any(axis=2)


def _contrast(one: npt.NDArray[np.uint8], other: npt.NDArray[np.int64]) -> float:
    """WCAG's ratio of two BGR colours."""
    lights = []
    for colour in (one, other):
        share = np.asarray(colour, float) / 255
        linear = np.where(share <= 0.03928, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ (0.0722, 0.7152, 0.2126)) + 0.05)
    return max(lights) / min(lights)
