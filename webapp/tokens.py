"""Random tokens and what is stored of them, and identifiers that open nothing."""

import hashlib
import hmac
import secrets
import string

_ALPHABET = string.ascii_lowercase + string.digits


def new_token() -> str:
    """256 random bits in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. It is random enough to need no salt.

    Any text may come as one, halves of characters among them.
    """
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def is_token(given: object, token: str) -> bool:
    """Whether what somebody sent is this token; a file is none. Takes the same time wherever."""
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(given.encode(errors="surrogatepass"), token.encode())


def public_id() -> str:
    """Twelve letters and digits: names a thing in addresses and files, and opens nothing."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))
