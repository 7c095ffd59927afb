"""All that an engine's author has to write to have it proven."""

from collections.abc import Sequence
from typing import ClassVar

import cv2
import nigiwai_engine_example
import numpy as np
import pytest
from nigiwai_engine_api import Context, EngineUnusable, Frame
from nigiwai_engine_api.testing import EngineConformance


class TestConformance(EngineConformance):
    """The whole kit."""

    plugin = nigiwai_engine_example
    options: ClassVar[dict[str, object]] = {"least_change": 40}


def street(people: Sequence[tuple[int, int, int, int]] = ()) -> Frame:
    """An empty street with upright dark figures at x1, y1, x2, y2."""
    pixels = np.full((240, 320, 3), 150, np.uint8)
    for x1, y1, x2, y2 in people:
        cv2.rectangle(pixels, (x1, y1), (x2, y2), (40, 40, 60), -1)
    return Frame(pixels)


def test_it_finds_what_stands_out() -> None:
    """Two figures, the larger one first; nobody without a background."""
    engine = nigiwai_engine_example.MotionEngine({})
    frame = street([(40, 60, 70, 160), (200, 80, 230, 190)])
    found = engine.find_people(frame, Context(background=street()))
    assert len(found) == 2
    assert np.abs(found.boxes[0] - [200, 80, 231, 191]).max() <= 3
    assert len(engine.find_people(frame, Context())) == 0


@pytest.mark.parametrize("change", [0, 256, "much", None])
def test_it_refuses_options_that_make_no_sense(change: object) -> None:
    """The start stops with a sentence that names the option."""
    with pytest.raises(EngineUnusable, match="least_change"):
        nigiwai_engine_example.MotionEngine({"least_change": change})
