"""Stills from a picture, a folder of pictures or a video, as from a camera that runs on.

The source: ``{"path": …, "crop": [x, y, width, height]}``. The path is relative to the
footage folder and cannot leave it; the crop, in pixels, may be missing. A folder shows
its pictures in turn, one a capture; a video runs in a loop by the clock.
"""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
import av
import numpy as np
from nigiwai_connector_api import ConnectorInfo, Field, Kind, Step, hookimpl
from nigiwai_engine_api.types import Frame

from webapp.connectors import CameraUnreachable, Connector, Phase, Still, Surroundings
from webapp.domain.pictures import PictureRefused, decode, encode_jpeg

NAME = "file"
PICTURES = {".jpg", ".jpeg", ".png"}
VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"}
MAX_FILES = 10_000
MAX_VIDEO_BYTES = 4_000_000_000
MIN_CROP = 16  # pixels
QUALITY = 95  # of the JPEG made of a video frame

# Playlists and the like would make the reader open other files and addresses.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm"


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, frame: Frame) -> Frame:
        """Cut the part out; ``CameraUnreachable`` when it lies outside the picture."""
        if self.x + self.width > frame.width or self.y + self.height > frame.height:
            raise _settings(f"The crop lies outside the picture of {frame.width}×{frame.height}.")
        rows, columns = slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)
        return Frame(np.ascontiguousarray(frame.pixels[rows, columns]))


@hookimpl
def connector_info() -> ConnectorInfo:
    """Stills from files below the footage folder."""
    return ConnectorInfo(
        name=NAME,
        titles={"ja": "ファイル", "en": "File"},
        descriptions={
            "ja": "映像フォルダの動画や画像を、カメラの代わりに使います。",
            "en": "A video, a picture or a folder of pictures instead of a camera.",
        },
        version="1",
        fields=(
            Field("path", Kind.TEXT, {"ja": "ファイル名", "en": "File name"}, required=True),
            Field("crop", Kind.NUMBERS, {"ja": "切り抜き", "en": "Crop"}),
        ),
        may_repeat=True,
    )


@hookimpl
def create_connector(
    name: str,
    options: Mapping[str, object],  # noqa: ARG001 -- there are none
    surroundings: Surroundings,
) -> Connector | None:
    """Build it under its own name."""
    return FileConnector(surroundings) if name == NAME else None


class FileConnector:
    """Reads one still from below the footage folder."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._root = surroundings.footage
        self._interval = surroundings.interval
        self._max_bytes = surroundings.limits.max_bytes
        self._max_pixels = surroundings.limits.max_pixels

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline for finding, seeking and encoding
    ) -> Still:
        """Read the still that this source shows at ``at``."""
        stop = threading.Event()
        try:
            async with asyncio.timeout(timeout):
                data = await anyio.to_thread.run_sync(
                    lambda: self._read(source, at, stop), abandon_on_cancel=True
                )
        except TimeoutError:
            message = "The file could not be read in time."
            raise CameraUnreachable(Phase.TIMEOUT, message, Step.DECODE) from None
        except OSError:
            raise _file("The file cannot be read.") from None
        finally:
            stop.set()
        return Still(data, at)

    def _read(self, source: Mapping[str, Any], at: datetime, stop: threading.Event) -> bytes:
        crop = read_crop(source.get("crop"))
        path = self._find(source.get("path"), at)
        if path.suffix.lower() in VIDEOS:
            frame = read_video(path, at.timestamp(), self._max_pixels, stop)
            return encode_jpeg(crop.cut(frame) if crop else frame, QUALITY)
        data = path.read_bytes()
        if crop is None:
            return data
        try:
            frame = decode(data, max_pixels=self._max_pixels, max_bytes=self._max_bytes)
        except PictureRefused:
            raise _file("The file holds no picture that can be read.") from None
        return encode_jpeg(crop.cut(frame), QUALITY)

    def _find(self, name: object, at: datetime) -> Path:
        """Find the file to read: below the footage folder, regular, and not too large."""
        root = self._root.resolve()
        path = (root / check_name(name)).resolve()
        if not path.is_relative_to(root):
            raise _file("The file lies outside the footage folder.")
        if path.is_dir():
            path = self._turn(path, at)
        if path.suffix.lower() not in PICTURES | VIDEOS:
            raise _settings("The file is neither a picture (JPEG, PNG) nor a video.")
        try:
            facts = path.stat()
        except FileNotFoundError:
            raise _file("There is no such file in the footage folder.") from None
        if not stat.S_ISREG(facts.st_mode):
            raise _file("This is no ordinary file.")
        is_video = path.suffix.lower() in VIDEOS
        if facts.st_size > (MAX_VIDEO_BYTES if is_video else self._max_bytes):
            raise _file("The file is too large.")
        return path

    def _turn(self, folder: Path, at: datetime) -> Path:
        """Choose the picture of the folder whose turn it is; links out of it do not count."""
        root = self._root.resolve()
        found = []
        for number, path in enumerate(folder.iterdir()):
            if number == MAX_FILES:
                raise _file("The folder holds too many files.")
            real = path.resolve()
            if path.suffix.lower() in PICTURES and real.is_relative_to(root):
                found.append((path.name, real))
        if not found:
            raise _file("The folder holds no pictures.")
        return sorted(found)[int(at.timestamp() // self._interval) % len(found)][1]


def check_name(name: object) -> str:
    """Accept a relative path without ``..``; ``CameraUnreachable`` (settings) for another."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 500:
        raise _settings("The name of the file makes no sense.")
    if name.startswith(("/", "~")) or ".." in Path(name).parts or "\\" in name or ":" in name:
        raise _settings("Give the name of a file in the footage folder, without .. or a leading /.")
    return name


