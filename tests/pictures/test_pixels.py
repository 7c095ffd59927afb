"""M4: fitting a background, blurring it, calming it — in integers, so always the same."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nigiwai_engine_api.types import Frame

from webapp.domain.pictures import PictureProblem, PictureRefused, blur, calm, fit_background


def noise(width: int, height: int, seed: int = 0) -> Frame:
    values = np.arange(width * height * 3, dtype=np.uint64) * 2_654_435_761 + seed * 97
    return Frame((values >> 13).astype(np.uint8).reshape(height, width, 3))


def digest(frame: Frame) -> str:
    return hashlib.sha256(frame.pixels.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("width", "height"), [(768, 576), (1536, 1152), (384, 288), (767, 576), (1000, 750), (40, 30)]
)
def test_a_background_of_the_same_shape_is_scaled(width: int, height: int) -> None:
    fitted = fit_background(noise(768, 576), width, height)
    assert (fitted.width, fitted.height) == (width, height)


def test_sizes_that_differ_by_rounding_fit() -> None:
    assert fit_background(noise(1280, 720), 854, 480).width == 854
    assert fit_background(noise(101, 57), 1920, 1080).width == 1920
    assert fit_background(noise(300, 200), 303, 200).width == 303


@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (576, 768), (576, 576), (768, 550), (80, 20)]
)
def test_a_background_of_another_shape_is_refused(width: int, height: int) -> None:
    with pytest.raises(PictureRefused) as refused:
        fit_background(noise(768, 576), width, height)
    assert refused.value.problem is PictureProblem.OTHER_ASPECT
    assert f"{width}x{height}" in str(refused.value)


def test_a_fitting_background_is_left_alone() -> None:
    background = noise(64, 48)
    assert fit_background(background, 64, 48) is background


def test_scaling_keeps_a_flat_colour_and_the_mean() -> None:
    flat = Frame(np.full((500, 700, 3), (10, 130, 250), np.uint8))
    assert (fit_background(flat, 70, 50).pixels == (10, 130, 250)).all()
    small = fit_background(noise(640, 480), 64, 48)
    assert abs(small.pixels.mean() - noise(640, 480).pixels.mean()) < 2


def test_blur_grows_with_its_level_and_keeps_flat_colours() -> None:
    picture = noise(320, 240)
    assert blur(picture, 0) is picture
    contrast = [blur(picture, level).pixels.std() for level in (0, 1, 3, 6, 10)]
    assert contrast == sorted(contrast, reverse=True)
    flat = Frame(np.full((50, 70, 3), (0, 130, 255), np.uint8))
    assert (blur(flat, 10).pixels == (0, 130, 255)).all()
    with pytest.raises(ValueError, match="level"):
        blur(picture, 11)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10))
def test_the_smallest_pictures_can_be_blurred_and_calmed(
    width: int, height: int, level: int
) -> None:
    assert calm(blur(noise(width, height), level)).pixels.shape == (height, width, 3)


def test_calm_takes_colour_and_leaves_greys() -> None:
    greys = Frame(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
    assert (calm(greys).pixels == greys.pixels).all()
    extremes = np.array(
        [[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8
    )
    calmed = calm(Frame(extremes)).pixels[0].astype(int)
    assert (np.ptp(calmed[2:], axis=1) == 170).all()
    assert calmed[:2].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_rasters_are_the_same_on_every_machine() -> None:
    assert {
        "calm": digest(calm(noise(301, 203))),
        "blur": digest(blur(noise(301, 203), 7)),
        "larger": digest(fit_background(noise(301, 203), 602, 406)),
        "smaller": digest(fit_background(noise(301, 203), 89, 60)),
    } == GOLDEN


GOLDEN = {
    "calm": "bf6432b0a3f8aafa",
    "blur": "c7523bee45de772f",
    "larger": "1c686d3b78800a56",
    "smaller": "47c11113e8789c25",
}
