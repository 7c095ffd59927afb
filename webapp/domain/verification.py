"""Whether a picture was drawn from its background and its figures alone (B1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from nigiwai_engine_api.types import Frame

from webapp.domain import masking
from webapp.domain.backdrops import Fitted
from webapp.domain.manifests import Manifest
from webapp.domain.pictures import PictureProblem, PictureRefused, decode, fit_background
from webapp.domain.rasters import raster_sha256

# How far a JPEG of ours may be from its pixels, in brightness (0..255): the mean of a block.
_BLOCK = 8
_FAR = 24


class Step(StrEnum):
    """What is looked at, in this order."""

    SIGNATURE = "signature"  # the manifest is as the camera's key signed it
    PLACE = "place"  # it is that of the picture asked for
    BACKGROUND = "background"  # the background is the one named
    RASTER = "raster"  # drawn anew, every pixel is the same
    PICTURE = "picture"  # the file is the published one, and shows these pixels


class Outcome(StrEnum):
    """How a step ended; OPEN: it could not be gone."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"


class Verdict(StrEnum):
    """What all of it comes to."""

    VERIFIED = "verified"
    FAILED = "failed"
    OPEN = "open"


class Why(StrEnum):
    """Why a step did not pass."""

    NO_KEY = "no_key"  # no public key is at hand
    OTHER_KEY = "other_key"  # signed by a key that is none of the camera's
    NO_BACKGROUND = "no_background"
    OTHER_STYLE = "other_style"  # this version of Nigiwai draws in another way
    OTHER_LIBRARY = "other_library"  # as drawn with another version of the library
    BAD_BACKGROUND = "bad_background"  # the very background named fits no picture
    TOO_LARGE = "too_large"  # larger than is drawn or decoded here
    NO_PICTURE = "no_picture"  # the file is not kept any more, or was not given
    OTHER_FILE = "other_file"  # not the published file, byte by byte
    OTHER_PIXELS = "other_pixels"  # the published file shows something else than was drawn


@dataclass(frozen=True, slots=True)
class Result:
    """How one step ended, and why if it did not pass."""

    outcome: Outcome
    why: Why | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """What background and figures give.

    ``frame`` is None when they cannot be drawn here; ``results`` are those of the steps that
    need it.
    """

    frame: Frame | None
    results: Mapping[Step, Result]


PASSED = Result(Outcome.PASSED)
_NEEDED = (Step.SIGNATURE, Step.BACKGROUND, Step.RASTER)


def redraw(
    manifest: Manifest, background: bytes | None, picture: bytes | None, max_pixels: int
) -> Redrawn:
    """Draw the picture anew, and compare.

    ``background`` and ``picture`` are the bytes of the files, None where one is not at hand.
    What cannot be drawn is left open; what is drawn and differs has failed.
    """
    results: dict[Step, Result] = {}
    frame, results[Step.BACKGROUND] = _draw(manifest, background, max_pixels)
    results[Step.RASTER] = _compare(manifest, frame, results[Step.BACKGROUND])
    results[Step.PICTURE] = _look_at(manifest, picture, frame, max_pixels)
    return Redrawn(frame, results)


def verdict_of(results: Mapping[Step, Result]) -> Verdict:
    """Failed if any step failed; verified if every step passed that must."""
    outcomes = {step: result.outcome for step, result in results.items()}
    if Outcome.FAILED in outcomes.values():
        return Verdict.FAILED
    if all(outcomes.get(step) is Outcome.PASSED for step in _NEEDED):
        return Verdict.VERIFIED
    return Verdict.OPEN


def _draw(
    manifest: Manifest, background: bytes | None, max_pixels: int
) -> tuple[Frame | None, Result]:
    """The pixels as this version draws them, and whether the background is the one named."""
    if background is None:
        return None, Result(Outcome.OPEN, Why.NO_BACKGROUND)
    if hashlib.sha256(background).hexdigest() != manifest.background:
        return None, Result(Outcome.FAILED)
    if manifest.width * manifest.height > max_pixels:
        return None, Result(Outcome.OPEN, Why.TOO_LARGE)
    try:
        empty = decode(background, max_pixels=max_pixels, max_bytes=len(background))
        fitted = Fitted.of(fit_background(empty, manifest.width, manifest.height))
    except PictureRefused as refused:
        return None, _refused(refused, Why.BAD_BACKGROUND)
    if manifest.style_version != masking.STYLE_VERSION:
        return None, PASSED
    return masking.draw_on(fitted, manifest.figures).frame, PASSED


def _compare(manifest: Manifest, frame: Frame | None, background: Result) -> Result:
    if frame is None:
        if background == PASSED:
            return Result(Outcome.OPEN, Why.OTHER_STYLE)
        is_large = background.why is Why.TOO_LARGE
        return Result(Outcome.OPEN, Why.TOO_LARGE if is_large else Why.NO_BACKGROUND)
    if raster_sha256(frame) == manifest.raster:
        return PASSED
    if manifest.library != masking.LIBRARY:
        return Result(Outcome.OPEN, Why.OTHER_LIBRARY)
    return Result(Outcome.FAILED)


def _look_at(
    manifest: Manifest, picture: bytes | None, frame: Frame | None, max_pixels: int
) -> Result:
    """Whether the file is the published one, and whether that shows what was drawn.

    The second guards against whoever holds the key: a JPEG is never exactly its pixels, but
    block by block it is close to them, and a person on it would not be.
    """
    if picture is None:
        return Result(Outcome.OPEN, Why.NO_PICTURE)
    if hashlib.sha256(picture).hexdigest() != manifest.jpeg:
        return Result(Outcome.FAILED, Why.OTHER_FILE)
    if frame is None:
        return PASSED
    try:
        shown = decode(picture, max_pixels=max_pixels, max_bytes=len(picture), min_side=1)
    except PictureRefused as refused:
        return _refused(refused, Why.OTHER_PIXELS)
    return PASSED if _is_like(shown, frame) else Result(Outcome.FAILED, Why.OTHER_PIXELS)


def _refused(refused: PictureRefused, why: Why) -> Result:
    """What is only too large to be looked at here is no forgery."""
    if refused.problem is PictureProblem.TOO_MANY_PIXELS:
        return Result(Outcome.OPEN, Why.TOO_LARGE)
    return Result(Outcome.FAILED, why)


def _is_like(shown: Frame, drawn: Frame) -> bool:
    if shown.pixels.shape != drawn.pixels.shape:
        return False
    greys = [cv2.cvtColor(each.pixels, cv2.COLOR_BGR2GRAY) for each in (shown, drawn)]
    apart = cv2.absdiff(*greys)
    size = max(1, drawn.width // _BLOCK), max(1, drawn.height // _BLOCK)
    means = cv2.resize(apart, size, interpolation=cv2.INTER_AREA)
    return bool(np.asarray(means).max() <= _FAR)
