"""Manifests hold what a picture shows, to the pixel and no more, and nothing else passes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey
from nigiwai_engine_api import Frame, People, PictogramStyle

from tests.builders import picture
from tests.verification.conftest import AT, INFO, Made, crowd, drawn
from webapp.domain import masking
from webapp.domain.backdrops import Fitted
from webapp.domain.geometry import Mark, Posed, Standing, area_of, figures_of
from webapp.domain.manifests import (
    Manifest,
    ManifestRefused,
    pack,
    picture_name,
    read_signed,
    unpack,
    write_signed,
)
from webapp.domain.masking import digest_of, draw_on, render_on
from webapp.domain.pictograms import Rect
from webapp.domain.pictures import decode, encode_jpeg, encode_png
from webapp.domain.rasters import raster_sha256
from webapp.domain.verification import (
    PASSED,
    Outcome,
    Result,
    Step,
    Verdict,
    Why,
    redraw,
    verdict_of,
)
from webapp.verification.keys import CameraKey
from webapp.verification.making import Ground, Published, manifest_of
from webapp.verification.signing import as_jws, is_signed, sign, signature_of

STYLES = list(PictogramStyle)
BACKGROUND = picture(320, 240, ".png")
EMPTY = decode(BACKGROUND)
JWK = OKPKey.generate_key("Ed25519", auto_kid=True)
KEY = CameraKey(str(JWK.kid), JWK.private_key)  # type: ignore[arg-type]
PUBLIC = str(JWK.as_dict(private=False)["x"])
PIXELS = 16_000_000

boxes = st.lists(
    st.tuples(st.floats(-60, 340), st.floats(-60, 260), st.floats(1, 200), st.floats(2, 260))
    .map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
    max_size=8,
)  # fmt: skip


def found(places: list[tuple[float, ...]], seed: int = 0) -> People:
    array = np.array(places, np.float32).reshape(-1, 4)
    random = np.random.default_rng(seed)
    points = random.uniform(-40, 380, (len(array), 17, 3))
    points[..., 2] = random.uniform(0, 1, (len(array), 17))
    heads = random.uniform(0, 240, (len(array), 2))
    scores = random.uniform(0, 1, len(array))
    single = [each.astype(np.float32) for each in (scores, points, heads)]
    return People(array, *single)


def made(people: People, style: PictogramStyle = PictogramStyle.FIGURE) -> Made:
    analysis, frame = drawn(BACKGROUND, people, style)
    jpeg = encode_jpeg(frame)
    one = Published("camera000001", picture_name(AT, "0123456789abcdef" * 2), jpeg, AT)
    ground = Ground(1, hashlib.sha256(BACKGROUND).hexdigest())
    info = replace(INFO, style=style)
    return Made(manifest_of(one, analysis, ground, info, KEY), BACKGROUND, jpeg)


def steps(
    manifest: Manifest, background: bytes | None = BACKGROUND, jpeg: bytes | None = None
) -> dict[Step, Result]:
    return dict(redraw(manifest, background, jpeg, PIXELS).results)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_what_was_published_is_verified(style: PictogramStyle, count: int) -> None:
    one = made(crowd(count), style)
    results = steps(one.manifest, one.background, one.jpeg)
    signed = is_signed(one.manifest, one.signed.signature, PUBLIC)
    assert signed
    assert set(results.values()) == {PASSED}
    assert verdict_of({Step.SIGNATURE: PASSED, **results}) is Verdict.VERIFIED


@given(boxes, st.sampled_from(STYLES), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_figures_alone_draw_the_very_same_picture(
    places: list[tuple[float, ...]], style: PictogramStyle, seed: int
) -> None:
    """Through the database and through a file; whoever is not to be seen is in neither."""
    one = made(found(places, seed), style)
    kept = unpack(pack(one.manifest))
    given_away, _ = read_signed(write_signed(one.manifest, as_jws(*_parts(one))))
    assert kept == given_away == one.manifest
    drawing = draw_on(Fitted.of(EMPTY), kept.figures)
    assert raster_sha256(drawing.frame) == one.manifest.raster
    assert drawing.figures == kept.figures


@given(boxes, st.sampled_from(STYLES))
@settings(max_examples=40, deadline=None)
def test_hashing_what_was_touched_is_hashing_all(
    places: list[tuple[float, ...]], style: PictogramStyle
) -> None:
    fitted = Fitted.of(EMPTY)
    drawing = render_on(fitted, found(places), style)
    assert digest_of(fitted, drawing) == raster_sha256(drawing.frame)


@given(boxes, st.sampled_from(STYLES), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_picture_is_its_figures_painted_one_over_the_other(
    places: list[tuple[float, ...]], style: PictogramStyle, seed: int
) -> None:
    """Whoever is left out changes no pixel; and each covers about as much as it is said to."""
    fitted, canvas = Fitted.of(EMPTY), Rect(0, 0, EMPTY.width, EMPTY.height)
    figures = list(figures_of(found(places, seed), style, canvas))
    pixels = fitted.calmed.pixels.copy().astype(np.int64)
    for figure in figures:
        masks = figure.masks(canvas)
        rows, columns = slice(masks.rect.top, masks.rect.bottom), slice(*masks.rect[::2])
        inner, outer = (m.astype(np.int64)[..., None] for m in (masks.figure, masks.outline))
        edge = (outer * 56 + 32) // 64
        colour = np.array((158, 130, 106)) - figure.shade
        rest = pixels[rows, columns] * (64 - inner - edge)
        white = np.array((252, 248, 244))
        pixels[rows, columns] = (rest + inner * colour + edge * white + 32) // 64
        seen = int(((masks.figure != 0) | (masks.outline != 0)).sum())
        assert seen <= area_of(figure, canvas) * 5 // 4 + 4 * (canvas.right + canvas.bottom)
    assert (draw_on(fitted, figures).frame.pixels == pixels).all()


def test_the_masks_of_a_crowd_are_not_held_all_at_once() -> None:
    """A manifest of ten thousand people as large as the picture took as many times its size."""
    fitted = Fitted.of(EMPTY)
    figures = [Standing(500 + each, 5 * each, 240 + 4 * each, 3) for each in range(60)]
    draw_on(fitted, figures[:1])
    peaks = []
    for times in (1, 5):
        tracemalloc.start()
        try:
            draw_on(fitted, figures * times)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_whoever_is_wholly_hidden_is_not_in_it() -> None:
    front = (40.0, 40.0, 120.0, 230.0)
    behind = (76.0, 110.0, 84.0, 130.0)  # a trunk has no gaps
    beside = (500.0, 40.0, 560.0, 230.0)
    alone, together = made(found([front])), made(found([behind, front, beside]))
    assert together.manifest.figures == alone.manifest.figures
    assert together.manifest.raster == alone.manifest.raster


def test_poses_that_cannot_be_drawn_and_cut_figures_are_verified_as_they_were_drawn() -> None:
    whole, edge = crowd(2), found([(-20.0, 60.0, 15.0, 200.0), (290.0, 150.0, 340.0, 260.0)])
    assert whole.keypoints is not None
    unseen = whole.keypoints.copy()
    unseen[0, :, 2] = 0
    half = People(whole.boxes, whole.scores, unseen)
    for people, kinds in ((half, {Posed, Standing}), (edge, {Posed, Standing, Mark})):
        one = made(people, PictogramStyle.POSE)
        assert len(one.manifest.figures) == 2
        assert {type(figure) for figure in one.manifest.figures} <= kinds
        assert set(steps(one.manifest, one.background, one.jpeg).values()) == {PASSED}
    assert {type(f) for f in made(half, PictogramStyle.POSE).manifest.figures} == {Posed, Standing}


def test_it_holds_nothing_of_people_but_whole_numbers_of_what_is_drawn() -> None:
    """Neither scores, boxes and ids, nor a fraction of a pixel that nobody sees."""
    for style in STYLES:
        one, other = (made(People(p.boxes, s, p.keypoints, p.heads), style) for p, s in _alike())
        assert one.manifest.figures == other.manifest.figures
        figures = one.manifest.as_json()["figures"]
        assert len(figures) == 3
        assert all(type(number) is int for _, *numbers in figures for number in numbers)
    names = {field.name for field in fields(Manifest)}
    assert names == {
        "camera", "picture", "taken_at", "width", "height", "background", "engine",
        "engine_version", "style", "style_version", "library", "figures", "raster", "jpeg", "key",
    }  # fmt: skip
    assert Standing._fields == Mark._fields == ("height", "x", "y", "shade")
    assert Posed._fields == ("pose", "shade")
    assert made(crowd(1)).manifest.taken_at.microsecond == 0


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_of_the_raster_fails(data: st.DataObject) -> None:
    one = made(crowd(3))
    frame = draw_on(Fitted.of(EMPTY), one.manifest.figures).frame
    pixels = frame.pixels.copy().reshape(-1)
    place = data.draw(st.integers(0, pixels.size - 1))
    pixels[place] ^= data.draw(st.integers(1, 255))
    changed = raster_sha256(Frame(pixels.reshape(frame.pixels.shape)))
    assert changed != one.manifest.raster
    assert steps(replace(one.manifest, raster=changed))[Step.RASTER] == Result(Outcome.FAILED)


@given(st.data(), st.sampled_from(STYLES))
@settings(max_examples=60, deadline=None)
def test_any_changed_number_of_the_geometry_fails(
    data: st.DataObject, style: PictogramStyle
) -> None:
    """By its pixels where they change, and by the signature in any case."""
    one = made(crowd(3), style)
    whole = json.loads(write_signed(one.manifest, as_jws(*_parts(one))))
    figure = data.draw(st.sampled_from(whole["manifest"]["figures"]))
    place = data.draw(st.integers(1, len(figure) - 1))
    figure[place] += data.draw(st.sampled_from([-3, -1, 1, 2]))
    try:
        manifest, signature = read_signed(json.dumps(whole).encode())
    except ManifestRefused:
        return
    raw = signature_of(manifest, signature)
    assert raw is not None
    assert not is_signed(manifest, raw, PUBLIC)
    if style is not PictogramStyle.POSE:  # joints are finer than pixels
        assert steps(manifest)[Step.RASTER] == Result(Outcome.FAILED)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_of_the_background_fails(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(BACKGROUND) - 1))
    changed = bytearray(BACKGROUND)
    changed[place] ^= data.draw(st.integers(1, 255))
    results = steps(made(crowd(2)).manifest, bytes(changed))
    assert results[Step.BACKGROUND] == Result(Outcome.FAILED)
    assert verdict_of(results) is Verdict.FAILED


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_changed_byte_of_the_file_fails(data: st.DataObject) -> None:
    one = made(crowd(2))
    changed = bytearray(one.jpeg)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    failed = Result(Outcome.FAILED, Why.OTHER_FILE)
    assert steps(one.manifest, jpeg=bytes(changed))[Step.PICTURE] == failed


def test_a_file_that_shows_somebody_fails_although_it_was_signed() -> None:
    """Whoever holds the key may sign any file; it has to look like what was drawn all the same."""
    one = made(crowd(1))
    pixels = draw_on(Fitted.of(EMPTY), one.manifest.figures).frame.pixels.copy()
    cv2.circle(pixels, (250, 100), 12, (140, 160, 220), -1)  # a face
    forged = encode_jpeg(Frame(pixels))
    manifest = replace(one.manifest, jpeg=hashlib.sha256(forged).hexdigest())
    failed = Result(Outcome.FAILED, Why.OTHER_PIXELS)
    assert steps(manifest, jpeg=forged)[Step.PICTURE] == failed
    for nonsense in (b"", b"GIF89a", encode_jpeg(Frame(pixels[:100]))):
        manifest = replace(one.manifest, jpeg=hashlib.sha256(nonsense).hexdigest())
        assert steps(manifest, jpeg=nonsense)[Step.PICTURE] == failed


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_a_jpeg_of_any_background_is_like_its_pixels(seed: int, coarse: int) -> None:
    """Noise is what JPEG keeps worst; no camera has as much."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (240 // coarse + 1, 320 // coarse + 1, 3)).astype(np.uint8)
    noise = cv2.resize(small, (320, 240), interpolation=cv2.INTER_LINEAR)
    background = encode_png(Frame(np.asarray(noise, np.uint8)))
    analysis, frame = drawn(background, crowd(5), PictogramStyle.FIGURE)
    one = Published("camera000001", picture_name(AT, "0" * 32), encode_jpeg(frame), AT)
    ground = Ground(1, hashlib.sha256(background).hexdigest())
    manifest = manifest_of(one, analysis, ground, INFO, KEY).manifest
    assert steps(manifest, background, one.jpeg)[Step.PICTURE] == PASSED


