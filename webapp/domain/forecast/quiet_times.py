"""When a day is quiet (B6)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from webapp.domain.forecast.slots import Floats

_SHORTEST = 4  # slots of a quiet time


def quiet_times(
    mean: Floats, is_open: NDArray[np.bool_], limit: float | None = None, most: int = 2
) -> list[tuple[int, int]]:
    """When it is quiet: up to ``most`` spans of slots, an hour at least, in order of time.

    Quiet is the lowest third between the least and the most of the open slots, and below
    ``limit`` (the threshold of the second stage) where that is ever reached. Empty
    when nothing is known, or when the day is as quiet or as busy throughout.
    """
    counts = is_open & ~np.isnan(mean)
    if not counts.any():
        return []
    low, high = float(mean[counts].min()), float(mean[counts].max())
    if high - low < max(0.5, 0.15 * high):
        return []
    is_quiet = counts & (mean <= low + (high - low) / 3)
    if limit is not None and low < limit <= high:
        is_quiet &= mean < limit
    spans = [span for span in _runs(is_quiet) if span[1] - span[0] >= _SHORTEST]
    # The longest ones are the ones to tell.
    longest = sorted(spans, key=lambda span: span[0] - span[1])[:most]
    return sorted(longest)


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end)
