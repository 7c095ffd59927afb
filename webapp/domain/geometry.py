"""The figures of a picture as they are drawn: whole numbers, and no more than can be seen.

What an engine finds (boxes, scores, key points) ends here. A figure holds the place, the size
and the shade of its pictogram, and that is all that is published of anybody (B1).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import People, PictogramStyle

from webapp.domain.pictograms import (
    SUB,
    Masks,
    Rect,
    draw,
    figure_masks,
    head_radius,
    mark_masks,
    outline_of,
)
from webapp.domain.poses import Pose, pieces_of, pose_of

Int64 = npt.NDArray[np.int64]

SHADES = 26  # from 0, the farthest, to the nearest

_LEAST_FIGURE = 10  # pixels; smaller ones would not be seen as people
_LEAST_MARK = 9
_FEW = 10  # people; up to here marks may be largest


class Standing(NamedTuple):
    """The standing figure: pixels high, the middle between its feet."""

    height: int
    x: int
    y: int
    shade: int

    def masks(self, canvas: Rect) -> Masks:
        """What it covers of the picture."""
        return figure_masks(self.height, self.x, self.y, canvas)


class Mark(NamedTuple):
    """Head and shoulders: pixels high, the middle of its upper edge."""

    height: int
    x: int
    y: int
    shade: int

    def masks(self, canvas: Rect) -> Masks:
        """What it covers of the picture."""
        return mark_masks(self.height, self.x, self.y, canvas)


class Posed(NamedTuple):
    """A figure by its joints, which are sixteenths of a pixel."""

    pose: Pose
    shade: int

    def masks(self, canvas: Rect) -> Masks:
        """What it covers of the picture."""
        pieces, height = pieces_of(self.pose)
        return draw(pieces, outline_of(height), canvas)


Figure = Standing | Mark | Posed


def area_of(figure: Figure, canvas: Rect) -> int:
    """About how many pixels of the picture are looked at to draw it; never much too few."""
    if isinstance(figure, Posed):
        head, *pairs = figure.pose[1:]
        across, down = zip(head, *chain.from_iterable(pairs), strict=True)
        margin = figure.pose.height // 8
        low, high = (min(across) - margin, min(down) - margin), (max(across), max(down))
        right, bottom = (end + margin for end in high)
        box = Rect(*(end // SUB for end in (*low, right, bottom)))
    else:
        top = figure.y - figure.height if isinstance(figure, Standing) else figure.y
        half = figure.height // 2
        box = Rect(figure.x - half, top, figure.x + half, top + figure.height)
    seen = box.within(canvas)
    return (seen.right - seen.left) * (seen.bottom - seen.top)


def figures_of(people: People, style: PictogramStyle, canvas: Rect) -> Iterator[Figure]:
    """Each person as a figure, from far to near. The order of the people does not matter."""
    boxes = _whole_pixels(people.boxes, canvas)
    for index in _far_to_near(people):
        yield _figure(style, boxes[index], people, index, canvas)


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


def _figure(style: PictogramStyle, box: Int64, people: People, index: int, canvas: Rect) -> Figure:
    shade = _shade(box, canvas)
    if style is PictogramStyle.MARK:
        return _mark(box, people, index, canvas, shade)
    if style is PictogramStyle.POSE and people.keypoints is not None:
        pose = pose_of(people.keypoints[index], Rect(*box.tolist()))
        if pose is not None:
            return Posed(pose, shade)
    return _standing(box, canvas, shade)


def _standing(box: Int64, canvas: Rect, shade: int) -> Standing:
    """Put the standing figure into a person's box, its feet on the lower edge."""
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
    return Standing(height, middle, bottom, shade)


def _mark(box: Int64, people: People, index: int, canvas: Rect, shade: int) -> Mark:
    """Put head and shoulders at a person's head; small, and within bounds in any scene."""
    left, top, right, bottom = (int(value) for value in box)
    tall = bottom - top
    largest = canvas.bottom * _largest_mark(len(people)) // 1000
    height = max(min(tall * 2 // 5, largest), canvas.bottom // 48, _LEAST_MARK)
    middle = (left + right) // 2
    if people.heads is not None:
        middle, centre = (int(v) for v in _whole_pixels(people.heads[index], canvas))
        top = centre - height // 4
    return Mark(height, middle, top, shade)


def _largest_mark(count: int) -> int:
    """Return thousandths of the picture's height: 80 for a few people, down to 50 for a crowd.

    It falls person by person, so that no mark leaps when somebody comes or goes.
    """
    return 80 - min(max(count - _FEW, 0), 30)


def _shade(box: Int64, canvas: Rect) -> int:
    near = min(max(int(box[3]), 0), canvas.bottom)
    return -(-SHADES * near // canvas.bottom)
