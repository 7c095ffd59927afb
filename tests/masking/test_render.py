"""M2: the published picture comes from the background and pictograms alone."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nigiwai_engine_api.types import Context, Engine, Frame, People, PictogramStyle

from webapp.domain import masking
from webapp.domain.geometry import SHADES
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


def grid(columns: int, rows: int, width: int, height: int) -> People:
    """One person in the middle of each cell, three quarters of it high."""
    wide, high = width // columns, height // rows
    tall = high * 3 // 4
    corners = [(x * wide, y * high) for y in range(rows) for x in range(columns)]
    return people(*(
        (x + wide // 2 - tall // 5, y + high // 8, x + wide // 2 + tall // 5, y + high // 8 + tall)
        for x, y in corners
    ))  # fmt: skip


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
@pytest.mark.parametrize(("columns", "rows"), [(10, 5), (25, 20)])
def test_everybody_in_a_crowd_has_a_figure_and_a_head(
    style: PictogramStyle, columns: int, rows: int
) -> None:
    width, height, count = 800, 600, columns * rows
    drawn = render(
        Frame(np.zeros((height, width, 3), np.uint8)), grid(columns, rows, width, height), style
    )
    wide, high = width // columns, height // rows

    def cells(mask: npt.NDArray[np.bool_]) -> list[tuple[int, float]]:
        """Each connected blob's cell, and how far down in it the blob's centre lies."""
        found, _, _, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        return [
            (int(y) // high * columns + int(x) // wide, y % high / high)
            for x, y in centres[1:found]
        ]

    figures = cells(_ink(drawn))
    assert sorted(cell for cell, _ in figures) == list(range(count))
    heads: dict[int, float] = {}
    bodies: dict[int, float] = {}
    for cell, depth in cells(_solid(drawn)):
        heads[cell] = min(depth, heads.get(cell, 1))
        bodies[cell] = max(depth, bodies.get(cell, 0))
    assert len(heads) == count
    middles = dict(figures)
    assert all(heads[cell] < middles[cell] - 0.03 for cell in range(count))
    assert all(bodies[cell] > heads[cell] + 0.1 for cell in range(count))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [50, 500])
def test_outlines_part_the_people_of_a_dense_crowd(style: PictogramStyle, count: int) -> None:
    drawn = render(Frame(np.zeros((576, 768, 3), np.uint8)), crowd(count, 768, 576), style)
    ink = _ink(drawn).sum()
    assert 0.07 <= (drawn.pixels.min(axis=2) > 175).sum() / ink <= 0.5
    assert _solid(drawn).sum() / ink >= 0.25


@pytest.mark.parametrize("style", [PictogramStyle.FIGURE, PictogramStyle.POSE])
@pytest.mark.parametrize(
    "box",
    [
        (0, 100, 20, 300),
        (660, 100, 700, 300),
        (680, 100, 700, 300),
        (-30, 100, 2, 300),
        (0, 100, 6, 130),
        (698, 100, 700, 112),
    ],
)
def test_the_edge_of_the_picture_cuts_no_head(
    style: PictogramStyle, box: tuple[float, float, float, float]
) -> None:
    canvas = Frame(np.zeros((400, 700, 3), np.uint8))
    whole = people(box)
    ink = _ink(render(canvas, People(whole.boxes, whole.scores), style))
    top, tall = int(box[1]), int(box[3] - box[1])
    columns = np.flatnonzero(ink[top : top + max(2, tall // 10)].any(axis=0))
    across = columns[-1] - columns[0] + 1
    assert across >= tall * 3 // 20
    left, _, right, bottom = box
    other = people((700 - right, top, 700 - left, bottom))
    mirrored = _ink(render(canvas, People(other.boxes, other.scores), style))
    assert abs(int(mirrored.sum()) - int(ink.sum())) <= tall


def test_whoever_is_past_the_edge_is_not_pulled_in() -> None:
    canvas = Frame(np.zeros((400, 700, 3), np.uint8))
    for box in ((-90, 100, -60, 200), (760, 100, 790, 200)):
        assert not _ink(render(canvas, people(box), PictogramStyle.FIGURE)).any()


def test_marks_are_larger_among_few_and_shrink_without_leaps() -> None:
    canvas = Frame(np.zeros((1000, 800, 3), np.uint8))
    tall = []
    for count in range(1, 51):
        found = people((300, 100, 500, 900), *[(-900.0, 100.0, -800.0, 900.0)] * (count - 1))
        rows = np.flatnonzero(_ink(render(canvas, found, PictogramStyle.MARK)).any(axis=1))
        tall.append(int(rows[-1] - rows[0]))
    assert len(set(tall[:10])) == 1
    assert tall[9] >= 78 > 56 >= tall[-1]
    assert all(0 <= one - other <= 3 for one, other in pairwise(tall))


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


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("top", [20, 3700])
def test_both_grounds_show_the_figure(style: PictogramStyle, top: int) -> None:
    """Far as near, against white, black and the figure's own outline."""
    for ground in (0, 255):
        canvas = Frame(np.full((4000, 300, 3), ground, np.uint8))
        drawn = render(canvas, people((100, top, 200, top + 250)), style).pixels
        around, body = drawn[top + 400 if top < 400 else 0, 0], _main_colour(drawn)
        assert _contrast(body, around) >= 3.6
        assert _contrast(body, np.full(3, ground)) >= 3.6
        assert _contrast(body, masking._OUTLINE) >= 3.6


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
    assert 140 <= rows.min() < 150 < rows.max() <= 190


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
    """A change of these digests changes every published picture: it must be meant.

    Pictures of before can then be verified no more, and have to say so: count the version up.
    """
    assert (masking.STYLE_VERSION, rasters()) == (1, GOLDEN)


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
    "crowd figure": "0c137aeb6d69d917",
    "crowd pose": "52d3c426cf1a57d0",
    "crowd mark": "01918eac15dad64d",
    "large figure": "4c9125ac2ec8a2bd",
    "large pose": "e2d4c41961d2729f",
    "large mark": "575880bb37afe776",
    "edges figure": "e8a386fd85155234",
    "edges pose": "6dc2937a154647da",
    "edges mark": "2191283bc6ea9d19",
    "thirds figure": "0c196f246bae2fd7",
    "thirds pose": "33738ba428922234",
    "thirds mark": "de607fd0fa650cdb",
}


def _ink(frame: Frame) -> npt.NDArray[np.bool_]:
    return frame.pixels.any(axis=2)


def _solid(frame: Frame) -> npt.NDArray[np.bool_]:
    """Where figures on a black ground have their own colour, hardly mixed with an outline."""
    darkest, lightest = masking._FAR - SHADES - 12, masking._FAR + 12
    solid: npt.NDArray[np.bool_] = ((frame.pixels >= darkest) & (frame.pixels <= lightest)).all(
        axis=2
    )
    return solid


def _main_colour(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The most frequent colour apart from the ground's."""
    inked = pixels[(pixels != pixels[-1, -1]).any(axis=2)]
    colours, counts = np.unique(inked, axis=0, return_counts=True)
    main: npt.NDArray[np.uint8] = colours[counts.argmax()]
    return main


def _contrast(one: npt.NDArray[np.uint8], other: npt.NDArray[Any]) -> float:
    """WCAG's ratio of two BGR colours."""
    lights = []
    for colour in (one, other):
        share = np.asarray(colour, float) / 255
        linear = np.where(share <= 0.03928, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ (0.0722, 0.7152, 0.2126)) + 0.05)
    return max(lights) / min(lights)
