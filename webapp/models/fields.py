"""What tables share: identifiers that open nothing, keys that open one thing."""

import secrets

from webapp.tokens import public_id as public_id


def access_key() -> str:
    """A key of 192 random bits in 32 URL-safe characters: whoever has it may look."""
    return secrets.token_urlsafe(24)
