"""The QR poster (E6): a page to pin to a wall that leads to a site or an embed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum

import anyio
import anyio.to_thread

from webapp.domain.colours import clear_ink
from webapp.domain.lines import fitted
from webapp.errors import TemporaryFailure
from webapp.i18n import N_, Locale
from webapp.models import Organisation
from webapp.reports.make import BOLD, FONTS, REGULAR, to_pdf
from webapp.sites.card import COLOUR
from webapp.sites.codes import code_svg
from webapp.storage import Storage
from webapp.templating import environment_for

LONGEST_TITLE = 60
LONGEST_SENTENCE = 100
SENTENCE = N_("スマートフォンで、いまの混雑状況を確認できます。")
# Sizes of the title and the sentence in millimetres on A4, the largest first, with their lines.
_TITLE_SIZES = ((21.0, 2), (16.0, 3), (12.5, 4), (10.0, 5))
_SENTENCE_SIZES = ((8.0, 2), (6.5, 3), (5.5, 5))
_ROOM = 174.0  # millimetres of a line on A4
# Setting a page takes half a second of one core: others wait their turn, not for the core.
_one_at_a_time = anyio.CapacityLimiter(1)


class Paper(StrEnum):
    """How large it is."""

    A4 = "a4"
    A3 = "a3"


# A3 is A4 grown by the root of two.
_SCALES = {Paper.A4: 1.0, Paper.A3: 1.4142}


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on a poster; an empty ``sentence`` is the usual one of its language."""

    link: str
    title: str
    sentence: str = ""
    paper: Paper = Paper.A4
    language: str = "ja"
    has_logo: bool = True


async def make_poster(poster: Poster, organisation: Organisation, storage: Storage) -> bytes:
    """The poster as PDF."""
    html = render(poster, organisation, await _logo(poster, organisation, storage))
    return await anyio.to_thread.run_sync(to_pdf, html, limiter=_one_at_a_time)


def render(poster: Poster, organisation: Organisation, logo: str = "") -> str:
    """The poster as HTML; ``logo`` is the address of one that holds its data itself."""
    locale = Locale(poster.language)
    sentence = poster.sentence or locale.gettext(SENTENCE)
    title_size, title = fitted(poster.title, _ROOM, _TITLE_SIZES)
    sentence_size, said = fitted(sentence, _ROOM, _SENTENCE_SIZES)
    colour = organisation.colour or COLOUR
    return (
        environment_for(poster.language)
        .get_template("pdf/poster.html")
        .render(
            poster=poster,
            locale=locale,
            organisation_name=organisation.name,
            logo=logo,
            colour=colour,
            ink=clear_ink(colour),
            title=title,
            title_size=title_size,
            sentence=said,
            sentence_size=sentence_size,
            code=code_svg(poster.link),
            scale=_SCALES[poster.paper],
            regular=(FONTS / REGULAR).as_uri(),
            bold=(FONTS / BOLD).as_uri(),
        )
    )


async def _logo(poster: Poster, organisation: Organisation, storage: Storage) -> str:
    """The organisation's logo as the document holds it; a poster does without one, too."""
    if not poster.has_logo or not organisation.logo:
        return ""
    try:
        data = await storage.get(organisation.logo)
    except TemporaryFailure:
        return ""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}" if data else ""
