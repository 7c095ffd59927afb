"""A sign-in under way: what the browser carries from leaving until it comes back (TRUST 24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.cookies import SealedCookie
from webapp.sealing import Sealer

COOKIE = "__Host-nigiwai-signin"
_CARRIED = SealedCookie(COOKIE, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Attempt:
    """Authlib's state, nonce and verifier, and the page to go to in the end."""

    remembered: dict[str, Any]
    next_page: str


def remember(response: Response, attempt: Attempt, sealer: Sealer, at: datetime) -> None:
    """Hand the attempt to the browser."""
    for kept in attempt.remembered.values():
        kept["data"].pop("url", None)  # the way there: long, and of no use on the way back
    carried = {"of": attempt.remembered, "next": attempt.next_page}
    _CARRIED.hand_over(response, carried, sealer, at)


def recall(request: Request, sealer: Sealer, at: datetime) -> Attempt | None:
    """The attempt that this browser carries; None when it is over or not of our making."""
    carried = _CARRIED.read(request, sealer, at)
    return None if carried is None else Attempt(carried["of"], carried["next"])


def forget(response: Response) -> None:
    """Take the attempt back from the browser."""
    _CARRIED.take_back(response)
