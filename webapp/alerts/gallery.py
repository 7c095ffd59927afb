"""The gallery of alert pictures (テンプレート): designed here, drawn in Japanese and English.

A template is an SVG of ``templates/alert_pictures``; its words go through the catalogues. Where
a second line could say when it is usually quiet (B6), ``hint`` takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import resvg_py
from nigiwai_engine_api.types import Frame

from webapp.domain.alerts import Level
from webapp.domain.pictures import encode_jpeg
from webapp.i18n import LANGUAGES, N_
from webapp.settings import ROOT
from webapp.templating import environment_for

WIDTH, HEIGHT = 1280, 720
FONT = ROOT / "webapp" / "static" / "vendor" / "noto-sans-jp-whole" / "NotoSansJP-Bold.ttf"


@dataclass(frozen=True, slots=True)
class Template:
    """One design: its level decides colours and shape; ``people`` of ten are there.

    ``takes_hint`` says that its second line may tell when it is usually quiet.
    """

    name: str
    level: Level
    people: int
    headline: str
    line: str = ""
    takes_hint: bool = False


TEMPLATES = (
    Template("free", Level.FREE, 2, N_("ただいま空いています")),
    Template(
        "welcome",
        Level.FREE,
        3,
        N_("ゆったり過ごせます"),
        N_("お気軽にお立ち寄りください"),
    ),
    Template("some", Level.SOME, 6, N_("やや混み合っています")),
    Template(
        "some_later",
        Level.SOME,
        6,
        N_("やや混み合っています"),
        N_("時間に余裕をもってお越しください"),
        takes_hint=True,
    ),
    Template("busy", Level.BUSY, 10, N_("ただいま混雑しています")),
    Template(
        "busy_later",
        Level.BUSY,
        10,
        N_("施設内混雑中です"),
        N_("時間をおいてのご来場をおすすめします"),
        takes_hint=True,
    ),
    Template(
        "full",
        Level.BUSY,
        10,
        N_("ただいま満員です"),
        N_("ご入場をお待ちいただく場合があります"),
    ),
)
_BY_NAME = {template.name: template for template in TEMPLATES}


def choices() -> list[tuple[str, Template, str]]:
    """Every design in every language: its value in forms, the design, the language."""
    return [
        (f"{template.name}.{language}", template, language)
        for language in LANGUAGES
        for template in TEMPLATES
    ]


def read_choice(value: str) -> tuple[Template, str] | None:
    """The design and the language of a value of a form; None for what is none."""
    name, _, language = value.partition(".")
    template = _BY_NAME.get(name)
    if template is None or language not in LANGUAGES:
        return None
    return template, language


@lru_cache(maxsize=64)
def draw(value: str, hint: str = "", font: Path = FONT) -> bytes:
    """The picture of a choice as JPEG, 1280x720. ValueError for a choice that is none.

    ``hint`` are words in the picture's language that stand where its second line would.
    """
    chosen = read_choice(value)
    if chosen is None:
        raise ValueError(f"no template {value!r}")
    template, language = chosen
    svg = (
        environment_for(language)
        .get_template("alert_pictures/template.svg")
        .render(
            template=template,
            line=hint if hint and template.takes_hint else "",
            width=WIDTH,
            height=HEIGHT,
            language=language,
        )
    )
    png = resvg_py.svg_to_bytes(
        svg_string=svg, font_files=[str(font)], skip_system_fonts=True, width=WIDTH, height=HEIGHT
    )
    pixels = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("the drawing is no picture")
    return encode_jpeg(Frame(pixels.astype(np.uint8)), quality=88)
