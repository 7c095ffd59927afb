"""The cookies of the app and of the provider: for their own host alone, and for no script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import PermanentFailure
from webapp.sealing import Sealer


def hand_over(response: Response, name: str, value: str, lives: timedelta | None = None) -> None:
    """Give it to the browser, for ``lives`` or until it is closed."""
    response.set_cookie(
        name,
        value,
        max_age=None if lives is None else int(lives.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def take_back(response: Response, name: str) -> None:
    """Let the browser forget it."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


@dataclass(frozen=True, slots=True)
class SealedCookie:
    """What a browser carries from leaving for somebody else's page until it comes back.

    It is sealed and lives ``lives``; no row is written for it, so anybody may have as many as
    they like (TRUST 24), and a browser has one: an earlier one is forgotten by the next.
    """

    name: str
    lives: timedelta

    def hand_over(
        self, response: Response, value: dict[str, Any], sealer: Sealer, at: datetime
    ) -> None:
        """Give a JSON object to the browser; ``until`` is a name of our own in it."""
        sealed = sealer.seal({**value, "until": (at + self.lives).timestamp()})
        hand_over(response, self.name, sealed, self.lives)

    def read(self, request: Request, sealer: Sealer, at: datetime) -> dict[str, Any] | None:
        """What this browser carries; None when it is over or not of our making."""
        sealed = request.cookies.get(self.name, "")
        if not sealed:
            return None
        try:
            value = sealer.unseal(sealed)
        except PermanentFailure:
            return None
        return value if at.timestamp() < value.pop("until") else None

    def take_back(self, response: Response) -> None:
        """Let the browser forget it."""
        take_back(response, self.name)
