"""Logging out at an application's wish (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.database import IDENTITY, transaction
from webapp.identity.endings import end_sign_in
from webapp.identity.http import form_of, page, session_of
from webapp.identity.models import Account, Client, Session
from webapp.identity.oauth.hints import Hint, read_hint
from webapp.identity.oauth.locations import location_of, origin_of
from webapp.identity.oauth.store import find_application
from webapp.identity.parts import Parts, parts_of
from webapp.identity.sessions import clear_cookie

LOGOUT = "/logout"
_FIELDS = ("post_logout_redirect_uri", "client_id", "state")


async def end_session(request: Request) -> Response:
    """Log out at once for whoever brings the sign-in's id_token; ask everybody else.

    This GET changes something because the protocol says so. The id_token is the proof that
    it comes from the application that was signed in to.
    """
    at, parts, session = datetime.now(UTC), parts_of(request), session_of(request)
    said = _said(request)
    hint = await read_hint(parts, said.get("id_token_hint", ""))
    if hint is None or not _is_meant(hint, said, session):
        return await _ask(request, said)
    await _end(parts, hint, session, at)
    return await _leave(request, hint.client, said)


async def confirm_logout(request: Request) -> Response:
    """Log out for whoever pressed the button."""
    form = await form_of(request)
    at, parts, session = datetime.now(UTC), parts_of(request), session_of(request)
    said = {name: text for name in _FIELDS if isinstance(text := form.get(name), str)}
    if session is not None:
        async with transaction(IDENTITY):
            await end_sign_in(session.account, session.sid, at)
        parts.wake()
    return await _leave(request, await _client_of(said), said)


def _said(request: Request) -> dict[str, str]:
    """The parameters, without what is said in two ways."""
    query = request.query_params
    return {name: query[name] for name in query if len(query.getlist(name)) == 1}


def _is_meant(hint: Hint, said: Mapping[str, str], session: Session | None) -> bool:
    """Whether the sign-in of the hint may be ended without a question.

    Not when somebody else is signed in in this browser: who of them leaves, they say.
    """
    if said.get("client_id", hint.client.client_id) != hint.client.client_id:
        return False
    return session is None or session.account.public_id == hint.subject


async def _end(parts: Parts, hint: Hint, session: Session | None, at: datetime) -> None:
    """End the sign-in of the hint, and the one that the same person has in this browser."""
    account = await Account.get_or_none(public_id=hint.subject)
    if account is None:
        return
    async with transaction(IDENTITY):
        for sid in {hint.sid, session.sid if session else hint.sid}:
            await end_sign_in(account, sid, at)
    parts.wake()


async def _ask(request: Request, said: Mapping[str, str]) -> Response:
    """Show the button."""
    client = await _client_of(said)
    onward = _onward(client, said)
    values = {name: said.get(name, "") for name in _FIELDS}
    form_action = origin_of(onward) if onward else ""
    return page(request, "identity/logout.html", form_action=form_action, action=LOGOUT, **values)


async def _leave(request: Request, client: Client | None, said: Mapping[str, str]) -> Response:
    """Go back to the application, if it registered where to; else say that it is done."""
    onward = _onward(client, said)
    request.state.session = None
    response = (
        RedirectResponse(onward, 303) if onward else page(request, "identity/logged_out.html")
    )
    clear_cookie(response)
    return response


async def _client_of(said: Mapping[str, str]) -> Client | None:
    application = await find_application(said.get("client_id", ""))
    return application.row if application else None


def _onward(client: Client | None, said: Mapping[str, str]) -> str:
    """The address to go on to, compared with the registered ones letter by letter, or nothing."""
    address = said.get("post_logout_redirect_uri", "")
    if client is None or address not in client.post_logout_redirect_uris:
        return ""
    return location_of(address, {"state": said.get("state", "")})
