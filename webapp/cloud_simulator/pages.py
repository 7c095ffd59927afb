"""What people see of the simulated cloud: the consent page of an owner, and the switches."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp.cloud_simulator.protocol import asked
from webapp.cloud_simulator.texts import language_of, texts
from webapp.cloud_simulator.world import (
    CAMERA_SWITCHES,
    CAMERAS,
    CLOUD_SWITCHES,
    OWNER_BY_ID,
    OWNERS,
    Cloud,
)

FOLDER = Path(__file__).parent
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


async def home(request: Request) -> Response:  # noqa: ARG001 - every view takes it
    """The switches are what there is to see."""
    return RedirectResponse("/switches", 303)


async def consent(request: Request) -> Response:
    """Ask the owner who they are, and whether this is allowed."""
    wanted = asked(request)
    try:
        request.app.state.server.get_consent_grant(wanted, None)
    except OAuth2Error as error:
        if error.redirect_uri:
            answer: Response = request.app.state.server.handle_error_response(wanted, error)
            return answer
        return _page(request, "refused.html", 400)
    return _consent_page(request)


async def decide(request: Request) -> Response:
    """Take the owner's answer back to the application."""
    form = await request.form(max_files=0, max_fields=10)
    name, password = str(form.get("owner", ""))[:100].strip(), str(form.get("password", ""))[:200]
    wanted, server = asked(request), request.app.state.server
    try:
        grant = server.get_consent_grant(wanted, None)
    except OAuth2Error:
        return _page(request, "refused.html", 400)
    if form.get("answer") != "allow":
        refused: Response = server.create_authorization_response(wanted, None, grant)
        return refused
    owner = OWNER_BY_ID.get(name)
    known = owner.password if owner else ""
    if owner is None or not hmac.compare_digest(known.encode(), password.encode()):
        return _consent_page(request, name=name, is_wrong=True)
    answer: Response = server.create_authorization_response(wanted, owner.id, grant)
    return answer


async def switches(request: Request) -> Response:
    """Show every camera with its switches, and every consent."""
    cloud: Cloud = request.app.state.cloud
    return _page(
        request,
        "switches.html",
        owners=OWNERS,
        cameras={owner.id: [c for c in CAMERAS if c.owner == owner.id] for owner in OWNERS},
        camera_switches=CAMERA_SWITCHES,
        cloud_switches=CLOUD_SWITCHES,
        is_on=cloud.is_on,
        consents={owner.id: cloud.living_consents(owner.id) for owner in OWNERS},
        grants=cloud.world.grants,
    )


async def switch(request: Request) -> Response:
    """Switch on and off for one camera, or for the whole cloud."""
    cloud: Cloud = request.app.state.cloud
    form = await request.form(max_files=0, max_fields=20)
    camera = str(form.get("camera", ""))
    allowed = CAMERA_SWITCHES if camera else CLOUD_SWITCHES
    if not camera or any(one.id == camera for one in CAMERAS):
        cloud.set_switches(camera, {name for name in allowed if name in form})
    return RedirectResponse("/switches", 303)


async def withdraw(request: Request) -> Response:
    """End an owner's consents."""
    cloud: Cloud = request.app.state.cloud
    form = await request.form(max_files=0, max_fields=5)
    for name in cloud.living_consents(str(form.get("owner", ""))):
        cloud.end(name)
    return RedirectResponse("/switches", 303)


def _consent_page(request: Request, *, name: str = "", is_wrong: bool = False) -> Response:
    status = 422 if is_wrong else 200
    response = _page(request, "consent.html", status, name=name, is_wrong=is_wrong)
    # The answer leads back to the application, which browsers take for a form's way out.
    back = urlsplit(request.query_params["redirect_uri"])
    place = f"{back.scheme}://{back.netloc}"
    response.headers["Content-Security-Policy"] = f"{POLICY} {place}"
    return response


def _page(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    language = language_of(request.headers.get("accept-language", ""))
    html = TEMPLATES.get_template(template).render(
        request=request, t=texts(language), language=language, **values
    )
    return HTMLResponse(html, status, {"Content-Security-Policy": POLICY})
