"""Whoever stands in a background is noticed, at every size; an empty one is let pass (M4)."""

from __future__ import annotations

import numpy as np
import pytest
from nigiwai_engine_api import Frame

from jobs.benchmarks.bystanders import Cutout, empty_pictures, footage_people, paste_all
from webapp.backgrounds.check import Ask, ask_of, search_all
from webapp.domain.bystanders import Found, Part, doubted, is_cut, merged, parts, widened
from webapp.domain.pictures import hide
from webapp.plugins import build_engines
from webapp.settings import Settings


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    return ask_of(build_engines(Settings(data_dir=tmp_path_factory.mktemp("data"))))


def floats(*boxes: tuple[float, ...]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 4)


def test_an_empty_place_is_let_pass(ask: Ask) -> None:
    whole = empty_pictures(None)["0,0"]
    for left, top in ((352, 90), (380, 300)):
        # Small enough to have few parts; `nigiwai bench bystanders` measures whole pictures.
        place = np.ascontiguousarray(whole[top : top + 140, left : left + 186])
        assert [len(scale) for scale in parts(186, 140)] == [1, 2, 6]
        assert not len(search_all(ask, Frame(place)))


def test_somebody_pasted_in_is_noticed_where_they_stand(ask: Ask) -> None:
    people: list[Cutout] = footage_people()[:12]
    empty = list(empty_pictures(None).values())
    hits = [len(search_all(ask, Frame(pixels))) > 0 for _, pixels in paste_all(empty, people, 8)]
    assert sum(hits) >= 7


def test_parts_cover_the_picture_at_each_scale() -> None:
    for width, height in ((768, 576), (320, 240), (576, 768), (100, 40)):
        for scale in parts(width, height):
            covered = np.zeros((height, width), bool)
            for part in scale:
                covered[part.top : part.bottom, part.left : part.right] = True
            assert covered.all()


def test_whoever_an_inner_edge_cuts_needs_a_second_opinion() -> None:
    part = Part(100, 0, 200, 100, 0.4)
    box = floats((101, 20, 130, 80))
    assert is_cut(box, part, 400, 100).all()
    assert not is_cut(floats((130, 0, 150, 100)), part, 400, 100).any()
    found = Found(box, np.array([0.9], np.float32))
    nobody = Found(floats(), np.zeros(0, np.float32))
    assert not len(doubted(found, nobody, part, 400, 100).boxes)
    assert len(doubted(found, found, part, 400, 100).boxes) == 1


def test_one_person_of_many_parts_is_one_box() -> None:
    found = Found(floats((10, 10, 30, 60), (12, 12, 30, 60), (100, 10, 120, 60)),
                  np.array([0.5, 0.9, 0.4], np.float32))  # fmt: skip
    assert merged([found, found]).tolist() == [[12, 12, 30, 60], [100, 10, 120, 60]]
    assert merged([]).shape == (0, 4)


def test_what_is_hidden_is_blurred_with_a_margin_and_nothing_else() -> None:
    random = np.random.default_rng(3)
    frame = Frame(random.integers(0, 255, (120, 160, 3), np.uint8))
    boxes = widened(floats((20, 20, 60, 100), (150, 100, 170, 130)), 160, 120)
    assert boxes.tolist() == [[14, 8, 66, 112], [147, 96, 160, 120]]
    hidden = hide(frame, boxes).pixels
    assert hidden[8:112, 14:66].std() < frame.pixels[8:112, 14:66].std() / 8
    assert np.array_equal(hidden[:, 70:140], frame.pixels[:, 70:140])
