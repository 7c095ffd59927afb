"""What a provider says of a person, read by the settings.

Providers differ in where they put the organisation and the role: a claim may be named
by its whole name, or by a way into objects with dots (Keycloak's ``realm_access.roles``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.i18n import LANGUAGES
from webapp.settings import Settings
from webapp.signin.refusals import Refusal, SignInRefused

LONGEST_SUBJECT = 255  # and sid
LONGEST_NAME = 100
LONGEST_MAIL = 254

_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the provider knows them. ``organisation`` is a public id or empty."""

    issuer: str
    subject: str
    name: str
    mail: str
    mail_verified: bool
    language: str
    organisation: str
    is_admin: bool
    is_operator: bool


def read_person(claims: Mapping[str, Any], settings: Settings) -> Person:
    """Read the claims of an id_token, with those of the userinfo answer over them."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_name(subject):
        raise SignInRefused(Refusal.FAILED)
    mail = _text(claims, "email").lower()
    mail = mail if len(mail) <= LONGEST_MAIL else ""
    roles = _values(_claim(claims, settings.oidc_claim_role))
    return Person(
        issuer=str(claims["iss"]),
        subject=subject,
        name=(_text(claims, "name") or _text(claims, "preferred_username") or mail)[:LONGEST_NAME],
        mail=mail,
        mail_verified=claims.get("email_verified") in (True, "true"),
        language=_language(_text(claims, "locale")),
        organisation=_organisation(claims, settings),
        is_admin=settings.oidc_role_admin in roles,
        is_operator=settings.oidc_role_operator in roles,
    )


def is_name(text: str) -> bool:
    """Whether this can name somebody or a sign-in, in our tables too."""
    return 0 < len(text) <= LONGEST_SUBJECT and text.isprintable()


def _organisation(claims: Mapping[str, Any], settings: Settings) -> str:
    """The one organisation that is named, if that can be one; naming several names none."""
    named = _values(_claim(claims, settings.oidc_claim_organisation))
    if not named and not settings.has_own_identity:
        return settings.oidc_organisation
    return named[0] if len(named) == 1 and _PUBLIC_ID.fullmatch(named[0]) else ""


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this very name, or what the dots of the name lead to."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _values(claim: Any) -> list[str]:
    """A claim of one text or of several."""
    values = claim if isinstance(claim, list) else [claim]
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


def _text(claims: Mapping[str, Any], name: str) -> str:
    """A claim of one line."""
    value = claims.get(name)
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value if character.isprintable()).strip()


def _language(tag: str) -> str:
    language = tag.lower().replace("_", "-").partition("-")[0]
    return language if language in LANGUAGES else ""
