"""The wide-area engine: tiles, merging, perspective, and counting crowds made of the footage."""

from __future__ import annotations

import numpy as np
import pytest
from nigiwai_detectors.boxes import Candidates
from nigiwai_engine_api import Context, EngineUnusable, Frame, PictogramStyle
from nigiwai_engine_standard.engine import StandardEngine
from nigiwai_engine_wide import INFO, create_engine
from nigiwai_engine_wide.engine import WideEngine, heads, sift
from nigiwai_engine_wide.opinion import View, merge
from nigiwai_engine_wide.perspective import Perspective, learn, weigh
from nigiwai_engine_wide.tiles import Tile, tiles, whole_in

from tests.engines.crowds import crowd, empty_scene, moments
from webapp.domain.evaluation import judge, summarise

SIZES = [(1, 1), (1, 5000), (160, 120), (768, 576), (1080, 1920), (1920, 1080), (9000, 600)]


@pytest.fixture(scope="module")
def engine() -> WideEngine:
    return WideEngine({})


def some(*rows: tuple[float, ...]) -> Candidates:
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Candidates(values[:, :4], values[:, 4])


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("most", [2, 12, 40])
def test_tiles_cover_the_frame_and_are_not_too_many(width: int, height: int, most: int) -> None:
    found = tiles(width, height, most)
    assert found[0] == Tile(0, 0, width, height)
    assert 1 <= len(found) <= most
    for tile in found:
        assert 0 <= tile.left < tile.right <= width
        assert 0 <= tile.top < tile.bottom <= height


def test_everywhere_of_the_frame_is_in_a_tile_of_each_scale() -> None:
    seen = {tile.side: np.zeros((1080, 1920), bool) for tile in tiles(1920, 1080, 40)}
    for tile in tiles(1920, 1080, 40):
        seen[tile.side][tile.top : tile.bottom, tile.left : tile.right] = True
    assert sorted(seen) == [540, 1080, 1920]
    assert all(covered.all() for covered in seen.values())


def test_inner_edges_cut_and_the_frame_s_own_do_not() -> None:
    tile = Tile(0, 100, 100, 200)
    boxes = np.array([[0, 120, 20, 180], [50, 99, 70, 150], [80, 120, 100, 180]], np.float32)
    assert whole_in(boxes, tile, 400, 400).tolist() == [True, False, False]
    assert whole_in(boxes, tile, 100, 200).tolist() == [True, False, True]


def test_a_person_at_a_seam_is_merged_and_its_half_dropped() -> None:
    left, right = Tile(0, 0, 120, 200), Tile(80, 0, 200, 200)
    whole, half = (90, 20, 118, 100, 0.7), (90, 20, 120, 100, 0.9)
    views = [View(left, some(half)), View(right, some(whole))]
    merged = merge(views, 200, 200)
    assert merged.boxes.tolist() == [list(whole[:4])]


def test_who_is_missed_by_a_tile_is_less_sure() -> None:
    person, near = (20, 20, 50, 100, 0.8), Tile(0, 0, 200, 200)
    agreed = merge([View(near, some(person)), View(near, some(person))], 200, 200)
    alone = merge([View(near, some(person)), View(near, some())], 200, 200)
    assert agreed.scores == pytest.approx([0.8], abs=1e-4)
    assert alone.scores == pytest.approx([0.6], abs=1e-4)


def test_nobody_anywhere() -> None:
    assert len(merge([View(Tile(0, 0, 100, 100), some())], 100, 100).boxes) == 0


def standing(*feet: float, share: float = 1.0) -> np.ndarray:  # type: ignore[type-arg]
    tall = [share * (0.3 * foot + 10) for foot in feet]
    return np.array(
        [[0, foot - height, 20, foot] for foot, height in zip(feet, tall, strict=True)], np.float32
    )


def test_the_line_is_learnt_though_some_are_wrong() -> None:
    feet = np.linspace(100, 400, 12)
    boxes = np.concatenate([standing(*feet), standing(150, 380, share=2.5)])
    line = learn(boxes, 500)
    assert line is not None
    assert line.slope == pytest.approx(0.3, abs=0.05)
    assert line.expected(np.array([250], np.float32)) == pytest.approx([85], abs=5)


