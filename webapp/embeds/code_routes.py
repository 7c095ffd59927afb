"""埋め込み用コード of a camera or a group (E1): options, preview, code, sites, and its end."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import IntegrityError

from webapp.access import organisation_of, subject_of
from webapp.audit.actions import FIELDS, Action
from webapp.audit.log import changed, record
from webapp.database import transaction
from webapp.domain.embeds import (
    MOST_SITES,
    Form,
    Framing,
    Language,
    Options,
    framing,
    read_options,
    read_sites,
)
from webapp.embeds import codes
from webapp.embeds.codes import Thing
from webapp.embeds.embed_routes import Answer, html_of, locale_of
from webapp.embeds.shown import Display, seen_of
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect, services_of
from webapp.http import locale_of as locale_of_member
from webapp.i18n import N_
from webapp.models import Camera, EmbedKey, EmbedVariant
from webapp.models.fields import access_key
from webapp.templating import asset
from webapp.versions import ChangedMeanwhile, locked, require, version_of

TITLE = N_("%(name)sの混雑状況")
NOT_A_SITE = N_(
    "「%(site)s」はサイトのアドレスではありません。"
    "https://www.example.jp のように入力してください。"
)
TOO_MANY_SITES = N_("サイトは%(most)s件まで登録できます。")
FRAMING = {
    Framing.WORKS: N_("このページには埋め込めます。"),
    Framing.NO_ADDRESS: N_(
        "ページのアドレスではありません。https://www.example.jp/ のように入力してください。"
    ),
    Framing.NOT_LISTED: N_(
        "このページのサイトは許可されていません。「埋め込みを許可するサイト」に追加してください。"
    ),
    Framing.MIXED: N_(
        "httpsのページには、httpで配信される画面を埋め込めません。"
        "このシステムをhttpsで公開するよう、運用担当者に依頼してください。"
    ),
}

FORM_WORDS = {
    Form.FIXED: (N_("拡大縮小なし"), N_("表示枠の大きさは変わりません（幅640×高さ460）。")),
    Form.HD: (
        N_("拡大縮小あり／サイズ上限あり"),
        N_("ページの幅に合わせて変わります。HDサイズ（幅1280）より大きくはなりません。"),
    ),
    Form.FREE: (
        N_("拡大縮小あり／サイズ上限なし"),
        N_("ページの幅に合わせて変わります。大きくすると画像が粗くなります。"),
    ),
}
LANGUAGE_WORDS = {
    Language.BROWSER: N_("見る人のブラウザに合わせる"),
    # Each by its own name, in every language.
    Language.JA: "日本語",
    Language.EN: "English",
}


async def codes_page(request: Request) -> Response:
    """Show what may be chosen of an embed, and the codes that were made."""
    return await _page(request, await subject_of(request))


async def make_code(request: Request) -> Response:
    """Make the code with the chosen options; the same options are the same code."""
    thing = await subject_of(request)
    options = _chosen(await form_of(request))
    try:
        try:
            made = await _made(request, thing, options)
        except IntegrityError:  # somebody else made the key at the same time
            made = await _made(request, thing, options)
    except UserError as error:
        return await _page(request, thing, 422, options=options, error=error)
    return redirect(f"{_path(thing)}?made={made.name}&{urlencode(options.stored())}")


async def save_sites(request: Request) -> Response:
    """Keep which sites may frame the embeds of a key."""
    thing = await subject_of(request)
    form = await form_of(request)
    text = text_field(form, "sites")
    sites, refused = read_sites(text)
    error = None
    if refused:
        error = UserError(NOT_A_SITE, field="sites", site=refused[0])
    elif len(sites) > MOST_SITES:
        error = UserError(TOO_MANY_SITES, field="sites", most=MOST_SITES)
    if error:
        return await _page(request, thing, 422, error=error, sites=text)
    try:
        try:
            await _keep_sites(request, thing, sites, form)
        except IntegrityError:  # somebody else made the key at the same time
            await _keep_sites(request, thing, sites, form)
    except ChangedMeanwhile as meanwhile:
        theirs = {FIELDS["sites"]: ", ".join(meanwhile.row.sites) or "—"}
        return await _page(request, thing, 409, sites=text, theirs=theirs)
    return redirect(_path(thing), done="embed_sites_saved")


async def renew(request: Request) -> Response:
    """Give another key: every address and code of before is dead."""
    thing = await subject_of(request)
    await form_of(request)
    async with transaction():
        if await EmbedKey.filter(**codes.where(thing)).update(key=access_key()):
            await record(request, Action.EMBED_RENEWED, **_target(thing))
    return redirect(_path(thing), done="embed_renewed")


async def end(request: Request) -> Response:
    """End every embed of a camera or a group."""
    thing = await subject_of(request)
    await form_of(request)
    async with transaction():
        if await EmbedKey.filter(**codes.where(thing)).delete():
            await record(request, Action.EMBED_REMOVED, **_target(thing))
    return redirect(_path(thing), done="embed_removed")


async def preview(request: Request) -> Response:
    """The embed as the options make it: not counted, and for the page of its settings alone."""
    thing = await subject_of(request)
    options = _chosen(request.query_params)
    organisation = organisation_of(request)
    seen = await seen_of(services_of(request), thing, organisation, options)
    display = Display(organisation, "", "", options, ("'self'",), seen)
    here = f"{_path(thing)}/preview?{urlencode(options.stored())}"
    is_part = "part" in request.query_params
    return html_of(
        request,
        Answer(display, seen, locale_of(request, display)),
        "embeds/_shown.html" if is_part else "embeds/embed.html",
        {"part_address": f"{here}&part=1", "page_address": here},
    )


async def _page(
    request: Request,
    thing: Thing,
    status: int = 200,
    *,
    options: Options | None = None,
    error: UserError | None = None,
    sites: str | None = None,
    theirs: dict[str, str] | None = None,
) -> Response:
    settings, query = services_of(request).settings, request.query_params
    key = await codes.key_of(thing)
    script = f"{settings.origin}{asset('js/embed-element.js')}"
    title = locale_of_member(request).text(TITLE, {"name": thing.name})
    every = await codes.made_of(key, settings.origin, script, title)
    chosen = options or _chosen(query)
    asked = query.get("page", "").strip()[:500]
    kept = key.sites if key else []
    found = framing(asked, settings.origin, kept) if asked else None
    values: dict[str, Any] = {"camera" if isinstance(thing, Camera) else "group": thing}
    answer = page(
        request,
        "embeds/settings.html",
        status,
        **values,
        path=_path(thing),
        key=key,
        every=every,
        newest=next((one for one in every if one.name == query.get("made")), None),
        options=chosen,
        option_query=urlencode(chosen.stored()),
        sites="\n".join(kept) if sites is None else sites,
        version=version_of(kept),
        theirs=theirs,
        error=error,
        asked=asked,
        framing=found and FRAMING[found],
        framing_works=found is Framing.WORKS,
        form_words=FORM_WORDS,
        language_words=LANGUAGE_WORDS,
    )
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return answer


async def _made(request: Request, thing: Thing, options: Options) -> EmbedVariant:
    async with transaction():
        variant, is_new = await codes.make(thing, options)
        if is_new:
            await record(request, Action.EMBED_MADE, **_target(thing))
    return variant


async def _keep_sites(request: Request, thing: Thing, sites: list[str], form: FormData) -> None:
    async with transaction():
        key = await codes.key_of(thing)
        if key is None:
            key = await codes.make_key(thing)
        key = await locked(EmbedKey.filter(id=key.id))
        require(version_of(key.sites), form, key)
        if differs := changed({"sites": ", ".join(key.sites)}, {"sites": ", ".join(sites)}):
            await EmbedKey.filter(id=key.id).update(sites=sites)
            await record(request, Action.EMBED_SITES_CHANGED, **_target(thing), changed=differs)


def _chosen(given: FormData | QueryParams) -> Options:
    """The options of a form or an address; without any, the defaults of E1."""
    if "form" not in given:
        return Options()
    return read_options(
        {
            "form": given.get("form"),
            "language": given.get("language"),
            "refreshes": given.get("refreshes") in {"1", "True"},
            "counts": given.get("counts") in {"1", "True"},
        }
    )


def _path(thing: Thing) -> str:
    return f"/{'cameras' if isinstance(thing, Camera) else 'groups'}/{thing.public_id}/embed"


def _target(thing: Thing) -> dict[str, Any]:
    return {"target": thing.public_id, "target_name": thing.name}
