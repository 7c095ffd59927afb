"""The value types that cross the boundary between Nigiwai and an engine.

Every type checks itself when it is made and is frozen afterwards; its arrays are
read-only, so that an engine cannot change what another step still needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

KEYPOINT_COUNT = 17


class PictogramStyle(StrEnum):
    """How a found person is drawn: one figure scaled, a pose, or a small mark a head."""

    FIGURE = "figure"
    POSE = "pose"
    MARK = "mark"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One still. ``pixels`` is HxWx3 uint8 in BGR order, H and W at least 1.

    Raises ValueError for any other shape or type.
    """

    pixels: UInt8

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(f"a frame is HxWx3 uint8, not {pixels.shape} {pixels.dtype}")
        if pixels.shape[0] < 1 or pixels.shape[1] < 1:
            raise ValueError("a frame has at least one pixel")
        object.__setattr__(self, "pixels", _read_only(pixels))

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The people found in one frame; the empty set is valid.

    ``boxes``     Nx4 float32, x1, y1, x2, y2 in pixels of the frame, x1 < x2, y1 < y2.
    ``scores``    N float32 in 0..1.
    ``keypoints`` Nx17x3 float32 (x, y in pixels, score 0..1; COCO order) or None.
    ``heads``     Nx2 float32 (x, y in pixels of each head's centre) or None.
    ``remarks``   what was not as it should be though people were found, as short words;
                  Nigiwai puts these into the user's language and shows no others:
                  ``background-unlike``, the background does not resemble the frame and
                  was not used.

    Raises ValueError when shapes disagree or a number is not finite.
    """

    boxes: Float32
    scores: Float32
    keypoints: Float32 | None = None
    heads: Float32 | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.boxes)
        self._check("boxes", self.boxes, (count, 4))
        self._check("scores", self.scores, (count,))
        self._check("keypoints", self.keypoints, (count, KEYPOINT_COUNT, 3))
        self._check("heads", self.heads, (count, 2))
        if count and not (self.boxes[:, :2] < self.boxes[:, 2:]).all():
            raise ValueError("a box needs x1 < x2 and y1 < y2")
        if count and (self.scores.min() < 0 or self.scores.max() > 1):
            raise ValueError("a score lies between 0 and 1")

    def _check(self, name: str, value: Float32 | None, shape: tuple[int, ...]) -> None:
        if value is None:
            return
        array = np.asarray(value, dtype=np.float32)
        if array.shape != shape:
            raise ValueError(f"{name} have shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} hold a number that is not finite")
        object.__setattr__(self, name, _read_only(array))

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> People:
        """Nobody."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def only(self, keep: npt.NDArray[np.bool_]) -> People:
        """The people where ``keep`` (N booleans) is true, in the same order."""
        return People(
            self.boxes[keep],
            self.scores[keep],
            None if self.keypoints is None else self.keypoints[keep],
            None if self.heads is None else self.heads[keep],
            self.remarks,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What an engine may know besides the frame.

    ``background``  the registered empty picture, of the frame's size, or None.
    ``level``       the detection level 1..5 asked for; a higher one finds more.
    """

    background: Frame | None = None
    level: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.level <= 5:
            raise ValueError("the detection level lies between 1 and 5")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine says of itself.

    ``name``            as in ``plugins.toml``: lower-case letters, digits, ``-``.
    ``titles``          what users call it, by language ("ja" and "en" at least).
    ``descriptions``    one sentence on what it is good for, by language.
    ``version``         of the engine with its weights.
    ``style``           how its people are drawn.
    ``options_schema``  JSON schema of its options in ``plugins.toml``.
    ``uses_level``      whether ``Context.level`` changes what it finds.
    """

    name: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    version: str
    style: PictogramStyle
    options_schema: Mapping[str, Any] = field(default_factory=dict)
    uses_level: bool = False

    def __post_init__(self) -> None:
        if not self.name or not all(c.islower() or c.isdigit() or c == "-" for c in self.name):
            raise ValueError(f"not a name for an engine: {self.name!r}")
        missing = {"ja", "en"} - set(self.titles) | {"ja", "en"} - set(self.descriptions)
        if missing:
            raise ValueError(f"the engine {self.name} has no title or description in {missing}")


class Engine(Protocol):
    """What ``create_engine`` returns. It may be called from several threads at once."""

    def warm_up(self) -> None:
        """Load what is loaded late, so that the first frame is no slower than others."""

    def find_people(self, frame: Frame, context: Context) -> People:
        """Find the people of one frame; raises ``EngineFailure`` for this frame alone."""


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
