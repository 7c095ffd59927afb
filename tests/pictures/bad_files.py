"""Pictures that are wrong, made in code: each with the problems that may be named, or a size.

``(name, bytes, expected)``: ``expected`` is a set of problems, or the (height, width) of the
pixels that come out although something is odd.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from webapp.domain.pictures import PictureProblem

Expected = set[PictureProblem] | tuple[int, int]
P = PictureProblem
WIDTH, HEIGHT = 120, 80
SIZE = (HEIGHT, WIDTH)


def scene() -> Image.Image:
    """A picture with structure everywhere, no grey corner and four different quarters."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    wave = 40 * np.sin(x / 7) + 30 * np.cos(y / 5)
    planes = [90 + x + wave, 60 + 2 * y + wave, 200 - x - y / 2 + wave]
    return Image.fromarray(np.clip(np.stack(planes, 2), 0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, packed: bytes, *, head: bytes = b"\x08\x02\0\0\0", extra: bytes = b""
) -> bytes:
    ihdr = struct.pack(">II", width, height) + head
    body = chunk(b"IHDR", ihdr) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def rows(width: int, count: int) -> bytes:
    return zlib.compress((b"\0" + b"\x20\x50\x90" * width) * count, 9)


def sof_at(data: bytes, marker: bytes = b"\xff\xc0") -> int:
    return data.index(marker)


def patched(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


def bad_files() -> Iterator[tuple[str, bytes, Expected]]:
    """Yield the whole corpus."""
    yield from not_pictures()
    yield from truncated()
    yield from bombs()
    yield from broken_jpegs()
    yield from broken_pngs()
    yield from polyglots()
    yield from odd_but_whole()


def not_pictures() -> Iterator[tuple[str, bytes, Expected]]:
    yield "empty", b"", {P.EMPTY}
    yield "too large", b"\xff\xd8\xff" + bytes(10_000_000), {P.TOO_LARGE}
    for kind in ("gif", "webp", "bmp", "tiff", "ppm", "ico", "jpeg2000", "tga", "pcx"):
        image = scene().convert("P") if kind == "gif" else scene()
        yield kind, saved(image, kind), {P.NOT_A_PICTURE}
    texts = {
        "html": "<!doctype html><title>401</title>",
        "svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "json": '{"error": "busy"}',
        "zip": "PK\x03\x04",
        "pdf": "%PDF-1.7",
        "exe": "MZ",
        "shell": "#!/bin/sh\nid",
        "one byte": "\xff",
        "multipart": "--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff",
        "newlines first": "\n\n\xff\xd8\xff\xe0",
    }
    for name, text in texts.items():
        yield name, text.encode("latin-1") + b" " * 50, {P.NOT_A_PICTURE}
    yield "avif", b"\0\0\0\x1cftypavif" + bytes(60), {P.NOT_A_PICTURE}
    yield "noise", np.random.default_rng(1).bytes(5000), {P.NOT_A_PICTURE}


def truncated() -> Iterator[tuple[str, bytes, Expected]]:
    cut = {P.TRUNCATED, P.NOT_A_PICTURE, P.DAMAGED}
    files = {
        "jpeg": saved(scene(), "jpeg"),
        "progressive": saved(scene(), "jpeg", progressive=True),
        "png": saved(scene(), "png"),
    }
    for name, data in files.items():
        for part in (1, 3, 7, 11, 16, 20, 23, 27, 30, 31):
            yield f"{name} cut at {part}/32", data[: len(data) * part // 32], cut
        for length in (2, 3, 4, 8, 12, 33):
            yield f"{name} first {length} bytes", data[:length], cut
        for less in (1, 2, 3, 12):
            yield f"{name} less {less} bytes", data[:-less], cut
    for part in (20, 24, 28):
        for name, options in {"jpeg": {}, "restarts": {"restart_marker_rows": 1}}.items():
            data = saved(scene(), "jpeg", quality=90, **options)
            half = data[: len(data) * part // 32]
            yield f"{name} {part}/32 with an end mark", half + b"\xff\xd9", cut
        data = saved(scene().convert("CMYK"), "jpeg", quality=90)
        half = data[: len(data) * part // 32]
        yield f"cmyk {part}/32 with an end mark", half + b"\xff\xd9", cut


def bombs() -> Iterator[tuple[str, bytes, Expected]]:
    many = {P.TOO_MANY_PIXELS}
    jpeg = saved(scene(), "jpeg")
    progressive = saved(scene(), "jpeg", progressive=True)
    for side in (4200, 11_000, 30_000, 65_535):
        size = struct.pack(">HH", side, side)
        yield f"jpeg {side}", patched(jpeg, sof_at(jpeg) + 5, size), many
        yield (
            f"progressive {side}",
            patched(progressive, sof_at(progressive, b"\xff\xc2") + 5, size),
            many,
        )
        yield f"png {side}", png(side, side, rows(64, 64)), many
    yield (
        "progressive of 9 megapixels",
        saved(Image.new("RGB", (3000, 3000)), "jpeg", progressive=True),
        many,
    )
    yield "png of 2**31 pixels a side", png(2**31 - 1, 2**31 - 1, rows(4, 4)), many
    yield "png 16 bit bomb", png(20_000, 20_000, rows(4, 4), head=b"\x10\x06\0\0\0"), many
    whole = zlib.compress(bytes(354_000_000 // 1000), 9)
    yield "png of 354 MB", png(10_860, 10_860, whole), many
    text = zlib.compress(bytes(30_000_000), 9)
    for kind in (b"zTXt", b"iCCP"):
        extra = chunk(kind, b"a\0\0" + text)
        yield f"png with a large {kind!r}", png(60, 40, rows(60, 40), extra=extra), (40, 60)
    yield "png that unpacks to more", png(60, 40, rows(60, 90_000)), (40, 60)
    start = jpeg.index(b"\xff\xda")
    scans = jpeg[:-2] + jpeg[start:-2] * 300 + b"\xff\xd9"
    yield "jpeg of 300 passes", scans, {P.UNSUPPORTED}


def broken_jpegs() -> Iterator[tuple[str, bytes, Expected]]:
    data = saved(scene(), "jpeg")
    sof = sof_at(data)
    start = data.index(b"\xff\xda")
    for marker in (0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCF):
        yield f"jpeg of kind {marker:X}", patched(data, sof + 1, bytes([marker])), {P.UNSUPPORTED}
    yield "12 bits", patched(data, sof + 4, b"\x0c"), {P.UNSUPPORTED}
    yield "no height", patched(data, sof + 5, b"\0\0"), {P.DAMAGED}
    yield "no width", patched(data, sof + 7, b"\0\0"), {P.DAMAGED}
    yield "seven channels", patched(data, sof + 9, b"\x07"), {P.DAMAGED}
    yield "no channels", patched(data, sof + 9, b"\0"), {P.DAMAGED}
    yield "two sizes", data[:sof] + data[sof:start] + data[sof:], {P.DAMAGED}
    yield "no size", data[:sof] + data[start:], {P.DAMAGED}
    yield "no pixels", data[:start] + b"\xff\xd9", {P.DAMAGED}
    yield "start and end only", b"\xff\xd8\xff\xd9", {P.DAMAGED}
    yield "starts again", data[:2] + data, {P.DAMAGED}
    yield "stray bytes", data[:sof] + b"xx" + data[sof:], {P.DAMAGED}
    yield "length 0", data[:2] + b"\xff\xe1\0\0" + data[2:], {P.DAMAGED}
    yield "length past the end", data[:2] + b"\xff\xe1\xff\xff" + data[2:], {P.TRUNCATED, P.DAMAGED}
    yield "height at the end", data[:-2] + b"\xff\xdc\0\x04\0\x50\xff\xd9", {P.UNSUPPORTED}
    yield "no Huffman tables, as in films", data[: data.index(b"\xff\xc4")] + data[start:], SIZE
    quantisation = data.index(b"\xff\xdb")
    yield "no quantisation", data[:quantisation] + data[sof:], {P.DAMAGED}
    yield "1x1", saved(Image.new("RGB", (1, 1)), "jpeg"), {P.TOO_SMALL}
    yield "a line", saved(Image.new("RGB", (2000, 1)), "jpeg"), {P.TOO_SMALL}


def broken_pngs() -> Iterator[tuple[str, bytes, Expected]]:
    data = saved(scene(), "png")
    for at in (20, 30, 60, len(data) // 2, len(data) - 6):
        flipped = patched(data, at, bytes([data[at] ^ 0x40]))
        yield f"png with a bit wrong at {at}", flipped, {P.DAMAGED, P.TRUNCATED, P.UNSUPPORTED}
    packed = rows(60, 40)
    yield "half the rows", png(60, 40, rows(60, 20)), {P.DAMAGED}
    yield "packed data cut", png(60, 40, packed[:-5]), {P.DAMAGED}
    yield "packed data is noise", png(60, 40, b"\x78\x9c" + b"\x55" * 90), {P.DAMAGED}
    yield "no packed data", png(60, 40, b""), {P.DAMAGED}
    for name, head in {
        "depth": b"\x07\x02\0\0\0",
        "colour": b"\x08\x05\0\0\0",
        "packing": b"\x08\x02\1\0\0",
        "filter": b"\x08\x02\0\1\0",
        "interlace": b"\x08\x02\0\0\2",
    }.items():
        yield f"unknown {name}", png(60, 40, packed, head=head), {P.UNSUPPORTED}
    yield "unknown part", png(60, 40, packed, extra=chunk(b"EVIL", b"x")), {P.UNSUPPORTED}
    yield "two headers", png(60, 40, packed, extra=data[8:33]), {P.DAMAGED}
    yield "no header", data[:8] + data[33:], {P.DAMAGED}
    yield "header of 5 bytes", data[:8] + chunk(b"IHDR", b"12345") + data[33:], {P.DAMAGED}
    yield "png of no width", png(0, 40, packed), {P.DAMAGED}
    yield "palette missing", png(60, 40, packed, head=b"\x08\x03\0\0\0"), {P.DAMAGED}
    yield "png 1x1", png(1, 1, rows(1, 1)), {P.TOO_SMALL}
    yield "chunk of 4 GB", data[:8] + b"\xff\xff\xff\xff" + data[12:], {P.TRUNCATED}


def polyglots() -> Iterator[tuple[str, bytes, Expected]]:
    jpeg, flat = saved(scene(), "jpeg"), saved(scene(), "png")
    script = b"<script>alert(document.domain)</script>"
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    yield "jpeg with a script in a comment", jpeg[:2] + comment + jpeg[2:], SIZE
    yield "jpeg followed by a zip", jpeg + b"PK\x03\x04" + bytes(400), SIZE
    yield "jpeg followed by html", jpeg + script, SIZE
    yield "jpeg followed by a jpeg", jpeg + saved(Image.new("RGB", (64, 64)), "jpeg"), SIZE
    yield "jpeg padded", jpeg + bytes(5000), SIZE
    yield "png followed by php", flat + b"<?php system($_GET[0]); ?>", SIZE
    yield (
        "png with a script",
        png(60, 40, rows(60, 40), extra=chunk(b"tEXt", b"a\0" + script)),
        (40, 60),
    )
    second = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "lime")]
    animated = saved(scene(), "png", save_all=True, append_images=second)
    yield "animated png", animated, SIZE
    yield "mpo", saved(scene(), "mpo", save_all=True, append_images=second), SIZE


def odd_but_whole() -> Iterator[tuple[str, bytes, Expected]]:
    image = scene()
    for name, data in whole_files(image).items():
        yield name, data, SIZE
    exif = Image.Exif()
    exif[274] = 6
    yield "exif jpeg", saved(image, "jpeg", exif=exif), (WIDTH, HEIGHT)
    yield "exif png", saved(image, "png", exif=exif), (WIDTH, HEIGHT)
    exif[274] = 99
    yield "exif with nonsense", saved(image, "jpeg", exif=exif), SIZE
    broken = saved(image, "jpeg", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")
    yield "broken exif", broken, SIZE


def whole_files(image: Image.Image) -> dict[str, bytes]:
    """The same picture, written in every way that cameras and tools write."""
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return {
        "jpeg": saved(image, "jpeg", quality=95),
        "jpeg 4:4:4": saved(image, "jpeg", quality=95, subsampling=0),
        "jpeg restarts": saved(image, "jpeg", quality=95, restart_marker_rows=1),
        "jpeg progressive": saved(image, "jpeg", quality=95, progressive=True),
        "jpeg grey": saved(image.convert("L"), "jpeg", quality=95),
        "jpeg cmyk": saved(image.convert("CMYK"), "jpeg", quality=95),
        "png": saved(image, "png"),
        "png grey": saved(image.convert("L"), "png"),
        "png 16 bit": saved(deep, "png"),
        "png palette": saved(image.quantize(256), "png"),
        "png alpha": saved(image.convert("RGBA"), "png"),
        "png grey alpha": saved(image.convert("LA"), "png"),
        "png transparent colour": saved(image, "png", transparency=(90, 60, 200)),
    }
