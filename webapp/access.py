"""Who may do what: every view first loads its object through the member's rights.

A stranger gets 404, as if the thing were not there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.models import Camera, Member, Organisation, Role, Session

View = Callable[[Request], Awaitable[Response]]

# What can be a カメラ識別子 at all; a longer one would not even be looked up.
_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")


class Access(StrEnum):
    """Who a route is for; stands beside each route in ``urls.py``."""

    ANYONE = "anyone"
    MEMBER = "member"
    ADMIN = "admin"


def guard(view: View, access: Access) -> View:
    """The same view, reached only by those it is for."""
    if access is Access.ANYONE:
        return view

    async def guarded(request: Request) -> Response:
        session = session_of(request)
        if session is None:
            return _ask_to_sign_in(request)
        if access is Access.ADMIN and session.member.role is not Role.ADMIN:
            raise HTTPException(403)
        return await view(request)

    guarded.__name__ = view.__name__
    guarded.__doc__ = view.__doc__
    return guarded


def session_of(request: Request) -> Session | None:
    """The living session of this request, with member and organisation, or None."""
    session: Session | None = getattr(request.state, "session", None)
    return session


def member_of(request: Request) -> Member:
    """The signed-in member; only for views behind ``Access.MEMBER`` or ``ADMIN``."""
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
    if not _PUBLIC_ID.fullmatch(public_id):
        raise HTTPException(404)
    camera = await Camera.get_or_none(
        public_id=public_id,
        organisation_id=member_of(request).organisation_id,
    ).select_related("latest")
    if camera is None:
        raise HTTPException(404)
    return camera


def _ask_to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method in {"GET", "HEAD"}:
        return RedirectResponse("/sign-in", 303)
    raise HTTPException(401)
