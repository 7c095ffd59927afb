"""Where to go on after a login or a choice: never out of the provider (TRUST 15)."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote

HOME = "/"
AUTHORIZE = "/authorize?"
# Pages of the managers: no blank step, no dots, nothing encoded, no query.
_OWN_PAGE = re.compile(r"/(?:account|group)(?:/[A-Za-z0-9_-]+)*")


def onward(asked: str) -> str:
    """The page that was asked for, when it is one that may be gone on to; else the home page."""
    if _OWN_PAGE.fullmatch(asked) or (asked.startswith(AUTHORIZE) and _is_plain(asked)):
        return asked
    return HOME


def login_page(onward_to: str) -> str:
    """The address of the login page that goes on to that page."""
    return "/login" if onward_to == HOME else f"/login?next={quote(onward_to, safe='')}"


def authorisation_query(onward_to: str) -> str:
    """The query of the authorisation request that is gone on to; empty when it is none."""
    return onward_to.removeprefix(AUTHORIZE) if onward_to.startswith(AUTHORIZE) else ""


def login_hint(onward_to: str) -> str:
    """The mail address that the application knows already, or nothing."""
    given = parse_qs(authorisation_query(onward_to)).get("login_hint", [""])[0]
    return given if len(given) <= 254 and given.isprintable() else ""


def local_path(asked: str) -> str:
    """A page of the provider that was asked for as ``/path?query``; else the home page."""
    is_local = asked.startswith("/") and not asked.startswith("//") and _is_plain(asked)
    return asked if is_local else HOME


def _is_plain(text: str) -> bool:
    """Whether browsers read it as it stands: no blank, control character or backslash."""
    return text.isascii() and text.isprintable() and not set(text) & set(' \\"<>')
