"""What the provider says of itself at /.well-known/openid-configuration."""

from __future__ import annotations

from itertools import chain

from webapp.i18n import LANGUAGES
from webapp.identity.oauth.claims import CLAIMS, SCOPES
from webapp.identity.oauth.grants import PROMPTS
from webapp.identity.oauth.keys import ALGORITHM

_PROOFS = ["client_secret_basic", "client_secret_post", "none"]
_SIGN_IN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash", "sub")


def metadata(issuer: str) -> dict[str, object]:
    """OpenID Connect Discovery 1.0, with what later standards added."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/jwks.json",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": _PROOFS,
        "revocation_endpoint_auth_methods_supported": _PROOFS,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *_SIGN_IN_CLAIMS,
            *chain.from_iterable(CLAIMS.values()),
        ],
        "ui_locales_supported": list(LANGUAGES),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
