"""Where to go after a sign-in: the page that was asked for, and never anybody else's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request

HOME = "/cameras"
LONGEST = 1500  # characters; the way there travels in a cookie of 4 KB

# One slash, then what an address may hold: no backslash, blank, control character or letter
# that a browser would first turn into something else.
_LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@/%?]*")
# These would ask for a sign-in again, or end it.
_NOT_THERE = ("/sign-in", "/sign-out", "/signed-out", "/login-link", "/backchannel-logout")


def local_page(given: str) -> str:
    """The page named by ``given`` when it is one of ours; otherwise the list of cameras."""
    if len(given) > LONGEST or not _LOCAL.fullmatch(given):
        return HOME
    path = given.partition("?")[0]
    if "//" in path or path.startswith(_NOT_THERE):
        return HOME
    return given


def page_asked_for(request: Request) -> str:
    """The page to come back to: this one, or the one around the fragment that was asked for."""
    if request.headers.get("hx-request"):
        address = urlsplit(request.headers.get("hx-current-url", ""))
        return local_page(f"{address.path}?{address.query}" if address.query else address.path)
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    path = raw.partition(b"?")[0].decode("ascii", "replace")
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    return local_page(f"{path}?{query}" if query else path)
