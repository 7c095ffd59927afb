"""APIトークン, below 組織設定: admins make tokens for programs, and revoke them (B7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.access import PUBLIC_ID, organisation_of
from webapp.api.tokens import make_token, revoke_token, tokens_of
from webapp.domain.api_tokens import MOST_TOKENS, Scope, can_end_on, end_of, is_good
from webapp.errors import UserError
from webapp.form_fields import name_field, text_field
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.models import ApiToken

PATH = "/organisation/tokens"

SCOPE_WORDS = {
    Scope.STATE: (N_("現在の状態"), N_("混雑状態、検知人数、解析時刻、営業中かどうか。")),
    Scope.HISTORY: (N_("検知人数履歴"), N_("15分ごとの平均、最大、最小など、最長12か月分。")),
    Scope.FORECAST: (N_("混雑予測"), N_("曜日ごとの平均と、7日先までの予測。")),
}
NO_SCOPES = N_("読み取れるものを1つ以上選んでください。")
BAD_END = N_("今日から10年後までの日付を、2027-03-31 のように入力してください。")


@dataclass(slots=True)
class TokenForm:
    """What was entered, and what is wrong with it by field."""

    values: dict[str, str]
    scopes: list[Scope]
    last_day: date | None = None
    errors: dict[str, UserError] = field(default_factory=dict)


async def tokens_page(request: Request) -> Response:
    """Show the tokens, and the form for another."""
    return await _page(request, TokenForm({"name": "", "last_day": ""}, list(Scope)))


async def create(request: Request) -> Response:
    """Make a token and show it, this once."""
    organisation = organisation_of(request)
    zone = ZoneInfo(organisation.time_zone)
    entered = _read(await form_of(request), datetime.now(zone).date())
    if entered.errors:
        return await _page(request, entered, 422)
    expires_at = end_of(entered.last_day, zone) if entered.last_day else None
    try:
        token = await make_token(request, entered.values["name"], entered.scopes, expires_at)
    except UserError as error:
        entered.errors[error.field or "name"] = error
        return await _page(request, entered, 422)
    return await _page(request, TokenForm({"name": "", "last_day": ""}, list(Scope)), token=token)


async def revoke(request: Request) -> Response:
    """Revoke a token of the organisation; 404 for any other."""
    public_id = request.path_params["token"]
    await form_of(request)
    token = None
    if PUBLIC_ID.fullmatch(public_id):
        token = await ApiToken.get_or_none(
            public_id=public_id, organisation_id=organisation_of(request).id
        )
    if token is None:
        raise HTTPException(404)
    await revoke_token(request, token)
    return redirect(PATH, done="api_token_revoked")


async def help_page(request: Request) -> Response:
    """Explain the read API to people, with commands to copy. It says nothing of anybody."""
    origin = services_of(request).settings.origin
    most = services_of(request).settings.api_calls_a_minute
    return page(request, "help/api.html", origin=origin, most=most, scope_words=SCOPE_WORDS)


def _read(form: FormData, today: date) -> TokenForm:
    values = {"name": text_field(form, "name"), "last_day": text_field(form, "last_day")}
    entered = TokenForm(values, [scope for scope in Scope if scope in form.getlist("scope")])
    try:
        values["name"] = name_field(form)
    except UserError as error:
        entered.errors["name"] = error
    if not entered.scopes:
        entered.errors["scope"] = UserError(NO_SCOPES, field="scope")
    if values["last_day"]:
        try:
            entered.last_day = date.fromisoformat(values["last_day"])
        except ValueError:
            entered.last_day = None
        if entered.last_day is None or not can_end_on(entered.last_day, today):
            entered.errors["last_day"] = UserError(BAD_END, field="last_day")
    return entered


async def _page(
    request: Request, form: TokenForm, status: int = 200, *, token: str = ""
) -> Response:
    organisation, now = organisation_of(request), datetime.now(UTC)
    every = await tokens_of(organisation)
    return page(
        request,
        "api/tokens.html",
        status,
        form=form,
        token=token,
        every=every,
        over={one.id for one in every if not is_good(one.expires_at, now)},
        is_full=len(every) >= MOST_TOKENS,
        most=MOST_TOKENS,
        scope_words=SCOPE_WORDS,
        today=locale_of(request).local(now).date(),
        origin=services_of(request).settings.origin,
    )
