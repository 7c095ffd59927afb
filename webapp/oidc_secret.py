"""The app's own secret at our own provider: both derive it, so that nobody has to copy it."""

from __future__ import annotations

import hashlib
import hmac

from webapp.settings import Settings


def own_client_secret(settings: Settings) -> str:
    """The secret of the client that is the app: the configured one, else from the secret key."""
    given = settings.oidc_client_secret.get_secret_value()
    if given:
        return given
    name = f"nigiwai oidc client {settings.oidc_client_id}"
    return hmac.new(settings.secret(), name.encode(), hashlib.sha256).hexdigest()
