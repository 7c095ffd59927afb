"""Whether somebody who stands in a background is noticed, and an empty one is let pass.

People are cut out of pictures with known truth and pasted into pictures without anybody, at 5
to 60 % of their height. Without a folder both come from the carried footage; with one (``nigiwai
bench bystanders --data FOLDER``), its ``manifest.json`` names further people and empty pictures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
import cv2
import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from webapp.backgrounds.check import ask_of, search_all
from webapp.demo.seed import CLIP, FOLDER
from webapp.evaluation_set import every_frame
from webapp.plugins import build_engines
from webapp.settings import read_settings

PASTED = 200
LEAST, MOST = 0.05, 0.60  # of the picture's height
SEED = 20260801
EVERY = 25  # frames of the footage
DIFFERS = 18  # levels by which a person differs from the empty background
LARGEST_GROWTH = 2.5  # times by which a person is enlarged; beyond, nothing is left to be seen
SKELETON = (
    (5, 7), (7, 9), (6, 8), (8, 10), (5, 6), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15),
    (12, 14), (14, 16), (0, 5), (0, 6),
)  # fmt: skip
AROUND = np.array((-4, -4, 4, 4))  # pixels that are looked at around a box
WHOLE = 13  # key points that are known of somebody who is seen whole


@dataclass(frozen=True, slots=True)
class Cutout:
    """Somebody: HxWx3 pixels, HxW opacity 0..1, and how tall the person is in pixels."""

    pixels: UInt8
    opacity: Float32
    tall: float


async def run(data: Path | None = None) -> dict[str, Any]:
    """Measure; shares of backgrounds with somebody noticed, and of empty ones doubted."""
    return await anyio.to_thread.run_sync(_measure, data)


def _measure(data: Path | None) -> dict[str, Any]:
    empty, people = empty_pictures(data), [*footage_people(), *folder_people(data)]
    ask = ask_of(build_engines(read_settings()))
    seconds: list[float] = []

    def noticed(pixels: UInt8) -> bool:
        started = time.perf_counter()
        found = len(search_all(ask, Frame(pixels))) > 0
        seconds.append(time.perf_counter() - started)
        return found

    with ThreadPoolExecutor() as pool:
        pasted = list(paste_all(list(empty.values()), people))
        hits = np.array(list(pool.map(noticed, (pixels for _, pixels in pasted))))
        doubts = dict(zip(empty, pool.map(noticed, empty.values()), strict=True))
    heights = np.array([height for height, _ in pasted])
    return {
        "cutouts": len(people),
        "with_somebody": len(pasted),
        "noticed": _share(hits),
        "noticed_by_height": {
            f"{low:.2f}-{high:.2f}": round(
                float(hits[(heights >= low) & (heights < high)].mean()), 3
            )
            for low, high in ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.6))
        },
        "empty": len(doubts),
        "doubted": round(sum(doubts.values()) / len(doubts), 3),
        "doubted_pictures": ", ".join(name for name, doubt in doubts.items() if doubt),
        "seconds_median": round(float(np.median(seconds)), 2),
    }


def _share(hits: np.ndarray[Any, Any]) -> float | None:
    return round(float(hits.mean()), 3) if len(hits) else None


def paste_all(
    empty: list[UInt8], people: list[Cutout], count: int = PASTED
) -> Iterator[tuple[float, UInt8]]:
    """Paste one person into each of ``count`` pictures: its height as a share, and the picture."""
    random = np.random.default_rng(SEED)
    for number in range(count):
        ground = empty[number % len(empty)]
        share = float(random.uniform(LEAST, MOST))
        wanted = share * ground.shape[0]
        fitting = [one for one in people if wanted <= LARGEST_GROWTH * one.tall]
        person = fitting[int(random.integers(len(fitting)))] if fitting else people[0]
        yield share, _paste(ground, person, wanted, random)


def _paste(ground: UInt8, person: Cutout, wanted: float, random: np.random.Generator) -> UInt8:
    height, width = ground.shape[:2]
    scale = min(wanted / person.tall, (width - 2) / person.pixels.shape[1])
    size = (
        max(3, round(person.pixels.shape[1] * scale)),
        max(6, min(height, round(person.pixels.shape[0] * scale))),
    )
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(person.pixels, size, interpolation=kind).astype(np.float32)
    opacity = cv2.resize(person.opacity, size, interpolation=cv2.INTER_AREA)
    opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), 0.7), np.float32)[..., None]
    x = int(random.integers(0, width - size[0] + 1))
    y = int(random.integers(0, height - size[1] + 1))
    result = ground.copy()
    there = result[y : y + size[1], x : x + size[0]]
    there[:] = np.clip(there * (1 - opacity) + pixels * opacity + 0.5, 0, 255)
    return result


def empty_pictures(data: Path | None) -> dict[str, UInt8]:
    """Pictures without anybody, by name: of the folder, else parts of the footage's background."""
    if data is not None:
        names = [item["file"] for item in _manifest(data) if item.get("persons") == 0]
        return {name: _read(data / name) for name in names}
    whole = _read(FOLDER / "background.png")
    cuts = ((0, 0, 768, 576), (184, 100, 432, 324), (352, 90, 416, 312), (0, 200, 480, 360))
    return {f"{x},{y}": whole[y : y + h, x : x + w].copy() for x, y, w, h in cuts}


