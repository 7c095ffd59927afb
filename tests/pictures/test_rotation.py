"""S9: a camera that hangs on its side: its stills are turned before anything else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import Context, Frame, People

from webapp.analysis import analyse_still
from webapp.domain.pictures import encode_png, rotate


def corner(width: int = 40, height: int = 24) -> Frame:
    """Dark, with a light upper left corner."""
    pixels = np.full((height, width, 3), 40, np.uint8)
    pixels[:8, :8] = 230
    return Frame(pixels)


@pytest.mark.parametrize(
    ("turns", "size", "light"),
    [
        (0, (40, 24), (0, 0)),
        (1, (24, 40), (0, 23)),
        (2, (40, 24), (23, 39)),
        (3, (24, 40), (39, 0)),
    ],
)
def test_quarter_turns_are_clockwise(
    turns: int, size: tuple[int, int], light: tuple[int, int]
) -> None:
    turned = rotate(corner(), turns)
    assert (turned.width, turned.height) == size
    assert turned.pixels[light].tolist() == [230, 230, 230]
    assert turned.pixels.flags.c_contiguous
    assert np.array_equal(rotate(turned, -turns).pixels, corner().pixels)
    assert np.array_equal(rotate(corner(), turns + 4).pixels, turned.pixels)


class Light:
    """Finds one person where it is light, and notes the shape of what it was shown."""

    def __init__(self) -> None:
        self.seen: tuple[int, int] = (0, 0)

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:
        self.seen = (frame.width, frame.height)
        rows, columns = np.nonzero(frame.pixels[..., 0] > 128)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return People(np.array([box], np.float32), np.ones(1, np.float32))


@pytest.mark.parametrize(
    ("rotation", "box"),
    [(0, [0, 0, 8, 8]), (90, [16, 0, 24, 8]), (180, [32, 16, 40, 24]), (270, [0, 32, 8, 40])],
)
def test_people_are_found_in_the_turned_still(rotation: int, box: list[int]) -> None:
    engine = Light()
    background = rotate(Frame(np.full((24, 40, 3), 90, np.uint8)), rotation // 90)
    done = analyse_still(encode_png(corner()), engine, 3, background, 1_000_000, rotation=rotation)
    assert done.people.boxes.tolist() == [box]
    assert engine.seen == (done.width, done.height) == (background.width, background.height)
    assert done.masked is not None
    assert done.remarks == ()


def test_rotation_is_lossless() -> None:
    frame = Frame(cv2.randu(np.zeros((31, 17, 3), np.uint8), 0, 255).astype(np.uint8))
    assert np.array_equal(rotate(rotate(frame, 1), 3).pixels, frame.pixels)
