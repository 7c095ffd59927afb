"""The card of a site: the picture that messengers and networks show beside its address (E4).

Drawn here from the site's name, the organisation's name, colour and logo. No camera's picture
and nobody is on it: it would be old, and it would have to be counted.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

import anyio
import anyio.to_thread
import resvg_py

from webapp.domain.colours import clear_ink
from webapp.domain.lines import fitted
from webapp.i18n import N_, Locale
from webapp.settings import ROOT
from webapp.templating import environment_for

WIDTH, HEIGHT = 1200, 630
COLOUR = "#0055ad"  # of a site whose organisation has chosen none
FONT = ROOT / "webapp" / "static" / "vendor" / "noto-sans-jp-whole" / "NotoSansJP-Bold.ttf"
HEADLINE = N_("いまの混雑状況")
# Sizes of the name, the largest first, and how many lines of it there is room for.
_SIZES = ((96, 2), (76, 3), (56, 4), (44, 5))
_ROOM = 1040
# Drawing takes a tenth of a second of one core: others wait their turn, not for the core.
_one_at_a_time = anyio.CapacityLimiter(1)


async def draw_card(
    name: str, organisation_name: str, colour: str, logo: bytes | None, language: str
) -> bytes:
    """The card as PNG, 1200x630. The same is drawn once."""
    return await anyio.to_thread.run_sync(
        draw, name, organisation_name, colour or COLOUR, logo, language, limiter=_one_at_a_time
    )


@lru_cache(maxsize=64)
def draw(
    name: str,
    organisation_name: str,
    colour: str,
    logo: bytes | None,
    language: str,
    font: Path = FONT,
) -> bytes:
    """The same, drawn here and now."""
    size, lines = fitted(name, _ROOM, _SIZES)
    svg = (
        environment_for(language)
        .get_template("sites/card.svg")
        .render(
            width=WIDTH,
            height=HEIGHT,
            colour=colour,
            ink=clear_ink(colour),
            size=size,
            lines=lines,
            headline=Locale(language).gettext(HEADLINE),
            organisation_name=fitted(organisation_name, 740 if logo else _ROOM, ((32, 1),))[1][0],
            logo=base64.b64encode(logo).decode() if logo else "",
        )
    )
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            font_files=[str(font)],
            skip_system_fonts=True,
            width=WIDTH,
            height=HEIGHT,
        )
    )
