"""Asking for a consent: what the browser carries from leaving until it comes back.

It names the member: what somebody else's browser brings back is nobody's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from webapp.cookies import SealedCookie
from webapp.sealing import Sealer

COOKIE = "__Host-nigiwai-cloud"
_CARRIED = SealedCookie(COOKIE, timedelta(minutes=15))


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
    """Hand the attempt to the browser."""
    _CARRIED.hand_over(response, asdict(attempt), sealer, at)


def recall(request: Request, sealer: Sealer, at: datetime) -> Attempt | None:
    """The attempt that this browser carries; None when it is over or not of our making."""
    carried = _CARRIED.read(request, sealer, at)
    return None if carried is None else Attempt(**carried)


def forget(response: Response) -> None:
    """Take the attempt back from the browser."""
    _CARRIED.take_back(response)
