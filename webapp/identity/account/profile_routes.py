"""アカウント情報: show, 編集, 入力内容確認, 更新."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_, Locale
from webapp.identity.account.mail_change import waiting_change
from webapp.identity.account.pages import manager_page, signed_in
from webapp.identity.account.profile import (
    Profile,
    read_profile,
    update_profile,
    zone_in_words,
    zones,
)
from webapp.identity.browser import visitor_of
from webapp.identity.consent_routes import LANGUAGE_NAMES, ROLES
from webapp.identity.http import LANGUAGE_COOKIE, form_of, locale_of, redirect

LABELS = {
    "name": N_("氏名"),
    "kana": N_("フリガナ"),
    "company": N_("会社名"),
    "department": N_("部署"),
    "phone": N_("電話番号"),
    "language": N_("表示言語"),
    "time_zone": N_("タイムゾーン"),
}


async def show(request: Request) -> Response:
    """アカウント情報."""
    at = datetime.now(UTC)
    account = signed_in(request).account
    return manager_page(
        request,
        "profile",
        facts=_words(Profile.of(account), locale_of(request), at),
        role=ROLES[account.role],
        waiting=await waiting_change(account, at),
    )


async def edit(request: Request) -> Response:
    """The form, with what is kept."""
    profile = Profile.of(signed_in(request).account)
    return _form(request, profile, profile.stamp())


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect("/account/edit")


async def check(request: Request) -> Response:
    """入力内容確認, or the form again with what is wrong."""
    form = await form_of(request)
    profile, errors = read_profile(form)
    seen = text_field(form, "seen")
    if errors:
        return _form(request, profile, seen, errors)
    before = Profile.of(signed_in(request).account)
    if profile == before:
        return redirect("/account?done=nothing")
    return _confirmation(request, before, profile, is_stale=before.stamp() != seen)


async def update(request: Request) -> Response:
    """Keep what was confirmed, or go back to the form with it."""
    form = await form_of(request)
    at = datetime.now(UTC)
    profile, errors = read_profile(form)
    seen = text_field(form, "seen")
    if errors or text_field(form, "answer") != "update":
        return _form(request, profile, seen, errors)
    account = signed_in(request).account
    if not await update_profile(account, profile, seen, visitor_of(request), at):
        await account.refresh_from_db()
        return _confirmation(request, Profile.of(account), profile, is_stale=True)
    response = redirect("/account?done=profile")
    if profile.language != account.language:
        # The language was chosen for good: it counts in this browser too.
        response.delete_cookie(LANGUAGE_COOKIE, path="/", secure=True)
    return response


def _form(
    request: Request,
    profile: Profile,
    seen: str,
    errors: dict[str, UserError] | None = None,
) -> Response:
    account, language = signed_in(request).account, locale_of(request).language
    return manager_page(
        request,
        "profile_form",
        errors=errors,
        values=profile.values(),
        seen=seen,
        languages=list(LANGUAGE_NAMES.items()),
        zones=zones(language, datetime.now(UTC), account.time_zone),
    )


def _confirmation(
    request: Request, before: Profile, profile: Profile, *, is_stale: bool
) -> Response:
    at, locale = datetime.now(UTC), locale_of(request)
    was, now = _words(before, locale, at), _words(profile, locale, at)
    return manager_page(
        request,
        "profile_confirm",
        409 if is_stale else 200,
        rows=[(label, old, new) for (label, old), (_, new) in zip(was, now, strict=True)],
        values=profile.values(),
        seen=before.stamp(),
        is_stale=is_stale,
    )


def _words(profile: Profile, locale: Locale, at: datetime) -> list[tuple[str, str]]:
    """Each field's label (a message id) and what it says."""
    values = profile.values()
    values["language"] = LANGUAGE_NAMES.get(profile.language, profile.language)
    values["time_zone"] = zone_in_words(profile.time_zone, locale.language, at)
    return [(LABELS[name], value) for name, value in values.items()]
