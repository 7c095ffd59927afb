"""A sign-in under way: what the browser carries from leaving until it comes back.

It is sealed and short-lived, one per browser, and no row is written for it: anybody may
begin as many as they like (TRUST 24).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import PermanentFailure
from webapp.sealing import Sealer

COOKIE = "__Host-nigiwai-signin"
LIVES = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Authlib's state, nonce and verifier, and the page to go to in the end."""

    remembered: dict[str, Any]
    next_page: str


def remember(response: Response, attempt: Attempt, sealer: Sealer, at: datetime) -> None:
    """Hand the attempt to the browser; an earlier one is forgotten by that."""
    for kept in attempt.remembered.values():
        kept["data"].pop("url", None)  # the way there: long, and of no use on the way back
    until = (at + LIVES).timestamp()
    sealed = sealer.seal({"of": attempt.remembered, "next": attempt.next_page, "until": until})
    response.set_cookie(
        COOKIE,
        sealed,
        max_age=int(LIVES.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def recall(request: Request, sealer: Sealer, at: datetime) -> Attempt | None:
    """The attempt that this browser carries; None when it is over or not of our making."""
    sealed = request.cookies.get(COOKIE, "")
    if not sealed:
        return None
    try:
        kept = sealer.unseal(sealed)
    except PermanentFailure:
        return None
    if at.timestamp() >= kept["until"]:
        return None
    return Attempt(kept["of"], kept["next"])


def forget(response: Response) -> None:
    """Take the attempt back from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
