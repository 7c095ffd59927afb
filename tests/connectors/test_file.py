"""Stills from files: the right frame at the right time, and no way out of the folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.builders import picture
from webapp.connectors import CameraUnreachable, Phase, surroundings_of
from webapp.connectors.file import FileConnector
from webapp.settings import Settings

START = datetime(1970, 1, 1, tzinfo=UTC)

FRAMES = 40  # at 10 a second: four seconds


@pytest.fixture
def footage(settings: Settings) -> Path:
    folder = settings.data_dir / "footage"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "still.jpg").write_bytes(picture(320, 240))
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose frame k is of brightness 6·k."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 15
        for number in range(FRAMES):
            pixels = np.full((48, 64, 3), number * 6, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
    return path


async def fetch(settings: Settings, path: object, seconds: float = 0, **source: Any) -> bytes:
    at = START + timedelta(seconds=seconds)
    still = await FileConnector(surroundings_of(settings)).fetch({"path": path, **source}, at, 30)
    assert still.captured_at == at
    return still.data


async def refused(settings: Settings, path: object, **source: Any) -> Phase:
    with pytest.raises(CameraUnreachable) as caught:
        await fetch(settings, path, **source)
    assert str(settings.data_dir) not in str(caught.value)
    return caught.value.phase


def pixels_of(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


async def test_a_picture_comes_byte_for_byte(settings: Settings, footage: Path) -> None:
    assert await fetch(settings, "still.jpg") == (footage / "still.jpg").read_bytes()


async def test_a_crop_is_cut_out(settings: Settings, footage: Path) -> None:
    whole = pixels_of((footage / "still.jpg").read_bytes()).astype(int)
    part = pixels_of(await fetch(settings, "still.jpg", crop=[100, 50, 160, 120]))
    assert part.shape == (120, 160, 3)
    assert abs(part - whole[50:170, 100:260]).mean() < 3


@pytest.mark.parametrize(
    ("seconds", "frame"),
    [(0, 0), (0.1, 1), (0.19, 1), (1.5, 15), (2.95, 29), (3.9, 39), (4, 0), (401.25, 12)],
)
async def test_a_video_runs_by_the_clock(
    settings: Settings, footage: Path, clip: Path, seconds: float, frame: int
) -> None:
    shutil.copy(clip, footage)
    data = await fetch(settings, "clip.mp4", seconds)
    assert data.startswith(b"\xff\xd8")
    # YUV and back costs some brightness, always less than one frame's step.
    assert -1 <= frame * 6 - pixels_of(data).mean() < 5


async def test_a_folder_shows_its_pictures_in_turn(settings: Settings, footage: Path) -> None:
    (footage / "street").mkdir()
    for number in range(3):
        (footage / "street" / f"{number}.png").write_bytes(b"%d" % number)
    (footage / "street" / "notes.txt").write_text("no picture")
    shown = [await fetch(settings, "street", 60 * minute) for minute in range(5)]
    assert shown == [b"0", b"1", b"2", b"0", b"1"]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret_key", "a/../../secret_key", "~/x.jpg", "..", "C:\\x.jpg", "",
     "a\\b.jpg", "x\x00.jpg", "http://10.0.0.1/x.jpg", "concat:still.jpg|still.jpg", None, 7,
     "a" * 600, "notes.txt", "list.m3u8"],
)  # fmt: skip
async def test_names_that_make_no_sense(settings: Settings, footage: Path, path: object) -> None:
    (footage / "notes.txt").write_text("x")
    (footage / "list.m3u8").write_text("#EXTM3U\n/etc/passwd\n")
    assert await refused(settings, path) is Phase.SETTINGS


async def test_links_out_of_the_folder(settings: Settings, footage: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.jpg").write_bytes(picture())
    (footage / "link.jpg").symlink_to(outside / "x.jpg")
    (footage / "folder").symlink_to(outside)
    (footage / "inside.jpg").symlink_to(footage / "still.jpg")
    (footage / "mixed").mkdir()
    (footage / "mixed" / "link.jpg").symlink_to(outside / "x.jpg")
    for path in ("link.jpg", "folder", "folder/x.jpg", "mixed"):
        assert await refused(settings, path) is Phase.FILE
    assert await fetch(settings, "inside.jpg")


def damage(folder: Path) -> dict[str, Callable[[Path], object]]:
    return {
        "missing.jpg": lambda path: None,
        "folder.jpg/": lambda path: path.mkdir(),
        "pipe.jpg": os.mkfifo,
        "large.jpg": lambda path: path.write_bytes(bytes(10_000_001)),
        "not.mp4": lambda path: path.write_bytes(b"no video" * 100),
        "empty.mp4": lambda path: path.write_bytes(b""),
        "playlist.mp4": lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nstill.jpg\n"),
        "concat.mp4": lambda path: path.write_text("ffconcat version 1.0\nfile still.jpg\n"),
        "unreadable": lambda path: path.mkdir(),
    }


@pytest.mark.parametrize("name", list(damage(Path())))
async def test_files_that_cannot_be_read(settings: Settings, footage: Path, name: str) -> None:
    damage(footage)[name](footage / name)
    assert await refused(settings, name) is Phase.FILE


async def test_a_video_cut_short(settings: Settings, footage: Path, clip: Path) -> None:
    shutil.copy(clip, footage)
    os.truncate(footage / "clip.mp4", 2000)
    assert await refused(settings, "clip.mp4") is Phase.FILE


@pytest.mark.parametrize(
    "crop",
    [[0, 0, 10, 10], [-1, 0, 100, 100], [0, 0, 100], "0,0,100,100", [0, 0, 321, 240],
     [0.0, 0, 100, 100], [300, 0, 100, 100], [0, 0, True, 100], {}],
)  # fmt: skip
async def test_crops_that_make_no_sense(settings: Settings, footage: Path, crop: object) -> None:
    assert await refused(settings, "still.jpg", crop=crop) is Phase.SETTINGS


async def test_a_crop_of_what_is_no_picture(settings: Settings, footage: Path) -> None:
    (footage / "bad.jpg").write_bytes(b"\xff\xd8\xff nonsense")
    assert await refused(settings, "bad.jpg", crop=[0, 0, 100, 100]) is Phase.FILE


async def test_too_many_pixels(settings: Settings, footage: Path, clip: Path) -> None:
    shutil.copy(clip, footage)
    small = settings.model_copy(update={"max_picture_pixels": 1000})
    assert await refused(small, "clip.mp4") is Phase.FILE


async def test_the_deadline(settings: Settings, footage: Path, clip: Path) -> None:
    shutil.copy(clip, footage)
    with pytest.raises(CameraUnreachable) as caught:
        await FileConnector(surroundings_of(settings)).fetch({"path": "clip.mp4"}, START, 1e-6)
    assert caught.value.phase is Phase.TIMEOUT
