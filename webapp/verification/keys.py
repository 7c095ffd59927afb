"""The keys of cameras that sign manifests: made on demand, sealed at rest, rotated by command.

Each camera has its own: the public half is its identity towards whoever verifies, and says
nothing of the keys that open embeds. An old one stays published for as long as there are
manifests that it signed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from tortoise.expressions import Q

from webapp.errors import PermanentFailure
from webapp.models import Camera, PictureKey
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.verification.signing import ALGORITHM

PURPOSE = "picture keys"
KEPT = timedelta(days=30)  # manifests, and all that they need
# For how long a worker signs with a key that was rotated meanwhile.
REMEMBERED = timedelta(minutes=5)
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class CameraKey:
    """What signs for one camera, and the id of its public half."""

    kid: str
    private: Ed25519PrivateKey


class CameraKeys:
    """The signing keys of one worker's cameras, each looked up every few minutes."""

    def __init__(self, settings: Settings) -> None:
        self._sealer = Sealer(settings.secret(), PURPOSE, settings.old_secret())
        self._kept: OrderedDict[int, tuple[CameraKey, datetime]] = OrderedDict()

    async def of_camera(self, camera: Camera, at: datetime) -> CameraKey:
        """The key that signs for this camera. The first one is made when it is asked for."""
        key, looked_at = self._kept.pop(camera.id, (None, at))
        if key is None or at - looked_at >= REMEMBERED:
            key, looked_at = await self._find(camera) or await self._make(camera), at
        self._kept[camera.id] = key, looked_at
        if len(self._kept) > _MOST_REMEMBERED:
            self._kept.popitem(last=False)
        return key

    async def _find(self, camera: Camera) -> CameraKey | None:
        rows = PictureKey.filter(camera_id=camera.id, published_until=None).order_by("id")
        for row in await rows:
            try:
                return _open(self._sealer.unseal(row.sealed))
            except PermanentFailure:  # sealed by a secret key that is lost
                continue
        return None

    async def _make(self, camera: Camera) -> CameraKey:
        jwk = OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=True)
        await PictureKey.create(
            organisation_id=camera.organisation_id,
            camera_id=camera.id,
            kid=str(jwk["kid"]),
            public=str(jwk["x"]),
            sealed=self._sealer.seal(dict(jwk)),
        )
        return _open(dict(jwk))


async def public_key(camera: Camera, kid: str, at: datetime) -> str | None:
    """The public half of a published key of this camera, as the JWK's ``x``."""
    row = await PictureKey.filter(_published(at), camera_id=camera.id, kid=kid).first()
    return None if row is None else row.public


async def published_keys(camera: Camera, at: datetime) -> dict[str, Any]:
    """Every published key of this camera: a JSON Web Key Set."""
    rows = await PictureKey.filter(_published(at), camera_id=camera.id).order_by("id")
    return {"keys": [jwk_of(row.kid, row.public) for row in rows]}


def jwk_of(kid: str, public: str) -> dict[str, str]:
    """A public key in the form of RFC 8037."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": public,
        "kid": kid,
        "use": "sig",
        "alg": ALGORITHM,
    }


async def retire_keys(at: datetime) -> int:
    """Let every camera sign with a new key, from its next look for one on; tells how many."""
    until = at + KEPT + timedelta(hours=1)
    return await PictureKey.filter(published_until=None).update(published_until=until)


async def forget_keys(at: datetime) -> None:
    """Remove what signed nothing that is still kept."""
    await PictureKey.filter(published_until__lte=at).delete()


def _published(at: datetime) -> Q:
    return Q(published_until=None) | Q(published_until__gt=at)


def _open(jwk: dict[str, Any]) -> CameraKey:
    private = OKPKey.import_key(jwk).private_key
    assert isinstance(private, Ed25519PrivateKey), "that is what was made"
    return CameraKey(str(jwk["kid"]), private)
