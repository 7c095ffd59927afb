"""Scopes, and what each of them tells an application about a person."""

from __future__ import annotations

from webapp.identity.models import Account

SCOPES = ("openid", "profile", "email", "nigiwai", "offline_access")

# What each scope tells, beside ``sub``.
CLAIMS: dict[str, tuple[str, ...]] = {
    "profile": ("name", "locale"),
    "email": ("email", "email_verified"),
    "nigiwai": ("organisation", "organisation_name", "role"),
}


def scopes_of(text: str) -> tuple[str, ...]:
    """The scopes in a blank-separated text, each once and in our order; unknown ones last."""
    given = dict.fromkeys(text.split())
    known = [scope for scope in SCOPES if scope in given]
    return (*known, *(scope for scope in given if scope not in SCOPES))


def claims_of(account: Account, scope: str) -> dict[str, object]:
    """What an application with this scope may know of an account (with its organisation).

    A mail address is a verified one: an account begins with a link that was sent there.
    """
    organisation = account.organisation
    known: dict[str, object] = {
        "name": account.name,
        "locale": account.language,
        "email": account.mail,
        "email_verified": True,
        "organisation": organisation.public_id,
        "organisation_name": organisation.name,
        "role": str(account.role.value),
    }
    told = [claim for name in scope.split() for claim in CLAIMS.get(name, ())]
    return {"sub": account.public_id, **{claim: known[claim] for claim in told}}
