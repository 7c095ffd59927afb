"""Members whose account at our own provider is gone, or has another role (I8).

Admins delete accounts and change roles in the Group Manager, which knows nothing of the app:
what the app hears at once is that sign-ins are over. Whoever left never signs in again, so that
nobody would ever tell the app, and the member would go on getting letters for admins, and
reports, and take one of the hundred places.
"""

from __future__ import annotations

from typing import Any

from tortoise.queryset import QuerySet

from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.models import Member, Role
from webapp.settings import Settings

_BATCH = 500
# The roles that an admin gives. 事業者 are made and removed by commands, which know the app.
_GIVEN = frozenset({Role.ADMIN, Role.GENERAL})


async def settle(settings: Settings) -> int:
    """Bring the members who came by our own provider in line with it; how many were changed.

    Of an organisation that the provider does not know, nobody is touched: it may be older than
    the provider, or the provider's database may be another one. Any number may do this at once.
    """
    if not settings.has_own_identity:
        return 0
    changed, after = 0, 0
    while True:
        # Members first: whoever is one has had an account since before.
        members = (
            await _of_ours(settings)
            .filter(id__gt=after)
            .order_by("id")
            .limit(_BATCH)
            .values_list("id", "organisation__public_id", "subject", "role")
        )
        if not members:
            return changed
        after = members[-1][0]
        changed += await _settle_some(members)


async def _settle_some(members: list[Any]) -> int:
    owners = IdentityOrganisation.filter(public_id__in={owner for _, owner, _, _ in members})
    known = set(await owners.values_list("public_id", flat=True))
    accounts = Account.filter(public_id__in=[subject for _, _, subject, _ in members])
    found = await accounts.values_list("public_id", "role")
    roles = {str(subject): Role(str(role)) for subject, role in found}
    changed = 0
    for number, owner, subject, role in members:
        if owner not in known:
            continue
        same = Member.filter(id=number, subject=subject, role=role)
        now = roles.get(subject)
        if now is None:
            changed += await same.delete()
        elif now != role and {now, Role(str(role))} <= _GIVEN:
            changed += await same.update(role=now)
    return changed


def _of_ours(settings: Settings) -> QuerySet[Member]:
    return Member.filter(issuer=settings.issuer, subject__not_isnull=True)
