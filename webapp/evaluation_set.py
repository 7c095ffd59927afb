"""Reading a manifest: pictures and videos whose true number of people is known.

A manifest is a JSON list of items with ``file`` (relative to the manifest), ``split_tag``
and one of

- a picture: ``persons``, ``boxes`` (or null) and ``ignore_region`` (a list of boxes or null);
- a video: ``counts`` (a number for each frame) or ``truth``, a JSON file that holds either
  ``counts`` with ``ignore_frames``, or ``truth`` (``frame``, ``persons``, ``boxes``,
  ``edge_unannotated`` and ``extra_boxes`` per frame) with ``ignore_regions`` by frame range.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.evaluation import Truth
from webapp.domain.pictures import PictureRefused, decode
from webapp.errors import NigiwaiError

MAX_BYTES = 100_000_000


class ManifestError(NigiwaiError):
    """The manifest, or something that it names, cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture or video of a manifest, with the folder its files are relative to."""

    folder: Path
    values: dict[str, Any]

    @property
    def file(self) -> str:
        """The file's name as the manifest writes it."""
        return str(self.values["file"])

    @property
    def tag(self) -> str:
        """The kind of scene."""
        return str(self.values.get("split_tag") or "untagged")

    @property
    def is_video(self) -> bool:
        """Whether the truth is given per frame."""
        return "truth" in self.values or "counts" in self.values

    def frames(self, every: int) -> Iterator[tuple[Frame, Truth]]:
        """Decode the picture, or every ``every``-th frame of the video, with its truth.

        Raises ``ManifestError`` for files that are missing, damaged or lack their truth.
        """
        try:
            if self.is_video:
                yield from self._video(every)
            else:
                data = (self.folder / self.file).read_bytes()
                yield decode(data, max_bytes=MAX_BYTES), _picture_truth(self.values)
        except (OSError, PictureRefused) as error:
            raise ManifestError(f"{self.file}: {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ManifestError(f"{self.file}: its truth cannot be read: {error!r}") from error

    def _video(self, every: int) -> Iterator[tuple[Frame, Truth]]:
        truths = _video_truths(self._truth_file())
        for number, pixels in every_frame(self.folder / self.file, every):
            if number in truths:
                yield Frame(pixels), truths[number]

    def _truth_file(self) -> dict[str, Any]:
        if "truth" not in self.values:
            return self.values
        text = (self.folder / self.values["truth"]).read_text(encoding="utf-8")
        value: dict[str, Any] = json.loads(text)
        return value


def read_manifest(path: Path) -> list[Item]:
    """Read the items, in order; raises ``ManifestError``."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestError(f"The manifest {path} cannot be read: {error}") from error
    if not isinstance(values, list) or not all(
        isinstance(value, dict) and "file" in value for value in values
    ):
        raise ManifestError(f"The manifest {path} is no list of items with a file each.")
    return [Item(path.parent, value) for value in values]


def every_frame(path: Path, every: int) -> Iterator[tuple[int, UInt8]]:
    """Every ``every``-th frame of a video: its number and HxWx3 BGR pixels."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no such file as {path}")
    video = cv2.VideoCapture(str(path))
    try:
        number = 0
        while video.grab():
            if number % every == 0:
                done, pixels = video.retrieve()
                if done:
                    yield number, np.asarray(pixels, np.uint8)
            number += 1
        if number == 0:
            raise ManifestError(f"{path.name}: it is no video that can be read.")
    finally:
        video.release()


def _picture_truth(values: dict[str, Any]) -> Truth:
    boxes = values.get("boxes")
    return Truth(
        persons=int(values["persons"]),
        boxes=None if boxes is None else _boxes(boxes),
        ignored=_boxes(values.get("ignore_region") or []),
    )


def _video_truths(values: dict[str, Any]) -> dict[int, Truth]:
    """Read the truth by frame number; frames that shall be ignored are left out."""
    if "truth" in values and "counts" not in values:
        regions = values.get("ignore_regions") or []
        return {int(frame["frame"]): _frame_truth(frame, regions) for frame in values["truth"]}
    ignored = values.get("ignore_frames") or []
    return {
        number: Truth(int(count))
        for number, count in enumerate(values["counts"])
        if not any(first <= number <= last for first, last in ignored)
    }


def _frame_truth(frame: dict[str, Any], regions: list[dict[str, Any]]) -> Truth:
    number = frame["frame"]
    ignored = [
        region["box"] for region in regions if region["frames"][0] <= number <= region["frames"][1]
    ]
    ignored += (frame.get("edge_unannotated") or []) + (frame.get("extra_boxes") or [])
    boxes = frame.get("boxes")
    return Truth(
        persons=int(frame["persons"]),
        boxes=None if boxes is None else _boxes(boxes),
        ignored=_boxes(ignored),
    )


def _boxes(values: list[Any]) -> Float32:
    """Nx4 of a list of boxes, or of one box alone."""
    return np.asarray(values, np.float32).reshape(-1, 4)