def test_few_people_or_people_cut_by_the_edge_tell_no_line() -> None:
    assert learn(standing(100, 150, 200, 250, 300), 500) is None
    assert learn(standing(*[500.0] * 12), 500) is None
    assert learn(np.zeros((0, 4), np.float32), 500) is None


def test_absurd_sizes_are_rejected_and_odd_ones_doubted() -> None:
    line = Perspective(0.3, 10)
    shares = (1.0, 0.6, 1.6, 0.3, 2.5)
    boxes = np.concatenate([standing(300, share=share) for share in shares])
    found = Candidates(boxes, np.full(5, 0.5, np.float32))
    assert weigh(found, line, 500).scores == pytest.approx([0.5, 0.4, 0.4, 0, 0])
    assert weigh(found, line, 301).scores == pytest.approx([0.5, 0.5, 0.4, 0.5, 0])  # cut below


def test_a_crowd_makes_doubtful_finds_likely() -> None:
    doubtful = standing(310)
    few, many = standing(100, 200, 300), standing(*np.linspace(100, 400, 20))
    for sure, kept in ((few, 3), (many, 21)):
        scores = np.array([0.6] * len(sure) + [0.3], np.float32)
        assert len(sift(Candidates(np.concatenate([sure, doubtful]), scores), 500, 0.44)[0]) == kept


def test_heads_lie_in_the_boxes() -> None:
    boxes = np.array([[10, 100, 30, 160], [10, 480, 60, 500]], np.float32)
    assert heads(boxes, 500) == pytest.approx(np.array([[20, 104.8], [35, 488.8]]))


def test_it_says_what_it_is_and_refuses_senseless_options() -> None:
    assert INFO.style is PictogramStyle.MARK
    assert INFO.titles == {"ja": "広域", "en": "Wide area"}
    assert create_engine("standard", {}) is None
    for options in ({"tiles": 1}, {"tiles": "40"}, {"tile": 3}, {"threads": True}):
        with pytest.raises(EngineUnusable, match="option"):
            create_engine("wide", options)


def test_engines_of_one_process_share_their_networks(engine: WideEngine) -> None:
    assert StandardEngine({})._nanodet._session is engine._nanodet._session
    assert WideEngine({"threads": 2})._nanodet._session is not engine._nanodet._session


def test_a_crowd_is_counted(engine: WideEngine) -> None:
    """20 to 60 people: within a fifth, with and without the background."""
    background, times = empty_scene(), moments(45)
    off, offs, truth = 0, 0, 0
    for first, size in ((0, 4), (4, 6), (8, 8)):
        frame, number = crowd(times[first : first + size], background)
        assert 15 <= number <= 60
        people = engine.find_people(frame, Context())
        assert people.heads is not None
        off += abs(len(people) - number)
        offs += abs(len(engine.find_people(frame, Context(background))) - number)
        truth += number
    assert off <= 0.20 * truth
    assert offs <= 0.20 * truth


def test_few_people_are_counted_too(engine: WideEngine) -> None:
    background = empty_scene()
    for used, bound in ((background, 0.5), (None, 0.9)):
        results = [
            judge(engine.find_people(frame, Context(used)), truth) for frame, truth in moments(120)
        ]
        summary = summarise(results)[""]
        assert summary.mae is not None
        assert summary.mae <= bound


def test_few_people_are_counted_nearly_as_by_the_standard_engine(engine: WideEngine) -> None:
    frames = moments(40)
    for background in (empty_scene(), None):
        wide, standard = (
            summarise([judge(one.find_people(frame, Context(background)), truth)
                       for frame, truth in frames])[""].mae
            for one in (engine, StandardEngine({}))
        )  # fmt: skip
        assert wide is not None
        assert standard is not None
        assert wide <= 1.5 * standard + 0.1


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (30, 900)])
def test_an_even_frame_is_empty(engine: WideEngine, size: tuple[int, int]) -> None:
    frame = Frame(np.full((*size, 3), 120, np.uint8))
    assert len(engine.find_people(frame, Context())) == 0
