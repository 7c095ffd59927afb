"""埋め込み用コード of a camera or a group (E1): options, preview, code, sites, and its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import IntegrityError

from webapp.access import organisation_of, subject_of
from webapp.audit.actions import FIELDS, Action
from webapp.audit.log import changed, record
from webapp.connectors.page_policy import public_network, read_policy
from webapp.database import transaction
from webapp.domain.embeds import (
    MOST_SITES,
    Form,
    Language,
    Options,
    Shows,
    View,
    read_options,
    read_sites,
)
from webapp.domain.framing import Framing, framed_by, framing
from webapp.embeds import codes
from webapp.embeds.codes import Thing
from webapp.embeds.embed_routes import answer_of, html_of
from webapp.embeds.forecasts import Links
from webapp.embeds.shown import display_of
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
    Framing.WORKS: N_("このページには埋め込めます。ページの設定も確認しました。"),
    Framing.NO_SCRIPT: N_(
        "このページには埋め込めますが、ページの設定（sandbox）のため、自動更新は行われません。"
    ),
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
    Framing.REFUSED: N_(
        "このページの設定（Content-Security-Policy）では、埋め込んだ画面が表示されません。"
        "ページの管理者に、frame-srcに%(origin)sを追加するよう依頼してください。"
    ),
    Framing.ISOLATED: N_(
        "このページの設定（Cross-Origin-Embedder-Policy）では、埋め込んだ画面が表示されません。"
        "ページの管理者に相談してください。"
    ),
    Framing.UNREAD: N_(
        "ページを読み込めなかったため、ページの設定は確認できませんでした。"
        "アドレスと許可するサイトには問題ありません。"
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
VIEW_WORDS = {
    View.PICTURE: N_("混雑状況可視化"),
    View.FORECAST: N_("混雑予測"),
}
SHOWS_WORDS = {
    Shows.BOTH: N_("両方（切り替えて表示）"),
    Shows.PICTURE: VIEW_WORDS[View.PICTURE],
    Shows.FORECAST: VIEW_WORDS[View.FORECAST],
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


async def try_page(request: Request) -> Response:
    """Say whether a page may show the embed: by addresses, and by what the page itself says."""
    thing = await subject_of(request)
    asked = text_field(await form_of(request), "page").strip()[:500]
    return await _page(request, thing, asked=asked)


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
        if key := await codes.key_of(thing):
            await EmbedKey.filter(id=key.id).update(key=access_key())
            await EmbedVariant.filter(embed_key_id=key.id).update(page_key=None)
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


async def end_code(request: Request) -> Response:
    """停止 of one code, and of the public page that it once was; 404 when there is none of it."""
    thing = await subject_of(request)
    await form_of(request)
    async with transaction():
        if not await codes.end(thing, request.path_params["variant"]):
            raise HTTPException(404)
        await record(request, Action.EMBED_CODE_REMOVED, **_target(thing))
    return redirect(_path(thing), done="embed_code_removed")


async def preview(request: Request) -> Response:
    """The embed as the options make it: not counted, and for the page of its settings alone."""
    thing = await subject_of(request)
    options = _chosen(request.query_params)
    organisation = organisation_of(request)
    asked = request.query_params.get("view", "")
    display = await display_of(services_of(request), thing, organisation, options, asked)
    kept = {name: str(value) for name, value in options.stored().items()}
    answer = answer_of(request, replace(display, sites=("'self'",)), Links(kept))
    here = f"{_path(thing)}/preview"
    query = answer.links.to(display.view)
    is_part = "part" in request.query_params
    return html_of(
        request,
        answer,
        "embeds/_shown.html" if is_part else "embeds/embed.html",
        {
            "address": f"{here}{query}",
            "part_address": f"{here}{query}&part=1",
            "part_of": f"{here}?part=1&",
        },
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
    asked: str = "",
) -> Response:
    settings, query = services_of(request).settings, request.query_params
    key = await codes.key_of(thing)
    script = f"{settings.origin}{asset('js/embed-element.js')}"
    title = locale_of_member(request).text(TITLE, {"name": thing.name})
    every = await codes.made_of(key, settings.origin, script, title)
    chosen = options or _chosen(query)
    kept = key.sites if key else []
    found = await _framing(asked, settings.origin, kept) if asked else None
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
        framing_works=found in {Framing.WORKS, Framing.NO_SCRIPT},
        public_origin=settings.origin,
        form_words=FORM_WORDS,
        shows_words=SHOWS_WORDS,
        view_words=VIEW_WORDS,
        language_words=LANGUAGE_WORDS,
    )
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return answer


async def _framing(asked: str, origin: str, sites: list[str]) -> Framing:
    found = framing(asked, origin, sites)
    if found is not Framing.WORKS:
        return found
    policy = await read_policy(public_network(), asked)
    return framed_by(policy, origin) if policy else Framing.UNREAD


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
            "shows": given.get("shows") or Shows.BOTH,
            "first": given.get("first"),
        }
    )


def _path(thing: Thing) -> str:
    return f"/{'cameras' if isinstance(thing, Camera) else 'groups'}/{thing.public_id}/embed"


def _target(thing: Thing) -> dict[str, Any]:
    return {"target": thing.public_id, "target_name": thing.name}
