"""QR codes: as SVG for pages and paper, as PNG to download (E4, E6)."""

from __future__ import annotations

import io
from functools import lru_cache

import segno
from markupsafe import Markup

# The quiet zone that readers ask for, in dots.
_BORDER = 4
# Of a PNG, at least this many pixels a side: enough for a printed poster.
_LARGE = 1200


@lru_cache(maxsize=512)
def code_svg(link: str) -> Markup:
    """The code of an ASCII address, to stand in a page: black on white whatever the theme."""
    drawn = _code(link).svg_inline(
        border=_BORDER, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - drawn from numbers alone


def code_file(link: str, kind: str) -> bytes:
    """The code as a file of its own: ``kind`` is svg or png."""
    code, out = _code(link), io.BytesIO()
    scale = max(1, -(-_LARGE // (code.symbol_size(border=_BORDER)[0])))
    if kind == "svg":
        code.save(out, kind="svg", border=_BORDER, scale=10, dark="#000", light="#fff")
    else:
        code.save(out, kind="png", border=_BORDER, scale=scale, dark="#000", light="#fff")
    return out.getvalue()


def _code(link: str) -> segno.QRCode:
    # M survives a sticker's wear; segno raises it where the size stays the same.
    return segno.make_qr(link.encode("ascii"), error="m")