def footage_people() -> list[Cutout]:
    """People of the carried footage who stand alone, cut out by its empty background."""
    truth = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["truth"]
    boxes = {frame["frame"]: np.array(frame["boxes"], float).reshape(-1, 4) for frame in truth}
    background = _read(FOLDER / "background.png")
    found = []
    for number, pixels in every_frame(FOLDER / CLIP, EVERY):
        for box in _alone(boxes.get(number, np.zeros((0, 4))), background.shape):
            x1, y1, x2, y2 = (int(value) for value in box + AROUND)
            cut, behind = pixels[y1:y2, x1:x2], background[y1:y2, x1:x2]
            differs = cv2.GaussianBlur(cv2.absdiff(cut, behind).max(axis=2), (0, 0), 1)
            found += _cutout(cut, (differs > DIFFERS).astype(np.uint8), box)
    return found


def folder_people(data: Path | None) -> list[Cutout]:
    """People of the folder whose key points are known, cut out along them."""
    found = []
    for item in _manifest(data) if data is not None else []:
        if not item.get("keypoints") or not item.get("boxes"):
            continue
        pixels = _read(data / item["file"]) if data is not None else np.zeros((1, 1, 3), np.uint8)
        for box, points in zip(item["boxes"], item["keypoints"], strict=False):
            known = np.array(points, float).reshape(-1, 3)
            x1, y1, x2, y2 = (int(value) for value in box)
            if (known[:, 2] > 0).sum() >= WHOLE and y2 - y1 >= 60:
                mask = _along(pixels, known, (x1, y1, x2, y2))
                found += _cutout(pixels[y1:y2, x1:x2], mask[y1:y2, x1:x2], np.array(box, float))
    return found


def _along(pixels: UInt8, points: np.ndarray[Any, Any], box: tuple[int, int, int, int]) -> UInt8:
    """Tell the person's pixels from the others, the skeleton being surely the person's."""
    x1, y1, x2, y2 = box
    mask = np.full(pixels.shape[:2], cv2.GC_BGD, np.uint8)
    mask[y1:y2, x1:x2] = cv2.GC_PR_FGD
    thick = max(2, (y2 - y1) // 16)
    for one, other in SKELETON:
        if points[one, 2] > 0 and points[other, 2] > 0:
            ends = [tuple(int(value) for value in points[end, :2]) for end in (one, other)]
            cv2.line(mask, ends[0], ends[1], cv2.GC_FGD, thick)
    if points[0, 2] > 0:
        nose = tuple(int(value) for value in points[0, :2])
        cv2.circle(mask, nose, thick, cv2.GC_FGD, -1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(pixels, mask, (0, 0, 1, 1), models[0], models[1], 5, cv2.GC_INIT_WITH_MASK)
    return (mask & 1).astype(np.uint8)


def _cutout(pixels: UInt8, mask: UInt8, box: np.ndarray[Any, Any]) -> list[Cutout]:
    """Keep the largest connected piece; nobody when it is no plausible part of the box."""
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return []
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    tall, wide = box[3] - box[1], box[2] - box[0]
    if not 0.25 < stats[largest, cv2.CC_STAT_AREA] / (tall * wide) < 0.9:
        return []
    if stats[largest, cv2.CC_STAT_HEIGHT] < 0.85 * tall:
        return []
    return [Cutout(pixels.copy(), (labels == largest).astype(np.float32), float(tall))]


def _alone(boxes: np.ndarray[Any, Any], shape: tuple[int, ...]) -> Iterator[np.ndarray[Any, Any]]:
    """Give the boxes that lie inside the picture, are upright and meet no other."""
    for index, box in enumerate(boxes):
        others = np.delete(boxes, index, axis=0)
        meets = (others[:, 0] < box[2] + 6) & (others[:, 2] > box[0] - 6)
        meets &= (others[:, 1] < box[3] + 6) & (others[:, 3] > box[1] - 6)
        inside = box.min() > 6 and box[2] < shape[1] - 6 and box[3] < shape[0] - 6
        if inside and not meets.any() and box[3] - box[1] > 1.5 * (box[2] - box[0]):
            yield box


def _manifest(data: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    return items


def _read(path: Path) -> UInt8:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"{path} is no picture that can be read")
    return np.asarray(pixels, np.uint8)
