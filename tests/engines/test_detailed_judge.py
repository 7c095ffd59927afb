"""What a pose says about its box: hand-made key points, no network."""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32
from nigiwai_engine_detailed.cover import covered_up
from nigiwai_engine_detailed.judge import belonging, coincide, supported

BOX = np.array([100, 100, 140, 200], np.float32)


def standing(x: float = 120, y: float = 100, score: float = 0.8) -> Float32:
    keypoints = np.full((17, 3), score, np.float32)
    keypoints[:, 0] = x + np.tile([5, -5], 9)[:17]
    keypoints[:, 1] = y + np.linspace(5, 95, 17)
    return keypoints


def test_a_clear_pose_raises_a_doubtful_box_and_none_lowers_it() -> None:
    assert supported(0.4, standing(score=0.8)) > 0.5
    assert supported(0.4, standing(score=0.05)) < 0.25
    assert supported(0.99, standing(score=1)) == 1
    assert supported(0.1, standing(score=0)) == 0


def test_half_a_body_is_enough() -> None:
    bust = standing(score=0.02)
    bust[:9, 2] = 0.8
    assert supported(0.4, bust) > 0.5


def test_key_points_of_a_neighbour_count_for_nothing() -> None:
    near, far = belonging(standing(), BOX), belonging(standing(x=220), BOX)
    assert np.allclose(near, standing())
    assert (far[:, 2] == 0).all()
    assert (far[:, :2] == standing(x=220)[:, :2]).all()
    assert 0 < belonging(standing(x=150), BOX)[0, 2] < 0.8


def test_poses_of_one_person_meet() -> None:
    other_box = BOX + np.array([10, 0, 30, 0], np.float32)
    assert coincide(standing(), standing(x=123), BOX, other_box)
    assert not coincide(standing(), standing(x=150), BOX, other_box)
    assert not coincide(standing(), standing(score=0), BOX, other_box)


def test_the_nearer_half_of_the_other_is_covered() -> None:
    frame = Frame(np.zeros((300, 300, 3), np.uint8))
    beside = np.array([120, 100, 160, 200], np.float32)
    covered = covered_up(frame, BOX, [beside]).pixels
    assert (covered[100:200, 130:160] == 128).all()
    assert (covered[:, :130] == 0).all()
    below = np.array([100, 180, 140, 280], np.float32)
    covered = covered_up(frame, BOX, [below]).pixels
    assert (covered[190:280, 100:140] == 128).all()
    assert (covered[:190] == 0).all()
    assert (frame.pixels == 0).all()


def test_covering_past_the_edge_harms_nothing() -> None:
    frame = Frame(np.zeros((50, 50, 3), np.uint8))
    box, other = np.array([0, 0, 9, 9], np.float32), np.array([-30, -5, -2, 60], np.float32)
    assert (covered_up(frame, box, [other]).pixels == 0).all()
