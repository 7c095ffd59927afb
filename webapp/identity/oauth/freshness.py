"""Asking anew only once: a mark in the address that comes back from the login.

``prompt=login`` and ``prompt=consent`` are still in the address when the browser returns from
the page that they led to. The mark beside them says since when the answer counts. It is
sealed, so that no application can make one, and fits this one request.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlencode

from webapp.errors import PermanentFailure
from webapp.identity.oauth.requests import Pairs
from webapp.sealing import Sealer

_NAME = "asked"
_LIVES = timedelta(minutes=30)


def with_mark(pairs: Pairs, sealer: Sealer, at: datetime) -> str:
    """The query of the same request, with a mark that an answer from now on counts."""
    plain = _without_mark(pairs)
    mark = sealer.seal({"asked": at.isoformat(), "of": _digest(plain)})
    return urlencode((*plain, (_NAME, mark)))


def marked_at(pairs: Pairs, sealer: Sealer, at: datetime) -> datetime | None:
    """Since when an answer counts, by a mark that was made for this request a while ago."""
    marks = [text for name, text in pairs if name == _NAME]
    if len(marks) != 1:
        return None
    try:
        said = sealer.unseal(marks[0])
        asked = datetime.fromisoformat(said["asked"])
    except (PermanentFailure, KeyError, TypeError, ValueError):
        return None
    fits = said.get("of") == _digest(_without_mark(pairs))
    return asked if fits and at - _LIVES < asked <= at else None


def _without_mark(pairs: Pairs) -> Pairs:
    return tuple((name, text) for name, text in pairs if name != _NAME)


def _digest(pairs: Pairs) -> str:
    return hashlib.sha256(urlencode(pairs).encode()).hexdigest()
