"""The secret of this installation at the camera cloud; the simulator derives the same one."""

from __future__ import annotations

import hashlib
import hmac

from webapp.settings import Settings


def cloud_client_secret(settings: Settings) -> str:
    """The configured secret, else one made from the secret key."""
    given = settings.camera_cloud_client_secret.get_secret_value()
    if given:
        return given
    name = f"nigiwai camera cloud client {settings.camera_cloud_client_id}"
    return hmac.new(settings.secret(), name.encode(), hashlib.sha256).hexdigest()


def cloud_callback(settings: Settings) -> str:
    """Where the cloud sends a browser back to, as it has to be registered there."""
    return f"{settings.origin}/camera-cloud/callback"
