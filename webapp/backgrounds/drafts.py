"""A background on its way to be registered, kept between two steps of a form.

It may show people, so the store gets only ciphertext: the key travels in the page of the
admin who is looking at it and is kept nowhere. Registering deletes the draft; what is
left lying is worthless and swept after half an hour. So is one that was made before the camera's
connection or rotation was changed: it may show another place.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webapp.errors import TemporaryFailure
from webapp.models import Camera
from webapp.storage import Storage

PREFIX = "drafts/"
KEPT = timedelta(minutes=30)
_TIME_BYTES = 8
_HEAD_BYTES = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """A picture (PNG), and the boxes x1, y1, x2, y2 of those who seem to stand in it.

    ``boxes`` is None when no engine could tell.
    """

    picture: bytes
    boxes: tuple[tuple[float, ...], ...] | None = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody must decide before it is registered."""
        return self.boxes is None or bool(self.boxes)


async def keep_draft(storage: Storage, camera: Camera, draft: Draft, at: datetime) -> str:
    """Store ``draft`` encrypted; returns the token that opens it."""
    head = json.dumps(draft.boxes).encode()
    content = len(head).to_bytes(_HEAD_BYTES, "big") + head + draft.picture
    token = secrets.token_urlsafe(32)
    stamp = int(at.timestamp()).to_bytes(_TIME_BYTES, "big")
    # Each token encrypts one message, so a fixed nonce is used once.
    sealed = AESGCM(_key(token)).encrypt(bytes(12), content, _bound_to(camera, stamp))
    await storage.put(_name(camera, token), stamp + sealed)
    return token


async def open_draft(storage: Storage, camera: Camera, token: str, at: datetime) -> Draft | None:
    """The draft of this camera as it is connected now.

    None when it is gone, too old, another's, or of what the camera looked at before.
    """
    if not token or len(token) > 100:
        return None
    data = await storage.get(_name(camera, token))
    if data is None or len(data) <= _TIME_BYTES:
        return None
    stamp, sealed = data[:_TIME_BYTES], data[_TIME_BYTES:]
    if at.timestamp() - int.from_bytes(stamp, "big") > KEPT.total_seconds():
        return None
    try:
        content = AESGCM(_key(token)).decrypt(bytes(12), sealed, _bound_to(camera, stamp))
    except InvalidTag:
        return None
    start = _HEAD_BYTES + int.from_bytes(content[:_HEAD_BYTES], "big")
    boxes = json.loads(content[_HEAD_BYTES:start])
    return Draft(content[start:], None if boxes is None else tuple(tuple(box) for box in boxes))


async def drop_draft(storage: Storage, camera: Camera, token: str) -> None:
    """Delete the draft; one that is gone already is no error.

    Nor is one that the store does not delete now: it is swept, and what was done with it is done.
    """
    if token:
        with suppress(TemporaryFailure):
            await storage.delete([_name(camera, token)])


def _name(camera: Camera, token: str) -> str:
    digest = hashlib.sha256(b"name" + token.encode()).hexdigest()[:32]
    return f"{PREFIX}{camera.public_id}/{digest}.sealed"


def _key(token: str) -> bytes:
    return hashlib.sha256(b"key" + token.encode()).digest()


def _bound_to(camera: Camera, stamp: bytes) -> bytes:
    looks_at = json.dumps([camera.connector, camera.source, camera.rotation]).encode()
    return camera.public_id.encode() + stamp + hashlib.sha256(looks_at).digest()
