"""A passkey in software: it makes what a browser sends for a new one (WebAuthn, no attestation)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def made(options_json: str, origin: str) -> str:
    """The answer of a browser on that origin to the options of a registration."""
    options = json.loads(options_json)
    client = {"type": "webauthn.create", "challenge": options["challenge"], "origin": origin}
    credential_id = secrets.token_bytes(32)
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
    data = (
        hashlib.sha256(options["rp"]["id"].encode()).digest()
        + bytes([USER_PRESENT | USER_VERIFIED | HAS_KEY])
        + (0).to_bytes(4)
        + bytes(16)
        + len(credential_id).to_bytes(2)
        + credential_id
        + key
    )
    attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
    return json.dumps(
        {
            "id": _text(credential_id),
            "rawId": _text(credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": _text(json.dumps(client).encode()),
                "attestationObject": _text(attestation),
                "transports": ["internal"],
            },
        }
    )


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
