"""Embeds (E1): how a camera or a group is shown on somebody's page, and the code for it.

Pure: rules, addresses and texts. What a viewer sees of the object itself is decided in
``webapp.domain.viewing``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from html import escape
from typing import Any
from urllib.parse import urlsplit

# What a fixed embed measures, and what the aspect of one that scales is made from, in CSS pixels.
WIDTH, HEIGHT = 640, 460
LARGEST_WIDTH = 1280
MOST_SITES = 20
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


class Form(StrEnum):
    """表示形式: how an embed behaves when its page grows and shrinks."""

    FIXED = "fixed"  # 拡大縮小なし
    HD = "hd"  # 拡大縮小あり／サイズ上限あり: up to 1280 pixels wide
    FREE = "free"  # 拡大縮小あり／サイズ上限なし


class View(StrEnum):
    """The two sides of an embed, of which it shows one at a time."""

    PICTURE = "picture"  # 混雑状況可視化
    FORECAST = "forecast"  # 混雑予測


class Shows(StrEnum):
    """表示設定: which of its sides an embed has."""

    BOTH = "both"
    PICTURE = "picture"
    FORECAST = "forecast"


class Language(StrEnum):
    """In which language an embed speaks."""

    BROWSER = "browser"
    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen of an embed, with the defaults of E1.

    ``refreshes`` 自動更新; without it there is a button instead. ``counts`` 検知人数表示: without
    it no public form holds the number. ``first`` 初期表示: the side that it begins with.
    """

    form: Form = Form.HD
    refreshes: bool = True
    counts: bool = True
    language: Language = Language.BROWSER
    shows: Shows = Shows.BOTH
    first: View = View.PICTURE

    @property
    def has_both(self) -> bool:
        """Whether there is something to switch to."""
        return self.shows is Shows.BOTH

    @property
    def other(self) -> View:
        """The side that is not shown first."""
        return View.FORECAST if self.first is View.PICTURE else View.PICTURE

    def side(self, asked: str) -> View:
        """The side that somebody asked for, if there is such a side; else the first one."""
        return self.other if self.has_both and asked == self.other else self.first

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def read_options(stored: Mapping[str, Any]) -> Options:
    """Options as they were stored; what makes no sense (any more) is the default.

    Two exceptions: a count is shown only where that was stored in so many words, and what was
    made before there were two sides goes on with the one that it had.
    """
    form, language = str(stored.get("form")), str(stored.get("language"))
    shows, first = str(stored.get("shows")), str(stored.get("first"))
    has = Shows(shows) if shows in set(Shows) else Shows.PICTURE
    if has is not Shows.BOTH:
        first = has.value
    return Options(
        form=Form(form) if form in set(Form) else Form.HD,
        refreshes=stored.get("refreshes") is not False,
        counts=stored.get("counts") is True,
        language=Language(language) if language in set(Language) else Language.BROWSER,
        shows=has,
        first=View(first) if first in set(View) else View.PICTURE,
    )


@dataclass(frozen=True, slots=True)
class Codes:
    """What is copied into a page: an iframe, an ``<img>``, our element, and where JSON is."""

    iframe: str
    img: str
    element: str
    json: str


def codes(address: str, script: str, title: str, options: Options) -> Codes:
    """The code for a variant at ``address`` (``https://host/e/key/variant``).

    ``script`` is the address of the file that knows ``<nigiwai-embed>``. ``title`` may be
    anything: it is escaped.
    """
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    look = "border:0"
    if options.form is not Form.FIXED:
        most = f";max-width:{LARGEST_WIDTH}px" if options.form is Form.HD else ""
        look = f"border:0;width:100%;height:auto;aspect-ratio:{WIDTH}/{HEIGHT}{most}"
    name, at = escape(title), escape(address)
    return Codes(
        iframe=f'<iframe src="{at}" title="{name}" {size} style="{look}" loading="lazy"></iframe>',
        img=f'<img src="{at}.jpg" alt="{name}" style="max-width:100%;height:auto">',
        element=f'<script src="{escape(script)}" async></script>\n'
        f'<nigiwai-embed src="{at}" name="{name}" form="{options.form}"></nigiwai-embed>',
        json=f"{address}.json",
    )


def read_sites(text: str) -> tuple[list[str], list[str]]:
    """The origins in a text with one a line or between commas, and what could not be read.

    A whole address counts as its origin, and a bare host as https.
    """
    sites: list[str] = []
    refused: list[str] = []
    for part in re.split(r"[\s,、]+", text):
        if not part:
            continue
        origin = origin_of(part if "://" in part else f"https://{part}")
        if not origin:
            refused.append(part[:100])
        elif origin not in sites:
            sites.append(origin)
    return sites, refused


def origin_of(address: str) -> str:
    """The origin of an http(s) address as a browser would name it; empty when it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in _PORTS or parts.username is not None or not _HOST.fullmatch(host):
        return ""
    return f"{parts.scheme}://{host}" + ("" if port in {None, _PORTS[parts.scheme]} else f":{port}")


def frame_ancestors(sites: Sequence[str]) -> str:
    """Who may frame an embed, for its Content-Security-Policy."""
    return " ".join(sites) if sites else "*"
