"""Asking for a consent: what the browser carries from leaving until it comes back.

It is sealed and short-lived, and no row is written for it. It names the member: what somebody
else's browser brings back is nobody's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import PermanentFailure
from webapp.sealing import Sealer

COOKIE = "__Host-nigiwai-cloud"
LIVES = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of the way, who went it, what for, and the page to go to in the end.

    ``consent`` is the public id of the one to be renewed; empty for a new one.
    """

    state: str
    verifier: str
    member: str
    consent: str
    next_page: str


def remember(response: Response, attempt: Attempt, sealer: Sealer, at: datetime) -> None:
    """Hand the attempt to the browser; an earlier one is forgotten by that."""
    until = (at + LIVES).timestamp()
    response.set_cookie(
        COOKIE,
        sealer.seal({**asdict(attempt), "until": until}),
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
    if at.timestamp() >= kept.pop("until"):
        return None
    return Attempt(**kept)


def forget(response: Response) -> None:
    """Take the attempt back from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
