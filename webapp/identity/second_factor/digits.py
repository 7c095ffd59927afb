"""Codes as people type and paste them."""

from __future__ import annotations

import unicodedata

LONGEST = 40


def digits_of(text: str) -> str:
    """The digits of a code that was typed in full width, or pasted with blanks and hyphens."""
    return "".join(c for c in _plain(text) if c.isdigit())


def letters_of(text: str) -> str:
    """The letters and digits of a code, in small letters."""
    return "".join(c for c in _plain(text).lower() if c.isalnum())


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:LONGEST])
    return "".join(c for c in plain if c.isascii())