def test_a_style_that_is_drawn_no_more_is_said_to_be_that() -> None:
    manifest = replace(made(crowd(2)).manifest, style_version=masking.STYLE_VERSION + 1)
    results = steps(manifest)
    assert results[Step.RASTER] == Result(Outcome.OPEN, Why.OTHER_STYLE)
    assert verdict_of({Step.SIGNATURE: PASSED, **results}) is Verdict.OPEN


def test_another_version_of_the_library_that_draws_otherwise_is_said_to_be_that() -> None:
    manifest = replace(made(crowd(2)).manifest, library="OpenCV 1.0.0")
    assert steps(manifest)[Step.RASTER] == PASSED
    other = replace(manifest, raster="0" * 64)
    assert steps(other)[Step.RASTER] == Result(Outcome.OPEN, Why.OTHER_LIBRARY)


def test_without_its_background_nothing_is_claimed() -> None:
    results = steps(made(crowd(2)).manifest, None)
    assert results[Step.BACKGROUND] == Result(Outcome.OPEN, Why.NO_BACKGROUND)
    assert verdict_of({Step.SIGNATURE: PASSED, **results}) is Verdict.OPEN


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (333, 250)])
def test_a_background_of_another_size_is_scaled_as_it_was(size: tuple[int, int]) -> None:
    background = encode_png(Frame(np.asarray(cv2.resize(EMPTY.pixels, size), np.uint8)))
    manifest = replace(made(crowd(2)).manifest, background=hashlib.sha256(background).hexdigest())
    redrawn = redraw(manifest, background, None, PIXELS)
    assert redrawn.frame is not None
    assert (redrawn.frame.width, redrawn.frame.height) == (320, 240)
    again = replace(manifest, raster=raster_sha256(redrawn.frame))
    assert steps(again, background)[Step.RASTER] == PASSED


