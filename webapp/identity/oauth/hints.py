"""id_tokens that come back to us as hints about who is meant."""

from __future__ import annotations

from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError

from webapp.identity.models import Client
from webapp.identity.oauth.keys import ALGORITHM, known_keys
from webapp.identity.parts import Parts


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom an id_token of ours names, for which application, by which sign-in."""

    client: Client
    subject: str
    sid: str


async def read_hint(parts: Parts, token: str) -> Hint | None:
    """What an id_token says, though it may be expired; None when it is none of ours."""
    if not token:
        return None
    try:
        read = jwt.decode(token, await known_keys(parts), [ALGORITHM])
    except (JoseError, ValueError, TypeError):
        return None
    said = read.claims
    if read.header.get("typ") != "JWT" or said.get("iss") != parts.settings.identity_origin:
        return None
    client = await Client.get_or_none(client_id=str(said.get("aud", "")))
    if client is None:
        return None
    return Hint(client, str(said.get("sub", "")), str(said.get("sid", "")))
