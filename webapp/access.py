"""Who may do what: every view first loads its object through the member's rights.

A stranger gets 404, as if the thing were not there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.licences.notices import notices_for
from webapp.models import Camera, CameraGroup, Member, Organisation, Role, Session
from webapp.signin.next_page import page_asked_for

View = Callable[[Request], Awaitable[Response]]

# What can be a カメラ識別子 (or a group's) at all; a longer one would not even be looked up.
PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")


class Access(StrEnum):
    """Who a route is for; stands beside each route in ``urls.py``."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"  # members and operators
    MEMBER = "member"  # 管理ユーザ and 一般ユーザ
    ADMIN = "admin"
    MONITORING = "monitoring"  # 管理ユーザ, and 一般ユーザ where 組織設定 allows it (M6)
    OPERATOR = "operator"
    TOKEN = "token"  # noqa: S105 - programs with a token of 組織設定; webapp.api.gate lets them in


# Which roles a kind of route is for. Operators see their own pages alone.
_FOR: dict[Access, frozenset[Role]] = {
    Access.SIGNED_IN: frozenset(Role),
    Access.MEMBER: frozenset({Role.ADMIN, Role.GENERAL}),
    Access.ADMIN: frozenset({Role.ADMIN}),
    Access.MONITORING: frozenset({Role.ADMIN, Role.GENERAL}),
    Access.OPERATOR: frozenset({Role.OPERATOR}),
    Access.TOKEN: frozenset(),
}
# Where everybody lands after signing in: an operator goes on to the operator pages.
_FIRST_PAGES = frozenset({"/", "/cameras"})
OPERATOR_HOME = "/operator"


def guard(view: View, access: Access) -> View:
    """The same view, reached only by those it is for."""
    if access in {Access.ANYONE, Access.TOKEN}:
        return view

    async def guarded(request: Request) -> Response:
        session = session_of(request)
        if getattr(request.state, "not_known", False):
            raise HTTPException(503)
        if session is None:
            return _ask_to_sign_in(request)
        if not _is_for(access, session.member):
            role = session.member.role
            if role is Role.OPERATOR and request.url.path in _FIRST_PAGES:
                return RedirectResponse(OPERATOR_HOME, 303)
            raise HTTPException(403)
        if not request.headers.get("hx-request"):  # a fragment stands on a page that says it
            request.state.licence_notices = await notices_for(session.member, datetime.now(UTC))
        return await view(request)

    guarded.__name__ = view.__name__
    guarded.__doc__ = view.__doc__
    return guarded


def may_open(request: Request, path: str) -> bool:
    """Whether there is a page at this path (as ``urls.py`` writes it) for whoever asks."""
    access = request.app.state.pages.get(path)
    session = session_of(request)
    if access is None or access is Access.ANYONE:
        return access is not None
    return session is not None and _is_for(access, session.member)


def _is_for(access: Access, member: Member) -> bool:
    if access is Access.MONITORING and member.role is Role.GENERAL:
        return member.organisation.monitoring_allowed
    return member.role in _FOR[access]


def session_of(request: Request) -> Session | None:
    """The living session of this request, with member and organisation, or None."""
    session: Session | None = getattr(request.state, "session", None)
    return session


def member_of(request: Request) -> Member:
    """The signed-in member; only for views that are not for anyone."""
    session = session_of(request)
    if session is None:
        raise HTTPException(401)
    return session.member


def organisation_of(request: Request) -> Organisation:
    """The signed-in member's organisation."""
    return member_of(request).organisation


async def camera_of(request: Request) -> Camera:
    """The camera named in the path, if it is the organisation's; 404 otherwise."""
    public_id = request.path_params["camera"]
    if not PUBLIC_ID.fullmatch(public_id):
        raise HTTPException(404)
    camera = await Camera.get_or_none(
        public_id=public_id,
        organisation_id=member_of(request).organisation_id,
    ).select_related("latest", "alert", "alert__state")
    if camera is None:
        raise HTTPException(404)
    return camera


async def group_of(request: Request) -> CameraGroup:
    """The group named in the path, if it is the organisation's; 404 otherwise."""
    public_id = request.path_params["group"]
    if not PUBLIC_ID.fullmatch(public_id):
        raise HTTPException(404)
    group = await CameraGroup.get_or_none(
        public_id=public_id,
        organisation_id=member_of(request).organisation_id,
    )
    if group is None:
        raise HTTPException(404)
    return group


async def subject_of(request: Request) -> Camera | CameraGroup:
    """The camera or the group named in the path, for pages that both have; 404 otherwise."""
    return await (group_of if "group" in request.path_params else camera_of)(request)


def _ask_to_sign_in(request: Request) -> Response:
    sign_in = f"/sign-in?next={quote(page_asked_for(request), safe='/')}"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": sign_in})
    if request.method in {"GET", "HEAD"}:
        return RedirectResponse(sign_in, 303)
    raise HTTPException(401)