def test_any_library_for_jws_can_check_the_signature() -> None:
    one = made(crowd(2))
    text = as_jws(*_parts(one))
    header, _, signature = text.split(".")
    payload = one.manifest.canonical()
    whole = jws.extract_compact(
        b".".join((header.encode(), _base64url(payload), signature.encode()))
    )
    assert jws.validate_compact(whole, JWK, algorithms=["Ed25519"])
    assert whole.headers() == {"alg": "Ed25519", "kid": KEY.kid}
    other = OKPKey.generate_key("Ed25519")
    assert not is_signed(*_parts(one), str(other.as_dict(private=False)["x"]))
    assert sign(one.manifest, KEY.private) == one.signed.signature


def test_other_processes_draw_the_same() -> None:
    """With one thread and many, and on a poorer processor."""
    one = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    one |= {"OPENCV_IPP": "disabled", "OPENCV_CPU_DISABLE": "AVX2,AVX512-SKX"}
    one |= {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}
    many = {"OMP_NUM_THREADS": "7", "OPENCV_FOR_THREADS_NUM": "7", "PYTHONHASHSEED": "42"}
    program = (
        "from tests.verification.test_manifests import rasters; import json; "
        "print(json.dumps(rasters()))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], env=os.environ | each, stdout=subprocess.PIPE
        )
        for each in (one, many)
    ]
    for process in started:
        printed, _ = process.communicate()
        assert process.returncode == 0
        assert json.loads(printed.splitlines()[-1]) == rasters()


