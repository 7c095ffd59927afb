"""Every route of the provider, flat, and who each of them is for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from webapp.identity import (
    consent_routes,
    home_routes,
    login_routes,
    password_routes,
    second_step_routes,
)
from webapp.identity.account import (
    activity_routes,
    mail_routes,
    passkey_routes,
    profile_routes,
    security_routes,
    totp_routes,
)
from webapp.identity.account import password_routes as own_password
from webapp.identity.flows.onward import HOME, login_page, onward
from webapp.identity.group import routes as group
from webapp.identity.http import session_of
from webapp.identity.models import Role
from webapp.identity.oauth import routes as oauth
from webapp.identity.provisioning import NoAdmin

View = Callable[[Request], Awaitable[Response]]


class Access(StrEnum):
    """Who a route is for."""

    ANYONE = "anyone"
    ACCOUNT = "account"  # whoever is signed in here
    ADMIN = "admin"  # whoever administers the accounts of their organisation
    CLIENT = "client"  # applications, with a proof of their own; cookies say nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """One route: method, path, who it is for, and the view."""

    method: str
    path: str
    access: Access
    view: View


ENTRIES: tuple[Entry, ...] = (
    # Login
    Entry("GET", "/login", Access.ANYONE, login_routes.login),
    Entry("POST", "/login", Access.ANYONE, login_routes.log_in_by_form),
    # 二段階認証
    Entry("GET", "/login/code", Access.ANYONE, second_step_routes.second_step),
    Entry("POST", "/login/code", Access.ANYONE, second_step_routes.show_by_form),
    Entry("GET", "/login/code/resend", Access.ANYONE, second_step_routes.begin_again),
    Entry("POST", "/login/code/resend", Access.ANYONE, second_step_routes.resend),
    Entry("POST", "/login/passkey/options", Access.ANYONE, second_step_routes.passkey_options),
    # Passwords
    Entry("GET", "/reset", Access.ANYONE, password_routes.reset),
    Entry("POST", "/reset", Access.ANYONE, password_routes.ask_for_reset_by_form),
    Entry("GET", "/reset/sent", Access.ANYONE, password_routes.reset_sent),
    Entry("GET", "/password/{token}", Access.ANYONE, password_routes.password_link),
    Entry("POST", "/password/{token}", Access.ANYONE, password_routes.set_password_by_form),
    Entry("GET", "/password-changed", Access.ANYONE, password_routes.password_changed),
    # 許可
    Entry("GET", "/consent", Access.ACCOUNT, consent_routes.consent),
    Entry("POST", "/consent", Access.ACCOUNT, consent_routes.answer_consent),
    # アカウント管理
    Entry("GET", "/account", Access.ACCOUNT, profile_routes.show),
    Entry("GET", "/account/edit", Access.ACCOUNT, profile_routes.edit),
    Entry("POST", "/account/edit", Access.ACCOUNT, profile_routes.update),
    Entry("GET", "/account/edit/confirm", Access.ACCOUNT, profile_routes.begin_again),
    Entry("POST", "/account/edit/confirm", Access.ACCOUNT, profile_routes.check),
    Entry("GET", "/account/mail", Access.ACCOUNT, mail_routes.mail),
    Entry("POST", "/account/mail", Access.ACCOUNT, mail_routes.ask_for_mail_change),
    Entry("GET", "/account/mail/stop", Access.ACCOUNT, mail_routes.begin_again),
    Entry("POST", "/account/mail/stop", Access.ACCOUNT, mail_routes.stop_mail_change),
    Entry("GET", "/account/mail/confirm/{token}", Access.ANYONE, mail_routes.mail_link),
    Entry("POST", "/account/mail/confirm/{token}", Access.ANYONE, mail_routes.confirm_mail_change),
    Entry("GET", "/account/password", Access.ACCOUNT, own_password.password),
    Entry("POST", "/account/password", Access.ACCOUNT, own_password.change_password_by_form),
    Entry("GET", "/account/security", Access.ACCOUNT, security_routes.security),
    Entry("POST", "/account/security", Access.ACCOUNT, security_routes.change_security),
    Entry("GET", "/account/security/totp", Access.ACCOUNT, totp_routes.authenticator),
    Entry("POST", "/account/security/totp", Access.ACCOUNT, totp_routes.change_authenticator),
    Entry("GET", "/account/security/totp/confirm", Access.ACCOUNT, totp_routes.begin_again),
    Entry(
        "POST", "/account/security/totp/confirm", Access.ACCOUNT, totp_routes.confirm_authenticator
    ),
    Entry("GET", "/account/security/recovery", Access.ACCOUNT, security_routes.recovery_codes),
    Entry(
        "POST", "/account/security/recovery", Access.ACCOUNT, security_routes.renew_recovery_codes
    ),
    Entry("GET", "/account/security/passkeys", Access.ACCOUNT, passkey_routes.begin_again),
    Entry("POST", "/account/security/passkeys", Access.ACCOUNT, passkey_routes.register_passkey),
    Entry("GET", "/account/security/passkeys/new", Access.ACCOUNT, passkey_routes.new_passkey),
    Entry("POST", "/account/security/passkeys/new", Access.ACCOUNT, passkey_routes.begin_passkey),
    Entry("GET", "/account/security/passkeys/{passkey}", Access.ACCOUNT, passkey_routes.passkey),
    Entry(
        "POST",
        "/account/security/passkeys/{passkey}",
        Access.ACCOUNT,
        passkey_routes.change_passkey,
    ),
    Entry("GET", "/account/history", Access.ACCOUNT, activity_routes.history),
    Entry("GET", "/account/devices", Access.ACCOUNT, activity_routes.devices),
    Entry("GET", "/account/devices/end", Access.ACCOUNT, activity_routes.begin_again),
    Entry("POST", "/account/devices/end", Access.ACCOUNT, activity_routes.end_device),
    Entry("GET", "/account/devices/end-others", Access.ACCOUNT, activity_routes.begin_again),
    Entry("POST", "/account/devices/end-others", Access.ACCOUNT, activity_routes.end_other_devices),
    Entry("GET", "/account/apps", Access.ACCOUNT, activity_routes.apps),
    Entry("GET", "/account/apps/{client}", Access.ACCOUNT, activity_routes.app),
    Entry("POST", "/account/apps/{client}", Access.ACCOUNT, activity_routes.revoke_app),
    # グループ管理
    Entry("GET", "/group", Access.ADMIN, group.members),
    Entry("GET", "/group/new", Access.ADMIN, group.new),
    Entry("GET", "/group/new/confirm", Access.ADMIN, group.to_new),
    Entry("POST", "/group/new/confirm", Access.ADMIN, group.confirm_new),
    Entry("POST", "/group/new", Access.ADMIN, group.add),
    Entry("GET", "/group/delete/confirm", Access.ADMIN, group.to_list),
    Entry("POST", "/group/delete/confirm", Access.ADMIN, group.confirm_delete),
    Entry("GET", "/group/delete", Access.ADMIN, group.to_list),
    Entry("POST", "/group/delete", Access.ADMIN, group.delete),
    Entry("GET", "/group/{account}/edit", Access.ADMIN, group.edit),
    Entry("GET", "/group/{account}/edit/confirm", Access.ADMIN, group.to_edit),
    Entry("POST", "/group/{account}/edit/confirm", Access.ADMIN, group.confirm_edit),
    Entry("POST", "/group/{account}/edit", Access.ADMIN, group.change),
    Entry("GET", "/group/{account}/second-factor", Access.ADMIN, group.factor),
    Entry("POST", "/group/{account}/second-factor", Access.ADMIN, group.reset_factor),
    Entry("GET", "/group/{account}/resend", Access.ADMIN, group.to_list),
    Entry("POST", "/group/{account}/resend", Access.ADMIN, group.resend),
    # OpenID Connect
    Entry("GET", "/.well-known/openid-configuration", Access.CLIENT, oauth.discovery),
    Entry("GET", "/jwks.json", Access.CLIENT, oauth.jwks),
    Entry("GET", "/authorize", Access.ANYONE, oauth.authorize),
    Entry("POST", "/token", Access.CLIENT, oauth.token),
    Entry("GET", "/userinfo", Access.CLIENT, oauth.userinfo),
    Entry("POST", "/userinfo", Access.CLIENT, oauth.userinfo),
    Entry("POST", "/revoke", Access.CLIENT, oauth.revoke),
    Entry("GET", "/logout", Access.ANYONE, oauth.end_session),
    Entry("POST", "/logout", Access.ANYONE, oauth.confirm_logout),
    # Here
    Entry("GET", "/", Access.ACCOUNT, home_routes.home),
    Entry("POST", "/language", Access.ANYONE, home_routes.change_language),
)

# What applications post to: they have a proof of their own instead of a cookie.
BETWEEN_SERVERS = tuple(entry.path for entry in ENTRIES if entry.access is Access.CLIENT)


def guard(view: View, access: Access) -> View:
    """The same view, reached only by those it is for."""
    if access not in {Access.ACCOUNT, Access.ADMIN}:
        return view

    async def guarded(request: Request) -> Response:
        session = session_of(request)
        if session is None:
            return _ask_to_log_in(request)
        if access is Access.ADMIN and session.account.role is Role.GENERAL:
            raise HTTPException(403)
        try:
            return await view(request)
        except NoAdmin:
            raise HTTPException(403) from None
        except HTTPException as refused:
            if refused.status_code == 401:
                return _ask_to_log_in(request)
            raise

    guarded.__name__ = view.__name__
    guarded.__doc__ = view.__doc__
    return guarded


def _ask_to_log_in(request: Request) -> Response:
    here = request.url.path if request.method == "GET" else HOME
    target = onward(request.query_params.get("next", here))
    return RedirectResponse(login_page(target), 303)


def routes() -> list[BaseRoute]:
    """The routes for Starlette, each behind its guard."""
    return [
        Route(entry.path, guard(entry.view, entry.access), methods=[entry.method])
        for entry in ENTRIES
    ]
