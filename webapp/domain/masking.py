"""The published picture: the registered background with pictograms on it (M2).

``render`` has no parameter through which a live frame could come. Figures are drawn from
far to near, each only within its own rectangle, with integer arithmetic throughout: the
same background and people give the same bytes on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Frame, People, PictogramStyle, UInt8

from webapp.domain.backdrops import Fitted
from webapp.domain.pictograms import (
    FULL,
    Masks,
    Rect,
    draw,
    figure_masks,
    head_radius,
    mark_masks,
    outline_of,
)
from webapp.domain.poses import pose_pieces

Int64 = npt.NDArray[np.int64]

# BGR. Soft blue-grey, a little darker the nearer; the outline parts neighbours. Either end
# has a contrast of 3.6 or more to white, to black and to the outline.
_FAR = np.array((158, 130, 106), np.int64)
_NEAR = np.array((132, 104, 80), np.int64)
_OUTLINE = np.array((252, 248, 244), np.uint16)
_OUTLINE_WEIGHT = 56  # of 64

_LEAST_FIGURE = 10  # pixels; smaller ones would not be seen as people
_LEAST_MARK = 9
_FEW = 10  # people; up to here marks may be largest


def render(background: Frame, people: People, style: PictogramStyle) -> Frame:
    """Draw ``people`` in ``style`` on the calmed ``background``; the same size comes back.

    The order of the people does not matter; boxes may reach beyond the picture.
    """
    return render_on(Fitted.of(background), people, style)


def render_on(backdrop: Fitted, people: People, style: PictogramStyle) -> Frame:
    """As ``render``, on a background that was prepared before; it stays as it is."""
    pixels = backdrop.calmed.pixels.copy()
    canvas = Rect(0, 0, backdrop.calmed.width, backdrop.calmed.height)
    boxes = _whole_pixels(people.boxes, canvas)
    for index in _far_to_near(people):
        box = boxes[index]
        masks = _masks(style, box, people, index, canvas)
        _paint(pixels, masks, _colour(box, canvas))
    return Frame(pixels)


def _far_to_near(people: People) -> list[int]:
    """Return indices by the boxes' lower edge; ties are settled by all the other numbers."""
    parts = [people.scores[:, None], people.boxes, people.boxes[:, 3:]]
    if people.heads is not None:
        parts.insert(0, people.heads)
    if people.keypoints is not None:
        parts.insert(0, people.keypoints.reshape(len(people), 51))
    order = np.lexsort(np.concatenate(parts, axis=1).T)
    return [int(index) for index in order]


def _whole_pixels(places: npt.NDArray[np.float32], canvas: Rect) -> Int64:
    """Round to whole pixels; what is absurdly far outside is brought near."""
    far = 2 * max(canvas.right, canvas.bottom) + 100
    return np.rint(np.clip(places.astype(np.float64), -far, far)).astype(np.int64)


def _masks(style: PictogramStyle, box: Int64, people: People, index: int, canvas: Rect) -> Masks:
    if style is PictogramStyle.MARK:
        return _mark(box, people, index, canvas)
    if style is PictogramStyle.POSE and people.keypoints is not None:
        pose = pose_pieces(people.keypoints[index], Rect(*box.tolist()))
        if pose is not None:
            pieces, height = pose
            return draw(pieces, outline_of(height), canvas)
    return _figure(box, canvas)


def _figure(box: Int64, canvas: Rect) -> Masks:
    """Draw the standing figure in a person's box, its feet on the lower edge."""
    left, top, right, bottom = (int(value) for value in box)
    height = max(bottom - top, _LEAST_FIGURE)
    if bottom >= canvas.bottom - 1 and (right - left) * 2 > height:
        # The picture's edge hides the legs: the width tells how tall the person is.
        height = min((right - left) * 9 // 4, 3 * height)
        bottom = top + height
    middle = (left + right) // 2
    half = height // 5
    if left <= 0 and right - left < 2 * half:  # the picture's edge hides one side
        middle = right - half
    elif right >= canvas.right and right - left < 2 * half:
        middle = left + half
    if left < canvas.right and right > canvas.left:  # whoever is in the picture has a head
        reach = min(head_radius(height), canvas.right // 2)
        middle = min(max(middle, canvas.left + reach), canvas.right - reach)
    return figure_masks(height, middle, bottom, canvas)


def _mark(box: Int64, people: People, index: int, canvas: Rect) -> Masks:
    """Draw head and shoulders at a person's head; small, and within bounds in any scene."""
    left, top, right, bottom = (int(value) for value in box)
    tall = bottom - top
    largest = canvas.bottom * _largest_mark(len(people)) // 1000
    height = max(min(tall * 2 // 5, largest), canvas.bottom // 48, _LEAST_MARK)
    middle = (left + right) // 2
    if people.heads is not None:
        middle, centre = (int(v) for v in _whole_pixels(people.heads[index], canvas))
        top = centre - height // 4
    return mark_masks(height, middle, top, canvas)


def _largest_mark(count: int) -> int:
    """Return thousandths of the picture's height: 80 for a few people, down to 50 for a crowd.

    It falls person by person, so that no mark leaps when somebody comes or goes.
    """
    return 80 - min(max(count - _FEW, 0), 30)


def _colour(box: Int64, canvas: Rect) -> npt.NDArray[np.uint16]:
    near = min(max(int(box[3]), 0), canvas.bottom)
    return (_FAR + (_NEAR - _FAR) * near // canvas.bottom).astype(np.uint16)


def _paint(pixels: UInt8, masks: Masks, colour: npt.NDArray[np.uint16]) -> None:
    """Blend outline and figure into ``pixels``, in place, in 1/64."""
    if masks.rect.is_empty:
        return
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