def rasters() -> list[str]:
    return [made(crowd(12), style).manifest.raster for style in STYLES]


def _broken() -> list[Any]:
    """Files that are no manifests, though most are nearly one."""
    whole = json.loads(write_signed(made(crowd(1)).manifest, "aa..bb"))

    def with_(**changes: Any) -> dict[str, Any]:
        return {**whole, "manifest": {**whole["manifest"], **changes}}

    figure = whole["manifest"]["figures"][0]
    return [
        b"", b"null", b"[]", b"{}", b"{", b"[" * 100_000, b"\xff\xfe", b"x" * 3_000_000,
        {**whole, "more": 1}, {"manifest": whole["manifest"]}, {**whole, "signature": "a.b.c"},
        with_(more=1), with_(score=0.5), with_(format="nigiwai-picture-2"), with_(camera="../x"),
        with_(camera="CAMERA"), with_(picture="20260231T120000-" + "0" * 32),
        with_(picture="x"), with_(taken_at="2026-03-02T12:00:30.5Z"), with_(taken_at=1),
        with_(taken_at="2026-3-2T12:00:30Z"), with_(width=0), with_(width=True), with_(width=1.0),
        with_(width=10**6), with_(height="240"), with_(background_sha256="A" * 64),
        with_(raster_sha256="0" * 63), with_(jpeg_sha256=None), with_(key="short"),
        with_(engine={"name": "standard"}), with_(engine={"name": "a\nb", "version": "1"}),
        with_(engine={"name": "", "version": "1"}),
        with_(engine={"name": "n" * 101, "version": "1"}),
        with_(style={"name": "figure", "version": 0, "library": "x"}),
        with_(figures={}), with_(figures=[[]]), with_(figures=[None]), with_(figures=[["person"]]),
        with_(figures=[[["standing"], 1, 2, 3, 4]]), with_(figures=[figure[:-1]]),
        with_(figures=[[*figure, 1]]), with_(figures=[["standing", 10, 1, 1, 27]]),
        with_(figures=[["standing", 10, 1, 1, -1]]), with_(figures=[["mark", 0, 1, 1, 1]]),
        with_(figures=[["standing", 10.0, 1, 1, 1]]), with_(figures=[["standing", 10, True, 1, 1]]),
        with_(figures=[["standing", 10**9, 1, 1, 1]]), with_(figures=[["posed", 1, *[5] * 26]]),
        with_(figures=[["mark", 9, 1, 1, 1]] * 10_001),
    ]  # fmt: skip


