"""ログイン履歴, ログイン中の端末 and 許可済みアプリ."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.form_fields import text_field
from webapp.identity.account.activity import (
    consent_of,
    consents_of,
    end_one,
    end_others,
    history_of,
    revoke,
    sign_ins_of,
)
from webapp.identity.account.pages import manager_page, signed_in
from webapp.identity.account.profile import zone_in_words
from webapp.identity.browser import visitor_of
from webapp.identity.consent_routes import READS
from webapp.identity.http import form_of, locale_of, redirect
from webapp.identity.models import Consent
from webapp.identity.oauth.claims import scopes_of
from webapp.identity.parts import parts_of
from webapp.identity.public_id import LONGEST_SID, is_id


async def history(request: Request) -> Response:
    """ログイン履歴: one's own, of the last 90 days."""
    asked = request.query_params.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    account = signed_in(request).account
    at = datetime.now(UTC)
    zone = zone_in_words(account.time_zone, locale_of(request).language, at)
    return manager_page(request, "history", found=await history_of(account, page, at), zone=zone)


async def devices(request: Request) -> Response:
    """ログイン中の端末."""
    session = signed_in(request)
    found = await sign_ins_of(session.account, datetime.now(UTC))
    return manager_page(request, "devices", sign_ins=found, here=session)


async def end_device(request: Request) -> Response:
    """Sign out one of them."""
    form = await form_of(request)
    account, sid = signed_in(request).account, text_field(form, "sid")
    parts, visitor, at = parts_of(request), visitor_of(request), datetime.now(UTC)
    if not is_id(sid, LONGEST_SID) or not await end_one(parts, account, sid, visitor, at):
        raise HTTPException(404)
    return redirect("/account/devices?done=device")


async def end_other_devices(request: Request) -> Response:
    """Sign out all of them but this one."""
    await form_of(request)
    at = datetime.now(UTC)
    await end_others(parts_of(request), signed_in(request), visitor_of(request), at)
    return redirect("/account/devices?done=devices")


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect("/account/devices")


async def apps(request: Request) -> Response:
    """許可済みアプリ, and what each of them reads."""
    consents = await consents_of(signed_in(request).account)
    return manager_page(request, "apps", consents=[(one, _reads(one)) for one in consents])


async def app(request: Request) -> Response:
    """Ask whether the permission is to be taken back."""
    consent = await _own(request)
    return manager_page(request, "app", consent=consent, reads=_reads(consent))


async def revoke_app(request: Request) -> Response:
    """取り消す."""
    await form_of(request)
    consent = await _own(request)
    account, visitor = signed_in(request).account, visitor_of(request)
    await revoke(parts_of(request), account, consent.client, visitor, datetime.now(UTC))
    return redirect("/account/apps?done=app")


def _reads(consent: Consent) -> list[str]:
    """What the application reads, in words (message ids)."""
    return [READS[scope] for scope in scopes_of(consent.scope) if scope in READS]


async def _own(request: Request) -> Consent:
    """What this account allowed the application of the path; 404 when that is nothing."""
    account = signed_in(request).account
    consent = await consent_of(account, request.path_params["client"])
    if consent is None:
        raise HTTPException(404)
    return consent
