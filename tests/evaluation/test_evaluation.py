from __future__ import annotations

import numpy as np
import pytest
from nigiwai_engine_api import People

from webapp.domain.evaluation import FrameResult, Truth, judge, summarise


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def people(*rows: tuple[float, ...], scores: list[float] | None = None) -> People:
    return People(boxes(*rows), np.array(scores or [0.9] * len(rows), np.float32))


A, B, C = (0, 0, 10, 20), (50, 0, 60, 20), (100, 0, 110, 20)


def test_hits_misses_and_false_finds() -> None:
    result = judge(people(A, C), Truth(2, boxes(A, B)))
    assert (result.hits, result.misses, result.false_finds) == (1, 1, 1)
    assert (result.expected, result.counted) == (2, 2)


def test_nobody_found_and_nobody_there() -> None:
    result = judge(People.none(), Truth(0, boxes()))
    assert (result.expected, result.counted, result.hits) == (0, 0, 0)
    assert judge(People.none(), Truth(1, boxes(A))).misses == 1
    assert judge(people(A), Truth(0, boxes())).false_finds == 1


def test_a_true_person_is_found_once_by_the_better_score() -> None:
    result = judge(people(A, A, scores=[0.5, 0.9]), Truth(1, boxes(A)))
    assert (result.hits, result.false_finds) == (1, 1)


def test_a_box_needs_half_of_the_union() -> None:
    truth = Truth(1, boxes((0, 0, 10, 10)))
    assert judge(people((0, 0, 10, 20)), truth).hits == 1  # exactly one half
    assert judge(people((0, 0, 10, 20.5)), truth).hits == 0


def test_ignore_regions_are_nobodys_business() -> None:
    region = boxes((40, 0, 120, 30))
    result = judge(people(A, C), Truth(2, boxes(A, B), region))
    assert (result.hits, result.misses, result.false_finds) == (1, 0, 0)
    assert (result.expected, result.counted) == (1, 1)


def test_a_find_in_an_ignore_region_may_still_be_an_expected_person() -> None:
    found, true = (38, 0, 48, 20), (35, 0, 45, 20)
    result = judge(people(found), Truth(1, boxes(true), boxes((42, 0, 90, 30))))
    assert (result.hits, result.misses, result.expected) == (1, 0, 1)


def test_where_boxes_are_unknown_or_too_few_only_the_number_is_judged() -> None:
    for truth in (Truth(3), Truth(3, boxes(A, B))):
        result = judge(people(A), truth)
        assert (result.expected, result.counted, result.hits) == (3, 1, None)
    ignoring = judge(people(A, B), Truth(1, None, boxes((40, 0, 80, 30))))
    assert ignoring.counted == 1


def test_the_figures_of_a_tag() -> None:
    results = [
        FrameResult("x", 10, 12, hits=9, false_finds=3, misses=1),
        FrameResult("x", 30, 27),
        FrameResult("y", 0, 0, hits=0, false_finds=0, misses=0),
    ]
    summaries = summarise(results)
    assert list(summaries) == ["x", "y", "all"]
    x = summaries["x"]
    assert (x.frames, x.frames_with_boxes) == (2, 1)
    assert x.mae == pytest.approx(2.5)
    assert x.bias == pytest.approx(-0.5)
    assert x.close == pytest.approx(0.5)
    assert x.recall == pytest.approx(0.9)
    assert x.precision == pytest.approx(0.75)
    assert summaries["y"].recall is None
    assert summarise([]) == {}
    assert list(summarise(results[:1])) == ["x"]