def test_whatever_is_no_manifest_is_refused() -> None:
    for number, each in enumerate(_broken()):
        data = each if isinstance(each, bytes) else json.dumps(each).encode()
        with pytest.raises(ManifestRefused):
            pytest.fail(f"{number}: {read_signed(data)}")
    for packed in (b"", b"\x01", b"\x02abc", b"\x01\xff\xff", pack(made(crowd(1)).manifest)[:-9]):
        with pytest.raises(ManifestRefused):
            unpack(packed)


def test_a_manifest_takes_little_room() -> None:
    """What 43,200 a month and camera rest on: 10 people in well under half a kilobyte."""
    assert len(pack(made(crowd(10)).manifest)) < 420


def _alike() -> list[tuple[People, Any]]:
    """The same people to the eye: other scores, and a few hundredths of a pixel."""
    one, moved = crowd(3), crowd(3)
    boxes = moved.boxes + np.float32(0.01)
    assert moved.keypoints is not None
    points = np.concatenate([moved.keypoints[..., :2], moved.keypoints[..., 2:] - 0.1], axis=2)
    other = People(boxes, one.scores - np.float32(0.3), points.astype(np.float32), moved.heads)
    return [(one, one.scores), (other, other.scores)]


def _parts(one: Made) -> tuple[Manifest, bytes]:
    return one.manifest, one.signed.signature


def _base64url(data: bytes) -> bytes:
    import base64

    return base64.urlsafe_b64encode(data).rstrip(b"=")


def test_a_name_holds_its_minute() -> None:
    minute = datetime(2026, 3, 2, 21, 0, tzinfo=AT.tzinfo)
    assert replace(made(crowd(0)).manifest, picture=picture_name(minute, "0" * 32)).minute == minute
