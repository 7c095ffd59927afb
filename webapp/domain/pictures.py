"""Pictures as bytes and as pixels: decode, encode, fit, blur and calm.

Bytes from outside are judged by ``picture_headers`` before anything is decoded. What
comes out is pixels alone: nothing else of a file (names, metadata, further pictures) is
ever passed on. Everything here that changes pixels counts in integers, so that the
raster is the same on every machine.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Frame, UInt8

from webapp.domain.picture_headers import (
    Header,
    PictureProblem,
    PictureRefused,
    read_jpeg_header,
    read_png_header,
)

__all__ = [
    "PictureProblem",
    "PictureRefused",
    "blur",
    "calm",
    "decode",
    "encode_jpeg",
    "encode_png",
    "fit_background",
    "hide",
    "rotate",
]

Int32 = npt.NDArray[np.int32]

MAX_BLUR = 10

# Whoever looks at 32 pixels sees no scene; an engine would count 0 where nothing is known.
MIN_SIDE = 16

# What libjpeg shows for blocks that a file does not hold; the darker ones come of CMYK.
_MISSING_GREYS = (128, 64, 65)


def decode(
    data: bytes,
    *,
    max_pixels: int = 16_800_000,
    max_bytes: int = 10_000_000,
    min_side: int = MIN_SIDE,
) -> Frame:
    """Decode a JPEG or PNG file to HxWx3 BGR, upright (EXIF orientation applied).

    The kind is told by the content, never by a name. Grey and CMYK become BGR, 16 bits
    become 8, transparency is dropped (a camera's picture has none), and of several
    pictures in one file the first is taken. The size is read from the header and judged
    before any pixel is allocated.

    Raises ``PictureRefused`` for everything that is not one whole, reasonable picture.
    """
    if not data:
        raise PictureRefused(PictureProblem.EMPTY, "The picture is empty.")
    if len(data) > max_bytes:
        raise PictureRefused(
            PictureProblem.TOO_LARGE, f"The picture has {len(data)} bytes; {max_bytes} are allowed."
        )
    header = _read_header(data)
    _check_size(header, max_pixels, min_side)
    pixels = _decode_pixels(header.clean)
    if header.is_jpeg and _lacks_blocks(header.clean, pixels):
        raise PictureRefused(PictureProblem.TRUNCATED, "The end of the picture is missing.")
    return Frame(pixels)


def encode_jpeg(frame: Frame, quality: int = 85) -> bytes:
    """Write the frame as a baseline JPEG without metadata; ``quality`` is 1..100."""
    return _encode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(frame: Frame) -> bytes:
    """Write the frame as a PNG without metadata; lossless."""
    return _encode(".png", frame, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def fit_background(background: Frame, width: int, height: int) -> Frame:
    """Bring the background to the size of the camera's picture, in pixels.

    Raises ``PictureRefused`` (other_aspect) when the two shapes differ by more than one
    pixel and by more than 1 %: stretching would put the figures in wrong places.
    """
    if (background.width, background.height) == (width, height):
        return background
    mismatch = abs(background.height * width - background.width * height)
    one_pixel = max(background.width, background.height)
    one_percent = background.width * height // 100
    if mismatch > max(one_pixel, one_percent):
        raise PictureRefused(
            PictureProblem.OTHER_ASPECT,
            f"The background is {background.width}x{background.height}, the camera's picture "
            f"{width}x{height}: another shape.",
        )
    pixels = background.pixels
    while pixels.shape[1] >= 2 * width and pixels.shape[0] >= 2 * height:
        pixels = _resize(pixels, (pixels.shape[1] + 1) // 2, (pixels.shape[0] + 1) // 2)
    return Frame(_resize(pixels, width, height))


def rotate(frame: Frame, quarter_turns: int) -> Frame:
    """Turn the frame clockwise by quarter turns; 0 leaves it as it is, 4 are a whole turn."""
    turns = quarter_turns % 4
    if turns == 0:
        return frame
    return Frame(np.ascontiguousarray(np.rot90(frame.pixels, k=-turns)))


def blur(frame: Frame, level: int) -> Frame:
    """Blur the frame by ``level`` (ぼかし度) 0..10; 0 leaves it as it is.

    The strength goes with the picture's shorter side, so that a level looks the same in
    every size. Raises ValueError for another level.
    """
    if not 0 <= level <= MAX_BLUR:
        raise ValueError(f"the blur level lies between 0 and {MAX_BLUR}")
    if level == 0:
        return frame
    radius = max(1, level * min(frame.width, frame.height) // 500)
    pixels = frame.pixels
    for _ in range(3):  # three box blurs come close to a Gaussian
        pixels = _box_blur(pixels, radius)
    return Frame(pixels)


def hide(frame: Frame, boxes: Int32) -> Frame:
    """Blur Nx4 boxes (whole pixels, within the frame) so that nobody in them is known again.

    What is left of a person is a patch of some colour: a quarter of the box's longer side flows
    into each pixel, three times over.
    """
    pixels = frame.pixels.copy()
    for x1, y1, x2, y2 in boxes.tolist():
        if x2 <= x1 or y2 <= y1:
            continue
        radius = max(2, max(x2 - x1, y2 - y1) // 4)
        patch = pixels[y1:y2, x1:x2]
        for _ in range(3):
            patch = _box_blur(patch, radius)
        pixels[y1:y2, x1:x2] = patch
    return Frame(pixels)


def calm(frame: Frame) -> Frame:
    """Take a little colour away, so that the figures on the frame stand out."""
    pixels = np.empty_like(frame.pixels)
    rows = max(1, 65_536 // frame.width)  # strips that stay in the processor's cache
    for top in range(0, frame.height, rows):
        _calm_strip(frame.pixels[top : top + rows], pixels[top : top + rows])
    return Frame(pixels)


def _calm_strip(source: UInt8, target: UInt8) -> None:
    blue, green, red = (source[..., channel].astype(np.uint16) for channel in range(3))
    # 2/3 of the colour and 1/3 of the luma (BT.601), in 1/256; the luma adds up to 85.
    luma = blue * 10 + green * 50 + red * 25 + 128
    for channel, plane in enumerate((blue, green, red)):
        plane *= 171
        plane += luma
        plane >>= 8
        target[..., channel] = plane


def _read_header(data: bytes) -> Header:
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg_header(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png_header(data)
    raise PictureRefused(PictureProblem.NOT_A_PICTURE, "The file is neither a JPEG nor a PNG.")


def _check_size(header: Header, max_pixels: int, min_side: int) -> None:
    size = f"{header.width}x{header.height} pixels"
    # A decoder keeps a picture of several passes a second time, as coefficients.
    room = max_pixels // 2 if header.passes > 1 else max_pixels
    if header.width * header.height > room:
        raise PictureRefused(
            PictureProblem.TOO_MANY_PIXELS, f"The picture has {size}; {room} in all are allowed."
        )
    if min(header.width, header.height) < min_side:
        raise PictureRefused(PictureProblem.TOO_SMALL, f"The picture has only {size}.")


def _decode_pixels(data: bytes, flags: int = cv2.IMREAD_COLOR) -> UInt8:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise PictureRefused(PictureProblem.DAMAGED, "The picture is damaged.")
    return np.asarray(pixels, np.uint8)


def _lacks_blocks(data: bytes, pixels: UInt8) -> bool:
    """Whether a JPEG ends before its last block although its end mark is there.

    The decoder shows missing blocks in grey without a word. Where a corner is that very
    grey, more data is put before the end mark: a whole picture does not change by it.
    (A progressive file without its last passes is coarse, yet whole: it may pass.)
    """
    corners = pixels[:: pixels.shape[0] - 1 or 1, :: pixels.shape[1] - 1 or 1]
    if not np.isin(corners, _MISSING_GREYS).all(axis=2).any():
        return False
    small = cv2.IMREAD_REDUCED_GRAYSCALE_8
    longer = data[:-2] + b"\x5a\xa5\x3c\x0f" * 64 + data[-2:]
    return not np.array_equal(_decode_pixels(data, small), _decode_pixels(longer, small))


def _encode(kind: str, frame: Frame, options: list[int]) -> bytes:
    done, data = cv2.imencode(kind, frame.pixels, options)
    if not done:
        raise ValueError(f"a frame of {frame.width}x{frame.height} cannot be written as {kind}")
    return data.tobytes()


def _resize(pixels: UInt8, width: int, height: int) -> UInt8:
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return np.asarray(resized, np.uint8)


def _box_blur(pixels: UInt8, radius: int) -> UInt8:
    size = 2 * radius + 1
    padded = cv2.copyMakeBorder(pixels, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    # Sums may pass 2**32 in large pictures; differences come out right all the same.
    sums = cv2.integral(padded, sdepth=cv2.CV_32S).view(np.uint32)
    box = sums[size:, size:] - sums[:-size, size:]
    box -= sums[size:, :-size]
    box += sums[:-size, :-size]
    box += size * size // 2
    box //= size * size
    return box.astype(np.uint8)
