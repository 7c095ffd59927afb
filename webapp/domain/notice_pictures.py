"""Pictures that stand in the place of a camera's: judged, and made anew from their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.pictures import decode, encode_jpeg

MAX_BYTES = 1_000_000
MAX_WIDTH, MAX_HEIGHT = 1920, 1280


class NoticeProblem(StrEnum):
    """Why such a picture is refused although it is one."""

    NOT_JPEG = "not_jpeg"
    TOO_WIDE = "too_wide"


class NoticeRefused(ValueError):
    """A picture, but not of the kind that is asked for; ``problem`` says why."""

    def __init__(self, problem: NoticeProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class NoticePicture:
    """A JPEG without metadata, and its size in pixels."""

    data: bytes
    width: int
    height: int


def make_notice_picture(data: bytes) -> NoticePicture:
    """Make a JPEG of an uploaded one of at most 1920x1280 pixels and 1 MB.

    Raises ``NoticeRefused`` for another kind or size, ``PictureRefused`` for what is no picture.
    """
    pixels = decode(data, max_bytes=MAX_BYTES)
    if not data.startswith(b"\xff\xd8\xff"):
        raise NoticeRefused(NoticeProblem.NOT_JPEG, "The picture is no JPEG.")
    if pixels.width > MAX_WIDTH or pixels.height > MAX_HEIGHT:
        raise NoticeRefused(
            NoticeProblem.TOO_WIDE,
            f"The picture has {pixels.width}x{pixels.height} pixels; "
            f"{MAX_WIDTH}x{MAX_HEIGHT} are allowed.",
        )
    return NoticePicture(encode_jpeg(pixels, 90), pixels.width, pixels.height)
