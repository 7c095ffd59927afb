"""An authenticator in software: one passkey (ES256), and answers as a browser sends them."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from tests.identity.people import ORIGIN

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Authenticator:
    """What it says of itself can be changed for a lie."""

    origin: str = ORIGIN
    rp_id: str = "id.nigiwai.test"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    step: int = 1
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def make(self, options: str, **response: Any) -> str:
        """Answer ``navigator.credentials.create``."""
        client_data = self._client_data("webauthn.create", options)
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public
        data = self._data(ATTESTED) + attested
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._answer(
            clientDataJSON=bytes_to_base64url(client_data),
            attestationObject=bytes_to_base64url(cbor2.dumps(made)),
            transports=["internal"],
            **response,
        )

    def answer(self, options: str) -> str:
        """Answer ``navigator.credentials.get``."""
        client_data = self._client_data("webauthn.get", options)
        self.count += self.step
        data = self._data()
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            clientDataJSON=bytes_to_base64url(client_data),
            authenticatorData=bytes_to_base64url(data),
            signature=bytes_to_base64url(self.key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=None,
        )

    def _client_data(self, kind: str, options: str) -> bytes:
        challenge = json.loads(options)["challenge"]
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int = 0) -> bytes:
        rp = hashlib.sha256(self.rp_id.encode()).digest()
        return rp + bytes([self.flags | flags]) + self.count.to_bytes(4)

    def _answer(self, **response: Any) -> str:
        name = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
