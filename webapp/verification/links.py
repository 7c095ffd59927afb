"""From the address of a picture to the page that verifies it."""

from __future__ import annotations

import re

from webapp.embeds.signing import verify_sign
from webapp.settings import Settings

_MASKED = re.compile(r"/pictures/masked/([a-z0-9]{1,16})/([0-9]{8}T[0-9]{6}-[0-9a-f]{32})\.jpg\?")
_ALERT, _CLOSED = "/pictures/alerts/", "/pictures/closed/"


def verify_path(url: str) -> str:
    """Where the picture at this address can be verified; empty for one that says nothing."""
    if url.startswith(_ALERT):
        return "/verify/stage"
    if url.startswith(_CLOSED):
        return "/verify/closed"
    found = _MASKED.match(url)
    return f"/verify/{found[1]}/{found[2]}" if found else ""


def verify_link(settings: Settings, url: str) -> str:
    """The same for whoever sees the count beside the picture.

    It opens the record also where the camera is shown without its count elsewhere (E1).
    """
    path, found = verify_path(url), _MASKED.match(url)
    return f"{path}?s={verify_sign(settings, found[1], found[2])}" if found else path
