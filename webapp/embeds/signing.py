"""Addresses of pictures: signed, good for five minutes at most, and the same meanwhile.

The same address for the same picture lets every cache on the way keep it (E5).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import cache

from webapp.settings import Settings

MAX_AGE = 300
_STEP = 240
# Somebody who looks around taps more often than once in so many seconds; each tap begins them anew.
PASS_AGE = 3600

# Only what was drawn from a background and pictograms (M2), and what an admin chose to be shown
# instead, ever has an address.
PREFIXES = ("masked/", "alerts/", "closed/")


def picture_url(settings: Settings, key: str, made_at: datetime, now: datetime) -> str:
    """The address of the picture ``key``, good for another 60 to 300 seconds.

    It stays the same for the first four minutes after ``made_at``: longer than a picture
    is the newest one. A picture that was made by a clock ahead of ours was made now.
    """
    made_at = min(made_at, now)
    age = int((now - made_at).total_seconds())
    expires = int(made_at.timestamp()) + age // _STEP * _STEP + MAX_AGE
    return f"/pictures/{key}?e={expires}&s={_signature(settings, key, expires)}"


def give_pass(settings: Settings, key: str, name: str, address: str, now: datetime) -> str:
    """What a counted view of a variant gives along: with it taps in a forecast are free (E3).

    ``address`` is the viewer's: whoever else is given the link pays for a view of their own.
    """
    expires = int(now.timestamp()) + PASS_AGE
    return f"{expires}.{_pass(settings, key, name, address, expires)}"


def is_pass(
    settings: Settings, key: str, name: str, address: str, given: str, now: datetime
) -> bool:
    """Whether a view or a tap from this address gave it, of this variant, within the last hour."""
    expires, _, signature = given.partition(".")
    if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
        return False
    if int(expires) <= now.timestamp() or not signature.isascii():
        return False
    return hmac.compare_digest(_pass(settings, key, name, address, int(expires)), signature)


def _pass(settings: Settings, key: str, name: str, address: str, expires: int) -> str:
    message = f"pass\n{key}\n{name}\n{address}\n{expires}".encode()
    return hmac.new(_signing_key(settings), message, hashlib.sha256).hexdigest()[:32]


def verify_sign(settings: Settings, camera: str, picture: str) -> str:
    """What an address of a record ends in that leads from where the count is shown (B1, E1)."""
    message = f"verify\n{camera}\n{picture}".encode()
    return hmac.new(_signing_key(settings), message, hashlib.sha256).hexdigest()[:32]


def is_verify_sign(settings: Settings, camera: str, picture: str, given: str) -> bool:
    """Whether that is what this picture's address ends in."""
    return given.isascii() and hmac.compare_digest(verify_sign(settings, camera, picture), given)


def seconds_left(settings: Settings, key: str, expires: str, given: str, now: datetime) -> int:
    """How long the address is still good; 0 when it is not, or not one of ours.

    Whatever another process thought of the time, nobody keeps the picture for longer than
    ``MAX_AGE``.
    """
    if not key.startswith(PREFIXES) or not expires.isascii() or not expires.isdigit():
        return 0
    if len(expires) > 12 or not given.isascii():
        return 0
    if not hmac.compare_digest(_signature(settings, key, int(expires)), given):
        return 0
    return max(0, min(MAX_AGE, int(expires) - int(now.timestamp())))


def _signature(settings: Settings, key: str, expires: int) -> str:
    message = f"{key}\n{expires}".encode()
    return hmac.new(_signing_key(settings), message, hashlib.sha256).hexdigest()[:43]


@cache
def _signing_key(settings: Settings) -> bytes:
    return hmac.new(settings.secret(), b"nigiwai picture addresses", hashlib.sha256).digest()
