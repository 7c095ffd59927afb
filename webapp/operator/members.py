"""Inviting people, changing their roles, removing them: at our own provider.

The app learns of a change by the ended sign-ins. Its own row of a person goes at once when
an account is removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.audit.actions import Action
from webapp.errors import UserError
from webapp.identity import organisations as tenants
from webapp.identity import provisioning
from webapp.identity.models import Account
from webapp.identity.models import Role as AccountRole
from webapp.models import Member, Organisation, Role, Session
from webapp.operator.office import Office, find_organisation
from webapp.operator.organisations import at_provider, is_at_provider, operators


async def list_members(office: Office, at: datetime, *, organisation: str) -> list[dict[str, Any]]:
    """The people of an organisation, oldest first."""
    found = await find_organisation(organisation)
    if not office.has_accounts:
        members = await Member.filter(organisation=found).order_by("id")
        return [_shown_member(member) for member in members]
    if not await is_at_provider(office, found):
        return []
    accounts = await provisioning.accounts_of(await tenants.find_organisation(found.public_id))
    waiting = await provisioning.invitations_until(accounts, at)
    return [_shown(account, waiting.get(account.id)) for account in accounts]


async def invite_member(
    office: Office,
    at: datetime,
    *,
    organisation: str,
    mail: str,
    name: str,
    role: str = "general",
    language: str = "",
) -> dict[str, Any]:
    """Make an account and send its person a mail with a link for the first password."""
    office.need_accounts()
    owner = await find_organisation(organisation)
    return await _invite(office, owner, at, (mail, name, _role(role), language or owner.language))


async def invite_operator(
    office: Office, at: datetime, *, mail: str, name: str, language: str = "ja"
) -> dict[str, Any]:
    """Make an account for somebody who runs the installation (事業者)."""
    office.need_accounts()
    provisioning.check_mail(mail)
    owner = await operators(office, at)
    return await _invite(office, owner, at, (mail, name, AccountRole.OPERATOR, language))


async def resend_invitation(office: Office, at: datetime, *, mail: str) -> dict[str, Any]:
    """Send the mail with the link for the first password again; the earlier link is void."""
    account, owner = await _account(office, mail)
    async with office.transaction():
        await office.record(owner, Action.INVITATION_RESENT, at, **_target(account))
        await provisioning.resend_invitation(office.parts, account, at)
    return {**_shown(account, None), "mailed": office.can_mail}


async def reset_second_factor(office: Office, at: datetime, *, mail: str) -> dict[str, Any]:
    """Let somebody who lost authenticator and recovery codes sign in with a code by mail."""
    account, owner = await _account(office, mail)
    async with office.transaction():
        await office.record(owner, Action.FACTOR_RESET, at, **_target(account))
        await _sign_out(office, account)
        await provisioning.reset_second_factor(office.parts, account, at)
    return {**_shown(account, None), "mailed": office.can_mail}


async def change_role(office: Office, at: datetime, *, mail: str, role: str) -> dict[str, Any]:
    """Make somebody an admin or a general member; they have to sign in again."""
    account, owner = await _account(office, mail)
    wanted = _role(role)
    changed = {"role": [account.role.value, wanted.value]}
    async with office.transaction():
        if account.role is not wanted:
            await office.record(owner, Action.ROLE_CHANGED, at, **_target(account), changed=changed)
        members = Member.filter(issuer=office.settings.issuer, subject=account.public_id)
        await members.update(role=Role(wanted.value))
        await _sign_out(office, account)
        await provisioning.set_role(office.parts, account, wanted, at)
    account.role = wanted
    return _shown(account, None)


async def remove_member(office: Office, at: datetime, *, mail: str) -> dict[str, Any]:
    """Delete an account and what the app knows of its person.

    The last admin of an organisation stays, and the last operator: ``UserError``.
    """
    account, owner = await _account(office, mail)
    async with office.transaction():
        await office.record(owner, Action.MEMBER_REMOVED, at, **_target(account))
        await Member.filter(issuer=office.settings.issuer, subject=account.public_id).delete()
        await provisioning.remove_account(office.parts, account, at)
    return _shown(account, None)


async def _invite(
    office: Office, owner: Organisation, at: datetime, person: tuple[str, str, AccountRole, str]
) -> dict[str, Any]:
    async with office.transaction():
        newcomer = provisioning.Newcomer(*person, time_zone=owner.time_zone)
        account = await provisioning.invite_account(
            office.parts, await at_provider(owner), newcomer, at
        )
        await office.record(
            owner,
            Action.MEMBER_INVITED,
            at,
            **_target(account),
            role=account.role.value,
        )
    return {
        **_shown(account, at),
        "organisation": owner.public_id,
        "mailed": office.can_mail,
    }


async def _account(office: Office, mail: str) -> tuple[Account, Organisation]:
    """The account with this mail address, and its organisation in the app."""
    office.need_accounts()
    account = await provisioning.find_account(mail)
    return account, await find_organisation(account.organisation.public_id)


async def _sign_out(office: Office, account: Account) -> None:
    """End the sign-ins in the app here and now; other applications are told."""
    await Session.filter(
        member__issuer=office.settings.issuer, member__subject=account.public_id
    ).delete()


def _role(role: str) -> AccountRole:
    try:
        return AccountRole(role)
    except ValueError:
        raise UserError(provisioning.ROLE_WRONG, field="role") from None


def _target(account: Account) -> dict[str, str]:
    return {"target": account.public_id, "target_name": account.name}


def _shown(account: Account, invited_until: datetime | None) -> dict[str, Any]:
    return {
        "member": account.public_id,
        "name": account.name,
        "mail": account.mail,
        "role": account.role.value,
        "has_password": bool(account.password_hash),
        "invited_until": invited_until.isoformat() if invited_until else "",
    }


def _shown_member(member: Member) -> dict[str, Any]:
    return {
        "member": member.public_id,
        "name": member.name,
        "mail": member.mail,
        "role": member.role.value,
        "has_password": True,
        "invited_until": "",
    }
