"""QRポスター of a camera or a group (E6): what stands on it, and the PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.access import organisation_of, subject_of
from webapp.embeds.codes import Thing, where
from webapp.http import locale_of, page, services_of
from webapp.i18n import LANGUAGES, N_, Locale
from webapp.models import Camera, EmbedVariant, Site
from webapp.sites.poster import (
    LONGEST_SENTENCE,
    LONGEST_TITLE,
    SENTENCE,
    Paper,
    Poster,
    make_poster,
)

SITE = "site"
TITLE = N_("%(name)sの混雑状況")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a poster may lead: ``name`` is "site" or that of a variant of the embed."""

    name: str
    address: str


async def poster_page(request: Request) -> Response:
    """Ask what is to stand on the poster."""
    thing = await subject_of(request)
    targets = await _targets(request, thing)
    locale = locale_of(request)
    values: dict[str, Any] = {"camera" if isinstance(thing, Camera) else "group": thing}
    return page(
        request,
        "sites/poster.html",
        **values,
        path=_path(thing),
        targets=targets,
        chosen=request.query_params.get("of", ""),
        title=locale.text(TITLE, {"name": thing.name}),
        sentence=locale.gettext(SENTENCE),
        papers=list(Paper),
        longest_title=LONGEST_TITLE,
        longest_sentence=LONGEST_SENTENCE,
    )


async def download(request: Request) -> Response:
    """The poster as PDF, of the first page that it may lead to where none is named."""
    thing = await subject_of(request)
    query = request.query_params
    targets = await _targets(request, thing)
    named = [target for target in targets if query.get("of", target.name) == target.name]
    if not named:
        raise HTTPException(404)
    [target, *_] = named
    title = _one_line(query.get("title", ""))[:LONGEST_TITLE]
    paper, language = query.get("paper", ""), query.get("language", "")
    if language not in LANGUAGES:
        language = locale_of(request).language
    poster = Poster(
        link=target.address,
        title=title or Locale(language).text(TITLE, {"name": thing.name}),
        sentence=_one_line(query.get("sentence", ""))[:LONGEST_SENTENCE],
        paper=Paper(paper) if paper in set(Paper) else Paper.A4,
        language=language,
        has_logo=query.get("logo") == "1",
    )
    pdf = await make_poster(poster, organisation_of(request), services_of(request).storage)
    name = f"poster-{thing.public_id}-{poster.paper.value}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _targets(request: Request, thing: Thing) -> list[Target]:
    """Where posters of a camera or a group may lead, the site first, then the newest codes."""
    origin = services_of(request).settings.origin
    site = None if isinstance(thing, Camera) else await Site.get_or_none(group_id=thing.id)
    found = [Target(SITE, f"{origin}/s/{site.key}")] if site else []
    whose = {f"embed_key__{column}": value for column, value in where(thing).items()}
    variants = await EmbedVariant.filter(**whose).order_by("-id").select_related("embed_key")
    return found + [
        Target(one.name, f"{origin}/e/{one.embed_key.key}/{one.name}") for one in variants
    ]


def _path(thing: Thing) -> str:
    return f"/{'cameras' if isinstance(thing, Camera) else 'groups'}/{thing.public_id}"


def _one_line(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()
