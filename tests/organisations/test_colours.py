"""Contrast as WCAG counts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.colours import INK, WHITE, contrast, look_of, read_colour

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#767676", "#ffffff", 4.54)],
)
def test_known_ratios(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == pytest.approx(ratio, abs=0.01)


@given(COLOURS)
def test_the_ink_is_the_better_of_two(colour: str) -> None:
    look = look_of(colour)
    other = WHITE if look.ink == INK else INK
    assert look.contrast >= contrast(colour, other)
    assert 1 <= look.contrast <= 21


@pytest.mark.parametrize("text", ["", "red", "#12345", "#1234567", "#12345g", "#１２３４５６"])
def test_what_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        read_colour(text)


def test_small_letters() -> None:
    assert read_colour(" #AaBbCc ") == "#aabbcc"
