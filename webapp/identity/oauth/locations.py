"""Where browsers are sent back to: a registered address, with an answer behind it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit


def location_of(address: str, values: Mapping[str, str | None]) -> str:
    """The address, not a letter changed, with the values that there are."""
    answer = urlencode({name: value for name, value in values.items() if value})
    if not answer:
        return address
    return f"{address}{'&' if '?' in address else '?'}{answer}"


def origin_of(address: str) -> str:
    """The origin of an address, for ``form-action``."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
