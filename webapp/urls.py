"""Every route, flat: the map of the product, and who each of them is for."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.routing import BaseRoute, Route

from webapp import healthz, metrics
from webapp.access import Access, View, guard
from webapp.areas import routes as areas
from webapp.backgrounds import routes as backgrounds
from webapp.cameras import list_routes as lists
from webapp.cameras import routes as cameras
from webapp.embeds import pictures
from webapp.embeds import routes as embeds
from webapp.signin import routes as signin


@dataclass(frozen=True, slots=True)
class Entry:
    """One route: method, path, who it is for, and the view."""

    method: str
    path: str
    access: Access
    view: View


def _anyone(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.ANYONE, view)


def _member(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.MEMBER, view)


def _admin(method: str, path: str, view: View) -> Entry:
    return Entry(method, path, Access.ADMIN, view)


ENTRIES = (
    _anyone("GET", "/healthz", healthz.healthz),
    _anyone("GET", "/metrics", metrics.metrics),
    # The public
    _anyone("GET", "/p/{key}", embeds.public_page),
    _anyone("GET", "/p/{key}/live", embeds.public_live),
    _anyone("GET", "/pictures/{path:path}", pictures.picture),
    # Signing in and out
    _anyone("GET", "/sign-in", signin.sign_in),
    _anyone("GET", "/login-link/{token}", signin.login_link),
    _anyone("POST", "/login-link/{token}", signin.redeem_login_link),
    _member("POST", "/sign-out", signin.sign_out),
    _member("POST", "/language", signin.change_language),
    # Cameras
    _member("GET", "/", lists.home),
    _member("GET", "/cameras", lists.camera_list),
    _member("GET", "/cameras/cards", lists.cards),
    _member("GET", "/cameras/manage", lists.manage),
    _member("GET", "/cameras/manage/rows", lists.rows),
    _admin("GET", "/cameras/new", cameras.new),
    _admin("POST", "/cameras/new", cameras.create),
    _admin("POST", "/cameras/test", cameras.test_new),
    _admin("POST", "/cameras/fields", cameras.fields_new),
    _member("GET", "/cameras/{camera}", cameras.camera_page),
    _member("GET", "/cameras/{camera}/live", cameras.live),
    _admin("GET", "/cameras/{camera}/edit", cameras.edit),
    _admin("POST", "/cameras/{camera}/edit", cameras.save),
    _admin("POST", "/cameras/{camera}/test", cameras.test_existing),
    _admin("POST", "/cameras/{camera}/fields", cameras.fields_existing),
    _admin("POST", "/cameras/{camera}/preview", cameras.preview),
    _admin("POST", "/cameras/{camera}/rename", cameras.rename),
    _admin("GET", "/cameras/{camera}/delete", cameras.confirm_delete),
    _admin("POST", "/cameras/{camera}/delete", cameras.delete),
    # Areas to count in and to leave out
    _admin("GET", "/cameras/{camera}/areas", areas.areas_page),
    _admin("POST", "/cameras/{camera}/areas", areas.save),
    _admin("POST", "/cameras/{camera}/areas/try", areas.try_areas),
    # Backgrounds
    _admin("GET", "/cameras/{camera}/background", backgrounds.background_page),
    _admin("POST", "/cameras/{camera}/background/upload", backgrounds.upload),
    _admin("POST", "/cameras/{camera}/background/take", backgrounds.take),
    _admin("POST", "/cameras/{camera}/background/register", backgrounds.register),
    _admin("POST", "/cameras/{camera}/background/remove", backgrounds.remove),
    # The public page of a camera
    _admin("POST", "/cameras/{camera}/public-page", embeds.save_public_page),
    _admin("POST", "/cameras/{camera}/public-page/delete", embeds.delete_public_page),
)

# Where a body may be as large as a picture; everywhere else 64 KB are enough.
UPLOAD_PATHS = ("/background/upload",)


def routes() -> list[BaseRoute]:
    """The routes for Starlette, each behind its guard."""
    return [
        Route(entry.path, guard(entry.view, entry.access), methods=[entry.method])
        for entry in ENTRIES
    ]
