"""TRUST 26: what comes from outside is one whole picture, or it is refused in words."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.pictures.bad_files import SIZE, bad_files, png, rows, saved, scene, whole_files
from webapp.domain.pictures import PictureProblem, PictureRefused, decode, encode_jpeg, encode_png

CORPUS = list(bad_files())

# A child process of its own, since the high-water mark of memory belongs to a process.
MEMORY = """
from contextlib import suppress
from pathlib import Path
from tests.pictures.bad_files import bad_files
from webapp.domain.pictures import PictureRefused, decode

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) / 1024

corpus = [(name, data) for name, data, _ in bad_files()]
worst = 0.0
for name, data in corpus:
    with suppress(OSError):  # where it is not allowed, the mark stands for all files so far
        Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    try:
        decode(data)
    except PictureRefused:
        pass
    worst = max(worst, status("VmHWM") - before)
print(worst)
"""


def upright(name: str) -> np.ndarray:
    image = scene()
    grey = "grey" in name or "16 bit" in name
    rgb = np.asarray(image.convert("L").convert("RGB") if grey else image)
    return rgb[..., ::-1]


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 100
    assert len({name for name, _, _ in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize(("name", "data", "expected"), CORPUS, ids=[name for name, _, _ in CORPUS])
def test_a_bad_file_is_refused_in_words_or_read_right(
    name: str, data: bytes, expected: set[PictureProblem] | tuple[int, int]
) -> None:
    if isinstance(expected, tuple):
        assert decode(data).pixels.shape == (*expected, 3)
        return
    with pytest.raises(PictureRefused) as refused:
        decode(data)
    assert refused.value.problem in expected
    assert str(refused.value).endswith(".")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_bad_file_takes_more_than_64_mb() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.splitlines()[-1]) <= 64


@pytest.mark.parametrize(("name", "data"), whole_files(scene()).items())
def test_every_way_of_writing_gives_the_same_picture(name: str, data: bytes) -> None:
    pixels = decode(data).pixels
    near = 12 if "palette" in name or "cmyk" in name else 4
    assert pixels.shape == (*SIZE, 3)
    assert distance(pixels, upright(name)) < near


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_turned_back_once(kind: str, orientation: int) -> None:
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = scene() if orientation == 1 else scene().transpose(turn[orientation])
    exif = Image.Exif()
    exif[274] = orientation
    pixels = decode(saved(stored, kind, exif=exif)).pixels
    assert pixels.shape == (*SIZE, 3)
    assert distance(pixels, upright(kind)) < 4


def test_only_the_first_picture_of_an_animation_is_taken() -> None:
    others = [Image.new("RGB", scene().size, colour) for colour in ("red", "lime")]
    animated = saved(scene(), "png", save_all=True, append_images=others)
    assert distance(decode(animated).pixels, upright("png")) == 0


def test_transparency_is_dropped() -> None:
    image = scene().convert("RGBA")
    image.putalpha(0)
    assert distance(decode(saved(image, "png")).pixels, upright("png")) == 0


@pytest.mark.parametrize("quality", [30, 85, 100])
def test_a_grey_picture_is_not_taken_for_a_cut_one(quality: int) -> None:
    data = saved(Image.new("RGB", (64, 48), (128, 128, 128)), "jpeg", quality=quality)
    assert (decode(data).pixels == 128).all()
    assert (decode(saved(Image.new("L", (70, 50), 128), "jpeg")).pixels == 128).all()


def test_limits_are_the_callers() -> None:
    data = saved(scene(), "png")
    for limits, problem in (
        ({"max_pixels": 9599}, PictureProblem.TOO_MANY_PIXELS),
        ({"max_bytes": len(data) - 1}, PictureProblem.TOO_LARGE),
        ({"min_side": 81}, PictureProblem.TOO_SMALL),
    ):
        with pytest.raises(PictureRefused) as refused:
            decode(data, **limits)
        assert refused.value.problem is problem
    assert decode(data, max_pixels=9600, max_bytes=len(data), min_side=80).width == 120
    assert decode(png(1, 1, rows(1, 1)), min_side=1).pixels.tolist() == [[[0x90, 0x50, 0x20]]]


def test_what_is_written_holds_pixels_alone() -> None:
    frame = decode(saved(scene(), "jpeg", comment=b"secret", exif=b"Exif\0\0secret"))
    for data in (encode_jpeg(frame), encode_png(frame)):
        assert b"secret" not in data
        assert b"Exif" not in data
        assert distance(decode(data).pixels, frame.pixels) < 4
    assert np.array_equal(decode(encode_png(frame)).pixels, frame.pixels)
    assert len(encode_jpeg(frame, 30)) < len(encode_jpeg(frame, 95))


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_bytes_that_are_no_picture_are_always_refused(tail: bytes, start: bytes) -> None:
    with pytest.raises(PictureRefused):
        decode(start + tail)


@given(st.data())
def test_a_damaged_picture_is_refused_or_keeps_its_size(data: st.DataObject) -> None:
    whole = saved(scene(), "jpeg", quality=20)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        frame = decode(damaged, max_pixels=200_000)
    except PictureRefused:
        return
    assert frame.width * frame.height <= 200_000


def test_decoding_is_what_opencv_decodes() -> None:
    data = saved(scene(), "jpeg")
    plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decode(data).pixels, plain)
