"""The emergency door: one-time links that sign a member in without any provider."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from webapp.audit.actions import Action
from webapp.database import transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.mail_address import clean_mail
from webapp.identity.models import Account
from webapp.models import Member, Organisation, Role
from webapp.operator import login_links
from webapp.operator.office import Office, find_organisation

NO_MEMBER = N_("該当するアカウントはありません。")
SEVERAL = N_(
    "このメールアドレスのアカウントが複数の組織にあります。組織の識別子も指定してください。"
)
SUSPENDED = N_("この組織は停止中のため、ログインできません。")


async def create_login_link(
    office: Office, at: datetime, *, organisation: str | None = None, mail: str | None = None
) -> dict[str, Any]:
    """Make a one-time sign-in link.

    Without ``mail`` it is for the first admin, without ``organisation`` (a public id) for
    the first organisation that has the member asked for. Somebody who has an account and
    never signed in becomes a member by it.
    """
    owner = await find_organisation(organisation) if organisation is not None else None
    member = await _find(owner, mail)
    if member is None and office.has_accounts:
        member = await _from_account(office, owner, mail, at)
    if member is None:
        raise UserError(NO_MEMBER)
    if member.organisation.suspended_at is not None:
        raise UserError(SUSPENDED)
    async with transaction():
        url = await login_links.create(office.settings, member, at)
        await office.record(
            member.organisation,
            Action.LOGIN_LINK_MADE,
            at,
            target=member.public_id,
            target_name=member.name,
        )
    return {
        "url": url,
        "minutes": office.settings.login_link_minutes,
        "organisation": member.organisation.name,
        "name": member.name,
        "mail": member.mail,
    }


async def _find(owner: Organisation | None, mail: str | None) -> Member | None:
    members = Member.all().order_by("organisation_id", "id").select_related("organisation")
    if owner is not None:
        members = members.filter(organisation=owner)
    members = members.filter(mail=clean_mail(mail)) if mail else members.filter(role=Role.ADMIN)
    found = await members.limit(2)
    if mail and len(found) > 1:
        raise UserError(SEVERAL)
    return found[0] if found else None


async def _from_account(
    office: Office, owner: Organisation | None, mail: str | None, at: datetime
) -> Member | None:
    """Make the member that the first sign-in of this account would make."""
    accounts = Account.all().order_by("organisation_id", "id").select_related("organisation")
    if owner is not None:
        accounts = accounts.filter(organisation__public_id=owner.public_id)
    wanted = {"mail": clean_mail(mail)} if mail else {"role": Role.ADMIN.value}
    account = await accounts.filter(**wanted).first()
    if account is None:
        return None
    organisation = await find_organisation(account.organisation.public_id)
    with contextlib.suppress(IntegrityError):  # it signed in just now
        await Member.create(
            organisation=organisation,
            name=account.name,
            mail=account.mail,
            role=Role(account.role.value),
            language=account.language,
            issuer=office.settings.issuer,
            subject=account.public_id,
            created_at=at,
        )
    return await Member.get_or_none(
        issuer=office.settings.issuer, subject=account.public_id
    ).select_related("organisation")
