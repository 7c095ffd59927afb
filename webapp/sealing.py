"""Encrypting what must be kept but not read: the addresses and passwords of cameras."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.errors import PermanentFailure


class Sealer:
    """Encrypts small JSON objects with a key derived from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"nigiwai camera sources").derive(secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, value: dict[str, Any]) -> str:
        """Encrypt; the same value gives another text each time."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode()

    def unseal(self, sealed: str) -> dict[str, Any]:
        """Decrypt; ``PermanentFailure`` when it was sealed under another secret."""
        try:
            value: dict[str, Any] = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise PermanentFailure(
                "The address of this camera was encrypted with another secret key."
            ) from None
        return value
