"""Signing a manifest with a camera's key, and checking that: a JWS, its payload detached.

What is signed is ``<header>.<canonical manifest>``, both in base64url, as any library for JWS
does it (RFC 7515, appendix F; Ed25519 by RFC 9864). The database keeps the 64 bytes alone.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from webapp.domain.manifests import Manifest

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest with its signature of 64 bytes, and the row of the background that it names."""

    manifest: Manifest
    signature: bytes
    background_id: int


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The signature of a manifest that names this key: 64 bytes."""
    return key.sign(_signing_input(manifest))


def is_signed(manifest: Manifest, signature: bytes, public: str) -> bool:
    """Whether the key signed it; ``public`` is the JWK's ``x``."""
    try:
        key = Ed25519PublicKey.from_public_bytes(_from_text(public))
        key.verify(signature, _signing_input(manifest))
    except (InvalidSignature, ValueError):
        return False
    return True


def as_jws(manifest: Manifest, signature: bytes) -> str:
    """The compact form without its payload, as it stands beside a published manifest."""
    return f"{_header(manifest)}..{_as_text(signature)}"


def signature_of(manifest: Manifest, jws: str) -> bytes | None:
    """The 64 bytes in such a form; None when its header is not the one that we write."""
    header, _, rest = jws.partition("..")
    if header != _header(manifest):
        return None
    try:
        return _from_text(rest)
    except ValueError:
        return None


def _signing_input(manifest: Manifest) -> bytes:
    return f"{_header(manifest)}.{_as_text(manifest.canonical())}".encode()


def _header(manifest: Manifest) -> str:
    header = {"alg": ALGORITHM, "kid": manifest.key}
    return _as_text(json.dumps(header, separators=(",", ":")).encode())


def _as_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64url") from error
