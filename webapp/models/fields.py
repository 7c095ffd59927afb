"""What tables share: identifiers that open nothing, keys that open one thing."""

import secrets
import string

_ALPHABET = string.ascii_lowercase + string.digits


def public_id() -> str:
    """Twelve letters and digits: names a thing in addresses and files, and opens nothing."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def access_key() -> str:
    """A key of 192 random bits in 32 URL-safe characters: whoever has it may look."""
    return secrets.token_urlsafe(24)
