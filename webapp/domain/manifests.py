"""What is said of one published picture, so that anybody can draw it anew (B1).

A manifest names the background (by the SHA-256 of its file), the engine and the style, the
figures as they are drawn, the picture's place and time, and digests of its pixels and of its
JPEG file. It holds nothing of people but ``webapp.domain.geometry``: no boxes, scores or ids, and
nobody of whom no pixel is to be seen. Of a figure that is partly hidden it holds all of it: also
where its hidden joints are, which the picture does not tell.

It is signed as its canonical JSON: keys sorted, no spaces, ASCII. The file that is given away
is ``{"manifest": {…}, "signature": "…"}``, the signature a JWS whose payload is detached.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from webapp.domain.geometry import SHADES, Figure, Mark, Posed, Standing, area_of
from webapp.domain.pictograms import Rect
from webapp.domain.poses import Pose

FORMAT = "nigiwai-picture-1"
MOST_BYTES = 2_000_000
MOST_FIGURES = 10_000
MOST_SIDE = 65_535
# So many times over may figures cover their picture. A crowd does so a few times; more only
# takes the time of whoever draws it.
MOST_COVERED = 100

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CAMERA = re.compile(r"[a-z0-9]{1,16}")
_PICTURE = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{32}")  # ``\d`` takes any script's digits
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{1,400}\.\.[A-Za-z0-9_-]{1,200}")
_MINUTE = "%Y%m%dT%H%M%S"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class ManifestRefused(ValueError):
    """What was given is no manifest of ours; the message says in English what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One picture.

    ``camera``   the public id of the camera, whose signing keys are its own.
    ``picture``  the picture's name: its minute (UTC), and 128 random bits.
    ``taken_at`` whole seconds, UTC.
    ``background``, ``raster``, ``jpeg``  SHA-256 in hexadecimal digits: of the background's PNG
    file, of the drawn pixels (``webapp.domain.rasters``), of the published file.
    ``library``  what filled the outlines, with its version.
    ``key``      the id of the key that signs.
    """

    camera: str
    picture: str
    taken_at: datetime
    width: int
    height: int
    background: str
    engine: str
    engine_version: str
    style: str
    style_version: int
    library: str
    figures: tuple[Figure, ...]
    raster: str
    jpeg: str
    key: str

    @property
    def minute(self) -> datetime:
        """The minute that the picture is named after."""
        return minute_of(self.picture)

    def as_json(self) -> dict[str, Any]:
        """As it is published, before it is signed."""
        return {
            "format": FORMAT,
            "camera": self.camera,
            "picture": self.picture,
            "taken_at": self.taken_at.strftime(_TIME),
            "width": self.width,
            "height": self.height,
            "background_sha256": self.background,
            "engine": {"name": self.engine, "version": self.engine_version},
            "style": {
                "name": self.style,
                "version": self.style_version,
                "library": self.library,
            },
            "figures": [_figure_as_json(figure) for figure in self.figures],
            "raster_sha256": self.raster,
            "jpeg_sha256": self.jpeg,
            "key": self.key,
        }

    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return _canonical(self.as_json())


def word(text: str) -> str:
    """A name or version of anybody's, as a manifest may hold it."""
    return "".join(each for each in text if each.isprintable())[:100] or "?"


def picture_name(minute: datetime, token: str) -> str:
    """Name a picture; ``token`` are 32 hexadecimal digits that nobody can guess."""
    return f"{minute.astimezone(UTC):{_MINUTE}}-{token}"


def minute_of(picture: str) -> datetime:
    """The minute in a picture's name; ``ManifestRefused`` when there is none."""
    if not _PICTURE.fullmatch(picture):
        raise ManifestRefused("This is not the name of a picture.")
    try:
        return datetime.strptime(picture.partition("-")[0], _MINUTE).replace(tzinfo=UTC)
    except ValueError:
        raise ManifestRefused("The name of the picture holds no time.") from None


