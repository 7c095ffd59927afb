"""Tokens of the read API (B7): what one looks like, what it may read, and until when. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

# Whoever finds one in a file or a log knows by this what it is, and so do scanners for secrets.
PREFIX = "nigiwai_"
MOST_TOKENS = 20  # an organisation
MOST_YEARS = 10
# So many of its last letters are kept: enough to tell two apart, and of no use to anybody.
HINT = 4

_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a token may read."""

    STATE = "state:read"
    HISTORY = "history:read"
    FORECAST = "forecast:read"


def is_token(given: str) -> bool:
    """Whether it can be a token at all; anything else is not even looked up."""
    return _SHAPE.fullmatch(given) is not None


def is_good(expires_at: datetime | None, at: datetime) -> bool:
    """Whether a token that ends then is good at ``at``; None ends never."""
    return expires_at is None or at < expires_at


def end_of(last_day: date, zone: tzinfo) -> datetime:
    """The instant (UTC) at which the last good day is over, by the organisation's clock."""
    return datetime.combine(last_day + timedelta(days=1), time(), zone).astimezone(UTC)


def can_end_on(last_day: date, today: date) -> bool:
    """Whether a token that is made today may be good until then: ten years ahead at most."""
    return today <= last_day <= today + timedelta(days=366 * MOST_YEARS)