def read_crop(value: object) -> Crop | None:
    """Read ``[x, y, width, height]``; None when there is none."""
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise _settings("A crop is four numbers: x, y, width and height.")
    if not all(type(number) is int for number in value):
        raise _settings("A crop is four whole numbers of pixels.")
    crop = Crop(*value)
    if min(crop.x, crop.y) < 0 or min(crop.width, crop.height) < MIN_CROP:
        raise _settings(
            f"A crop lies inside the picture and has at least {MIN_CROP} pixels a side."
        )
    return crop


def read_video(path: Path, seconds: float, max_pixels: int, stop: threading.Event) -> Frame:
    """Read the frame at ``seconds`` modulo the length of the video; ``stop`` ends the search."""
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        with av.open(str(path), options=options) as container:
            return Frame(_seek(container, seconds, max_pixels, stop))
    except (av.FFmpegError, ValueError):
        raise _file("The video cannot be read.") from None


def _seek(
    container: Any, seconds: float, max_pixels: int, stop: threading.Event
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if not container.streams.video:
        raise _file("The file holds no video.")
    stream = container.streams.video[0]
    if stream.width * stream.height > max_pixels:
        raise _file("The video has more pixels than are decoded.")
    start = float((stream.start_time or 0) * stream.time_base)
    wanted = start + seconds % _length(container, stream)
    if wanted > start:
        container.seek(int(wanted / stream.time_base), stream=stream, backward=True)
    try:
        best = _frame_at(container, stream, wanted, stop)
        if best is None or best.width * best.height > max_pixels:
            raise _file("The video cannot be read.")
        pixels: np.ndarray[Any, np.dtype[np.uint8]] = best.to_ndarray(format="bgr24")
        return pixels
    finally:
        # A decoder that is left with frames in it keeps some 14 KB of each reading for ever.
        best = None
        stream.codec_context.flush_buffers()


def _frame_at(container: Any, stream: Any, wanted: float, stop: threading.Event) -> Any:
    """Decode until the frame that is shown at ``wanted`` seconds; None when there is none."""
    best = None
    for frame in container.decode(stream):
        if stop.is_set():
            raise _file("The file could not be read in time.")
        if frame.time is not None and frame.time > wanted + 1e-6 and best is not None:
            break
        best = frame
    return best


def _length(container: Any, stream: Any) -> float:
    if stream.duration:
        return max(float(stream.duration * stream.time_base), 1e-3)
    if container.duration:
        return max(float(container.duration / av.time_base), 1e-3)
    raise _file("The length of the video is not known.")


def _settings(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.SETTINGS, message)


def _file(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.FILE, message)
