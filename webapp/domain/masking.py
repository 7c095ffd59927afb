"""The published picture: the registered background with pictograms on it (M2).

``render`` has no parameter through which a live frame could come.
"""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api.types import Frame, People, PictogramStyle

from webapp.domain.pictures import calm


def render(background: Frame, people: People, style: PictogramStyle) -> Frame:
    """Draw ``people`` in ``style`` on the calmed ``background``; the same size comes back."""
    pixels = calm(background).pixels.copy()
    for x1, y1, x2, y2 in np.round(people.boxes).astype(int):
        pixels[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = (150, 120, 100)
    assert style in PictogramStyle
    return Frame(pixels)