def write_signed(manifest: Manifest, signature: str) -> bytes:
    """The file that is given away."""
    whole = {"manifest": manifest.as_json(), "signature": signature}
    return (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode()


def read_signed(data: bytes) -> tuple[Manifest, str]:
    """Read such a file; ``ManifestRefused`` for whatever is not one, to the letter."""
    whole = _object(_load(data), {"manifest", "signature"})
    signature = _text(whole["signature"], _SIGNATURE, "signature")
    manifest = _read(whole["manifest"])
    canvas = Rect(0, 0, manifest.width, manifest.height)
    covered = sum(area_of(figure, canvas) for figure in manifest.figures)
    if covered > MOST_COVERED * manifest.width * manifest.height:
        raise ManifestRefused("The figures cover the picture more often than anybody would draw.")
    return manifest, signature


def pack(manifest: Manifest) -> bytes:
    """What the database keeps of it: a third of its canonical JSON."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_USUAL)
    return _PACKED + packer.compress(manifest.canonical()) + packer.flush()


def unpack(packed: bytes) -> Manifest:
    """Read what ``pack`` wrote; ``ManifestRefused`` for anything else."""
    if packed[:1] != _PACKED:
        raise ManifestRefused("This was packed in a way that is not known here.")
    unpacker = zlib.decompressobj(-15, zdict=_USUAL)
    try:
        data = unpacker.decompress(packed[1:], MOST_BYTES)
    except zlib.error:
        raise ManifestRefused("This is damaged.") from None
    return _read(_load(data))


def _read(value: Any) -> Manifest:
    names = {"format", "camera", "picture", "taken_at", "width", "height", "background_sha256"}
    names |= {"engine", "style", "figures", "raster_sha256", "jpeg_sha256", "key"}
    read = _object(value, names)
    if read["format"] != FORMAT:
        raise ManifestRefused("This is no manifest, or one of a format that is not known here.")
    engine = _object(read["engine"], {"name", "version"})
    style = _object(read["style"], {"name", "version", "library"})
    width, height = (_number(read[name], 1, MOST_SIDE, name) for name in ("width", "height"))
    picture = _text(read["picture"], _PICTURE, "picture")
    minute_of(picture)
    return Manifest(
        camera=_text(read["camera"], _CAMERA, "camera"),
        picture=picture,
        taken_at=_instant(read["taken_at"]),
        width=width,
        height=height,
        background=_text(read["background_sha256"], _SHA256, "background_sha256"),
        engine=_word(engine["name"]),
        engine_version=_word(engine["version"]),
        style=_word(style["name"]),
        style_version=_number(style["version"], 1, 1_000_000, "style"),
        library=_word(style["library"]),
        figures=_figures(read["figures"], max(width, height)),
        raster=_text(read["raster_sha256"], _SHA256, "raster_sha256"),
        jpeg=_text(read["jpeg_sha256"], _SHA256, "jpeg_sha256"),
        key=_text(read["key"], _KEY, "key"),
    )


def _figure_as_json(figure: Figure) -> list[Any]:
    """A word that says which kind, and whole numbers in the order of its class."""
    if isinstance(figure, Posed):
        head, *pairs = figure.pose[1:]
        joints = [*head, *chain.from_iterable(chain.from_iterable(pairs))]
        return ["posed", figure.shade, figure.pose.height, *joints]
    return ["standing" if isinstance(figure, Standing) else "mark", *figure]


def _figures(value: Any, side: int) -> tuple[Figure, ...]:
    if not isinstance(value, list) or len(value) > MOST_FIGURES:
        raise ManifestRefused("The figures are no list, or too many.")
    return tuple(_read_figure(each, side) for each in value)


def _read_figure(value: Any, side: int) -> Figure:
    kind: Any = None
    numbers: list[Any] = []
    if isinstance(value, list) and value:
        kind, *numbers = value
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None or len(numbers) != make[0]:
        raise ManifestRefused("A figure is of a kind that is not known here.")
    # Wider than any person who was found in a picture of this size, in sixteenths of a pixel.
    far = 16 * (20 * side + 2000)
    for number in numbers:
        _number(number, -far, far, "figures")
    figure = make[1](numbers)
    height = figure.pose.height if isinstance(figure, Posed) else figure.height
    if height < 1 or not 0 <= figure.shade <= SHADES:
        raise ManifestRefused("A figure is of no size, or of no shade.")
    return figure


def _posed(numbers: list[int]) -> Posed:
    shade, height, *joints = numbers
    head, *points = zip(joints[::2], joints[1::2], strict=True)
    return Posed(Pose(height, head, *zip(points[::2], points[1::2], strict=True)), shade)


_KINDS: dict[str, tuple[int, Callable[[list[int]], Figure]]] = {
    "standing": (4, lambda numbers: Standing(*numbers)),
    "mark": (4, lambda numbers: Mark(*numbers)),
    "posed": (28, _posed),
}


def _load(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise ManifestRefused("This is too long for a manifest.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ManifestRefused("This is no JSON.") from None


def _object(value: Any, names: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise ManifestRefused("This is no manifest: something is missing, or there is more in it.")
    return value


def _text(value: Any, pattern: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ManifestRefused(f"{name} is not what it should be.")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or word(value) != value:
        raise ManifestRefused("A name or a version is not what it should be.")
    return value


def _number(value: Any, least: int, most: int, name: str) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ManifestRefused(f"{name} is no whole number, or out of bounds.")
    return value


def _instant(value: Any) -> datetime:
    try:
        read = datetime.strptime(value, _TIME).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise ManifestRefused("taken_at is no time.") from None
    if read.strftime(_TIME) != value:
        raise ManifestRefused("taken_at is no time.")
    return read


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


_PACKED = b"\x01"
# What every manifest has: it is not written again each minute. With another text, another
# ``_PACKED`` would have to be read beside this one.
_USUAL = (
    b'"mark","posed","standing","nigiwai-picture-1","style":{"library":"OpenCV 4.13.0","name":'
    b'"mark","pose","version":2}'
    b'{"background_sha256":"","camera":"","engine":{"name":"detailed","wide","version":"1.0.0"},'
    b'{"background_sha256":"","camera":"","engine":{"name":"standard","version":"0.1.0"},'
    b'"figures":[["standing",],["mark",],["posed",]],"format":"nigiwai-picture-1","height":576,'
    b'"height":1080,"jpeg_sha256":"","key":"","picture":"20260000T000000-","raster_sha256":"",'
    b'"style":{"library":"OpenCV 5.0.0","name":"figure","version":1},"taken_at":"2026-0T00:00:00Z",'
    b'"width":768,"width":1920}'
)
