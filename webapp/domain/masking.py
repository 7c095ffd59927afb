"""The published picture: the registered background with pictograms on it (M2).

``render`` has no parameter through which a live frame could come. Figures are drawn from
far to near, each only within its own rectangle, with integer arithmetic throughout: the
same background and people give the same bytes on every machine. So whoever has background
and figures can draw the picture anew, and compare (B1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Frame, People, PictogramStyle, UInt8

from webapp.domain.backdrops import Fitted
from webapp.domain.geometry import Figure, figures_of
from webapp.domain.pictograms import FULL, Masks, Rect
from webapp.domain.rasters import raster_sha256

# What is drawn of the same background and figures. Whoever changes a pixel of it counts this up:
# ``test_rasters_are_the_same_on_every_machine`` says when.
STYLE_VERSION = 1
# Fills the outlines, in whole numbers of its own: another version might round otherwise.
LIBRARY = f"OpenCV {cv2.__version__}"

# BGR. Soft blue-grey, a little darker the nearer; the outline parts neighbours. Either end
# has a contrast of 3.6 or more to white, to black and to the outline.
_FAR = np.array((158, 130, 106), np.uint16)
_OUTLINE = np.array((252, 248, 244), np.uint16)
_OUTLINE_WEIGHT = 56  # of 64


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A picture, and the figures on it from far to near: those of which a pixel is to be seen.

    ``touched`` are rows of the picture that may differ from the background's, as ranges.
    """

    frame: Frame
    figures: tuple[Figure, ...]
    touched: tuple[tuple[int, int], ...]


def render(background: Frame, people: People, style: PictogramStyle) -> Frame:
    """Draw ``people`` in ``style`` on the calmed ``background``; the same size comes back.

    The order of the people does not matter; boxes may reach beyond the picture.
    """
    return render_on(Fitted.of(background), people, style).frame


def render_on(backdrop: Fitted, people: People, style: PictogramStyle) -> Drawing:
    """As ``render``, on a background that was prepared before; it stays as it is."""
    return draw_on(backdrop, figures_of(people, style, _canvas(backdrop)))


def draw_on(backdrop: Fitted, figures: Iterable[Figure]) -> Drawing:
    """Draw ``figures``, given from far to near, on the calmed background.

    What is held meanwhile does not grow with the figures, however many and however large.
    """
    canvas = _canvas(backdrop)
    seen = _without_hidden(tuple(figures), canvas)
    pixels = backdrop.calmed.pixels.copy()
    touched = []
    for figure, kept in seen:
        masks = kept or figure.masks(canvas)
        _paint(pixels, masks, _FAR - np.uint16(figure.shade))
        touched.append((masks.rect.top, masks.rect.bottom))
    return Drawing(Frame(pixels), tuple(figure for figure, _ in seen), tuple(touched))


def digest_of(backdrop: Fitted, drawing: Drawing) -> str:
    """The ``raster_sha256`` of a drawing on this background: only what was touched is hashed."""
    return raster_sha256(drawing.frame, backdrop.strips, drawing.touched)


def _canvas(backdrop: Fitted) -> Rect:
    return Rect(0, 0, backdrop.calmed.width, backdrop.calmed.height)


def _without_hidden(figures: tuple[Figure, ...], canvas: Rect) -> list[tuple[Figure, Masks | None]]:
    """Leave out whoever is beside the picture, or wholly behind nearer figures.

    No pixel changes by that, and nothing is told of people whom the picture does not show. Masks
    are kept for painting as long as they are no more than the picture; others are made again.
    """
    covered = np.zeros((canvas.bottom, canvas.right), bool)
    room = covered.size
    seen: list[tuple[Figure, Masks | None]] = []
    for figure in reversed(figures):
        masks = figure.masks(canvas)
        left, top, right, bottom = masks.rect
        behind = covered[top:bottom, left:right]
        if (((masks.figure != 0) | (masks.outline != 0)) & ~behind).any():
            room -= masks.figure.size
            seen.append((figure, masks if room >= 0 else None))
            behind |= masks.figure == FULL
    return seen[::-1]


def _paint(pixels: UInt8, masks: Masks, colour: npt.NDArray[np.uint16]) -> None:
    """Blend outline and figure into ``pixels``, in place, in 1/64."""
    left, top, right, bottom = masks.rect
    figure = masks.figure.astype(np.uint16)[..., None]
    edge = (masks.outline.astype(np.uint16)[..., None] * _OUTLINE_WEIGHT + 32) // FULL
    patch = pixels[top:bottom, left:right]
    blended = patch * (FULL - figure - edge)
    blended += figure * colour
    blended += edge * _OUTLINE
    blended += FULL // 2
    blended >>= 6
    patch[...] = blended
