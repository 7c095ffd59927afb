"""Makes the demo footage again from the original clip and its truth.

    python -m webapp.demo.make_footage vtest.avi truth.json [FOLDER]

``vtest.avi`` is OpenCV's sample of that name (Debian: package ``opencv-doc``),
``truth.json`` the per-frame boxes described in README.md. Written are
``pets09_s2l1.mp4``, ``background.png``, ``truth.json`` and ``manifest.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

FRAMES_PER_SECOND = 10
KEY_FRAME_EVERY = 30  # frames: seeking decodes thirty pictures at most, some 60 ms
QUALITY = "28"  # x264's CRF: 3.8 MB; README.md says what that does to detection
ROWS_AT_ONCE = 48  # the median needs every frame, so it is taken of a strip at a time

SOURCE = "PETS 2009 S2.L1 View 001, University of Reading; as OpenCV's sample vtest.avi"
LICENCE = "PETS 2009, copyright University of Reading: free for research, name the source"


def read_frames(clip: Path) -> Iterator[Picture]:
    """Every frame, HxWx3 BGR."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def write_clip(frames: list[Picture], to: Path) -> None:
    """H.264 in MP4, a key frame every three seconds, the index in front."""
    with av.open(str(to), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, FRAMES_PER_SECOND)
        stream.height, stream.width = frames[0].shape[:2]
        stream.gop_size = KEY_FRAME_EVERY
        stream.options = {"crf": QUALITY, "preset": "veryslow", "x264-params": "scenecut=0"}
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def median(frames: list[Picture]) -> Picture:
    """Take the median over time of each pixel: what stands there when nobody does."""
    result = np.empty_like(frames[0])
    for top in range(0, result.shape[0], ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        strip = np.stack([frame[rows] for frame in frames])
        result[rows] = np.median(strip, axis=0).round().astype(np.uint8)
    return result


def shorten_truth(truth: dict[str, Any]) -> dict[str, Any]:
    """Boxes, counts and regions to ignore; the identities and estimates are left out."""
    kept = ("frame", "persons", "boxes", "edge_unannotated", "extra_boxes")
    return {
        "video": "pets09_s2l1.mp4",
        "frames": truth["frames"],
        "fps_file": FRAMES_PER_SECOND,
        "width": truth["width"],
        "height": truth["height"],
        "index_base": truth["index_base"],
        "ignore_regions": truth["ignore_regions"],
        "truth": [{name: frame[name] for name in kept} for frame in truth["truth"]],
    }


def manifest(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """List the clip as ``nigiwai evaluate`` reads it."""
    return [
        {
            "file": "pets09_s2l1.mp4",
            "source": SOURCE,
            "licence": LICENCE,
            "width": truth["width"],
            "height": truth["height"],
            "frames": truth["frames"],
            "fps": FRAMES_PER_SECOND,
            "persons": None,
            "truth": "truth.json",
            "split_tag": "video",
        }
    ]


def write_json(value: object, to: Path) -> None:
    """One line an entry of the innermost list, so that a diff stays readable."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    to.write_text(text.replace('}, {"frame"', '},\n{"frame"') + "\n", encoding="utf-8")


def make(clip: Path, truth_file: Path, folder: Path) -> None:
    """Write the four files of the demo."""
    frames = list(read_frames(clip))
    truth = shorten_truth(json.loads(truth_file.read_text(encoding="utf-8")))
    if len(frames) != truth["frames"]:
        raise ValueError(f"the clip has {len(frames)} frames, its truth {truth['frames']}")
    write_clip(frames, folder / "pets09_s2l1.mp4")
    cv2.imwrite(str(folder / "background.png"), median(frames))
    write_json(truth, folder / "truth.json")
    write_json(manifest(truth), folder / "manifest.json")


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    make(arguments[0], arguments[1], (arguments[2:] or [Path(__file__).parent])[0])
