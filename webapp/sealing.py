"""Encrypting what must be kept but not read: the addresses and passwords of cameras."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.errors import PermanentFailure


class Sealer:
    """Encrypts small JSON objects with a key derived from the installation's secret.

    What the secret ``old`` before it sealed is still read; ``renew`` seals it anew.
    """

    def __init__(self, secret: bytes, purpose: str = "camera sources", old: bytes = b"") -> None:
        # What was sealed for one purpose opens for no other.
        info = f"nigiwai {purpose}".encode()
        secrets = [secret, old] if old else [secret]
        keys = [HKDF(SHA256(), 32, salt=None, info=info).derive(one) for one in secrets]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def seal(self, value: dict[str, Any]) -> str:
        """Encrypt; the same value gives another text each time."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode()

    def seal_bytes(self, data: bytes) -> bytes:
        """Encrypt bytes."""
        return self._fernet.encrypt(data)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Decrypt; ``PermanentFailure`` when it was sealed under another secret."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise PermanentFailure("This was encrypted with another secret key.") from None

    def renew(self, sealed: str) -> str:
        """Seal the same under the present secret; ``PermanentFailure`` as for ``unseal``."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise PermanentFailure("Its secret key is not known.") from None

    def unseal(self, sealed: str) -> dict[str, Any]:
        """Decrypt; ``PermanentFailure`` when it was sealed under another secret."""
        try:
            value: dict[str, Any] = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise PermanentFailure(
                "The address of this camera was encrypted with another secret key."
            ) from None
        return value
