"""What a JPEG or PNG file says of itself, read from its bytes without decoding a pixel.

A file is walked from its first to its last byte that matters. What is cut off, broken or
doubtful is refused here, before a decoder written in C sees it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum


class PictureProblem(StrEnum):
    """Why a picture is refused; the interface says it in the reader's language."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"  # in bytes
    NOT_A_PICTURE = "not_a_picture"  # neither JPEG nor PNG, whatever its name says
    UNSUPPORTED = "unsupported"  # a JPEG or PNG of a kind that no camera makes
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    OTHER_ASPECT = "other_aspect"


class PictureRefused(ValueError):
    """A picture that cannot be used; ``problem`` says why, the message says it in English."""

    def __init__(self, problem: PictureProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Header:
    """``width`` and ``height`` in pixels as stored, and the bytes that are worth decoding.

    ``passes`` is in how many passes the pixels come; ``clean`` holds the first picture
    alone, without what follows it.
    """

    width: int
    height: int
    passes: int
    clean: bytes
    is_jpeg: bool


_SOI, _EOI, _SOS, _DNL = 0xD8, 0xD9, 0xDA, 0xDC
_SUPPORTED_SOF = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive (Huffman)
_ANY_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_MAX_SCANS = 100

# A marker in the coded data; FF00 is a coded FF, FFD0..FFD7 are restart marks.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"}
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}


def read_jpeg_header(data: bytes) -> Header:
    """Walk a JPEG's segments up to its end mark; raises ``PictureRefused``."""
    position, size, scans = 2, None, 0
    while True:
        marker, position = _next_segment(data, position)
        if marker == _EOI:
            break
        body = _segment_body(data, position)
        position += 2 + len(body)
        if marker in _ANY_SOF:
            if size is not None:
                raise _damaged("The picture states its size twice.")
            size = _frame_size(marker, body)
        elif marker == _SOS:
            if size is None:
                raise _damaged("The picture does not state its size.")
            scans += 1
            if scans > _MAX_SCANS:
                raise _unsupported(f"The picture comes in more than {_MAX_SCANS} passes.")
            position = _end_of_scan(data, position)
    if size is None or not scans:
        raise _damaged("The file holds no picture.")
    return Header(*size, passes=scans, clean=data[:position], is_jpeg=True)


def _next_segment(data: bytes, position: int) -> tuple[int, int]:
    """Read the marker at ``position``; also returns where its segment starts."""
    start = position
    while data[position : position + 1] == b"\xff":
        position += 1
    if position >= len(data):
        raise _truncated()
    marker = data[position]
    if position == start or marker < 0xC0 or marker == _SOI or 0xD0 <= marker <= 0xD7:
        raise _damaged("Something else stands where a part of the picture should begin.")
    return marker, position + 1


def _segment_body(data: bytes, position: int) -> bytes:
    length = int.from_bytes(data[position : position + 2], "big")
    if position + max(length, 2) > len(data):
        raise _truncated()
    if length < 2:
        raise _damaged("A part of the picture has no length.")
    return data[position + 2 : position + length]


def _frame_size(marker: int, body: bytes) -> tuple[int, int]:
    if marker not in _SUPPORTED_SOF:
        raise _unsupported("The JPEG is of a rare kind (lossless, arithmetic or hierarchical).")
    if len(body) < 6:
        raise _damaged("The picture does not state its size.")
    if body[0] != 8:
        raise _unsupported(f"The JPEG has {body[0]} bits a sample; 8 are needed.")
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    if not height or not width or len(body) != 6 + 3 * body[5]:
        raise _damaged("The picture does not state its size.")
    return width, height


def _end_of_scan(data: bytes, position: int) -> int:
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise _truncated()
    if data[found.end() - 1] == _DNL:
        raise _unsupported("The JPEG states its height only at its end.")
    return found.start()


def read_png_header(data: bytes) -> Header:
    """Walk a PNG's chunks and check their sums; raises ``PictureRefused``.

    ``clean`` keeps what makes the pixels and the orientation: no text, no colour profile
    (either could unpack to any size), no further pictures of an animation.
    """
    kept, position = [data[:8]], 8
    kind, header = b"", memoryview(b"")
    while kind != b"IEND":
        kind, body, after = _next_chunk(data, position)
        if (kind == b"IHDR") != (position == 8):
            raise _damaged("The parts of the PNG stand in a wrong order.")
        if kind == b"IHDR":
            header = body
            _check_png_kind(header)
        if kind in _PNG_KEPT:
            kept.append(data[position:after])
        elif kind[:1].isupper():
            raise _unsupported("The PNG holds a part that is not known.")
        position = after
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if not width or not height:
        raise _damaged("The picture does not state its size.")
    return Header(width, height, passes=1, clean=b"".join(kept), is_jpeg=False)


def _next_chunk(data: bytes, position: int) -> tuple[bytes, memoryview, int]:
    """Read kind, body and end of the chunk at ``position`` and check its sum."""
    length = int.from_bytes(data[position : position + 4], "big")
    after = position + 12 + length
    if len(data) < position + 12 or len(data) < after:
        raise _truncated()
    named = memoryview(data)[position + 4 : after - 4]
    if zlib.crc32(named) != int.from_bytes(data[after - 4 : after], "big"):
        raise _damaged("A part of the PNG does not agree with its check sum.")
    return bytes(named[:4]), named[4:], after


def _check_png_kind(header: memoryview) -> None:
    if len(header) != 13:
        raise _damaged("The picture does not state its size.")
    depth, colour, packing, filtering, interlace = header[8:]
    if depth not in _PNG_DEPTHS.get(colour, ()) or packing or filtering or interlace > 1:
        raise _unsupported("The PNG is of a kind that is not known.")


def _truncated() -> PictureRefused:
    return PictureRefused(PictureProblem.TRUNCATED, "The end of the picture is missing.")


def _damaged(message: str) -> PictureRefused:
    return PictureRefused(PictureProblem.DAMAGED, message)


def _unsupported(message: str) -> PictureRefused:
    return PictureRefused(PictureProblem.UNSUPPORTED, message)
