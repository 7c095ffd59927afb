"""Identifiers that name a thing and open nothing."""

import re

from webapp.tokens import public_id as public_id

_ID = re.compile(r"[A-Za-z0-9_-]+")

LONGEST = 16  # of a public id
LONGEST_SID = 32


def is_id(text: str, longest: int = LONGEST) -> bool:
    """Whether this could name anything: databases refuse to even look for some other texts."""
    return len(text) <= longest and _ID.fullmatch(text) is not None
