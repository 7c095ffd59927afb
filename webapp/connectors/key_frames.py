"""From the bytes of one picture of a stream to a JPEG. CPU work: call it in a thread."""

from __future__ import annotations

from typing import Any, Protocol

import av
import numpy as np
from nigiwai_engine_api.types import Frame

from webapp.connectors.rtp import START
from webapp.connectors.sdp import Video
from webapp.domain.pictures import encode_jpeg

QUALITY = 95


class Decoder(Protocol):
    """Tells key frames from others and makes JPEGs of them."""

    def is_key(self, unit: bytes) -> bool:
        """Whether the picture stands by itself."""

    def picture(self, unit: bytes) -> tuple[bytes, str] | None:
        """A JPEG and its size in words; None when it does not decode to a whole picture."""


def decoder_for(video: Video, max_pixels: int) -> Decoder:
    """The decoder for this video."""
    if video.codec == "mjpeg":
        return JpegDecoder()
    return NalDecoder(video, max_pixels)


class JpegDecoder:
    """Every picture is a key frame and a JPEG already; it is judged where stills are."""

    def is_key(self, unit: bytes) -> bool:
        """Whether there is a picture at all."""
        return bool(unit)

    def picture(self, unit: bytes) -> tuple[bytes, str] | None:
        """The picture as it came."""
        return unit, ""


class NalDecoder:
    """H.264 and H.265, each key frame by itself with the stream's parameter sets before it."""

    def __init__(self, video: Video, max_pixels: int) -> None:
        self._codec = video.codec
        self._max_pixels = max_pixels
        self._parameters = b"".join(START + one for one in video.parameters)

    def is_key(self, unit: bytes) -> bool:
        """Whether a NAL unit of an IDR (H.265: IRAP) picture is in it."""
        kinds = {self._kind(nal) for nal in unit.split(START) if nal}
        if self._codec == "hevc":
            return any(16 <= kind <= 21 for kind in kinds)
        return 5 in kinds

    def picture(self, unit: bytes) -> tuple[bytes, str] | None:
        """Decode the key frame alone."""
        options = {"max_pixels": str(self._max_pixels), "threads": "1"}
        try:
            context: Any = av.CodecContext.create(self._codec, "r")
            context.options = options
            packet = av.Packet(self._parameters + unit)
            frames = [*context.decode(packet), *context.decode(None)]
        except (av.FFmpegError, ValueError):
            return None
        if not frames or frames[0].is_corrupt:
            return None
        pixels: np.ndarray[Any, np.dtype[np.uint8]] = frames[0].to_ndarray(format="bgr24")
        frame = Frame(np.ascontiguousarray(pixels))
        return encode_jpeg(frame, QUALITY), f"{frame.width}×{frame.height}"

    def _kind(self, nal: bytes) -> int:
        return nal[0] >> 1 & 0x3F if self._codec == "hevc" else nal[0] & 0x1F
