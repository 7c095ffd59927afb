"""許可: what an application is going to read, before it does so for the first time."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.form_fields import text_field
from webapp.i18n import N_, Locale
from webapp.identity.flows.consent import allow
from webapp.identity.flows.onward import HOME, login_page, onward
from webapp.identity.http import form_of, locale_of, page, redirect, session_of
from webapp.identity.models import Account, Role
from webapp.identity.oauth.claims import scopes_of
from webapp.identity.oauth.locations import origin_of
from webapp.identity.oauth.requests import AuthorisationRequest
from webapp.identity.requested import authorisation_of

ROLES = {Role.ADMIN: N_("管理ユーザ"), Role.GENERAL: N_("一般ユーザ"), Role.OPERATOR: N_("事業者")}
LANGUAGE_NAMES = {"ja": "日本語", "en": "English"}

# What each scope lets an application read, in words.
READS = {
    "openid": N_("アカウントの識別番号"),
    "profile": N_("氏名と表示言語"),
    "email": N_("メールアドレス"),
    "nigiwai": N_("組織と役割"),
    "offline_access": N_("ログインしている間の、これらの情報の更新"),
}


async def consent(request: Request) -> Response:
    """List what would be read. A request that is not good goes where it is answered."""
    target = onward(request.query_params.get("next", HOME))
    wanted = await authorisation_of(request, target)
    session = session_of(request)
    if wanted is None or session is None:
        return redirect(target)
    return page(
        request,
        "identity/consent.html",
        form_action=origin_of(wanted.redirect_uri),
        app=wanted.client.name,
        reads=_reads(wanted, session.account, locale_of(request)),
        other_account=login_page(target),
    )


async def answer_consent(request: Request) -> Response:
    """Keep the answer and go on, or tell the application that it was refused."""
    form = await form_of(request)
    target = onward(request.query_params.get("next", HOME))
    wanted = await authorisation_of(request, target)
    session = session_of(request)
    if wanted is None or session is None:
        return redirect(target)
    if text_field(form, "answer") != "allow":
        return RedirectResponse(wanted.refusal("access_denied"), 303)
    await allow(session.account, wanted.client, wanted.scope, datetime.now(UTC))
    return redirect(target)


def _reads(wanted: AuthorisationRequest, account: Account, locale: Locale) -> list[tuple[str, str]]:
    """What is read, scope by scope: the words, and what it says of this account."""
    language = LANGUAGE_NAMES.get(account.language, account.language)
    role = locale.gettext(ROLES[account.role])
    says = {
        "profile": f"{account.name} / {language}",
        "email": account.mail,
        "nigiwai": f"{account.organisation.name} / {role}",
    }
    return [
        (READS[scope], says.get(scope, "")) for scope in scopes_of(wanted.scope) if scope in READS
    ]
