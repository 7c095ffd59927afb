"""Making accounts, changing and ending them: whoever administers calls this.

Each function is one transaction, and wakes whoever empties the outbox after it. Rules that
two administrators could break together are kept by a lock on the organisation's row.

Two kinds of people administer: the operator, by commands and pages of the app, and admins of
the organisation itself, in the Group Manager. The latter are ``By``; that they still are
admins is looked at under the same lock, and what they did is written down.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from webapp.database import IDENTITY, transaction
from webapp.errors import NigiwaiError, UserError
from webapp.i18n import N_
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_sign_ins
from webapp.identity.links import LIVES, create_link
from webapp.identity.mail_address import clean_mail
from webapp.identity.models import (
    Account,
    Device,
    Event,
    LinkPurpose,
    OneTimeLink,
    Organisation,
    Passkey,
    RecoveryCode,
    Role,
    SecondFactorMethod,
)
from webapp.identity.organisations import locked, locked_accounts
from webapp.identity.outbox import MEMBERS_TOLD, write, write_letter
from webapp.identity.parts import Parts
from webapp.identity.person import Details, columns_of, roles_of
from webapp.identity.person import Newcomer as Newcomer
from webapp.identity.person import check_mail as check_mail
from webapp.identity.person import check_name as check_name
from webapp.mail.letters import Letter
from webapp.tokens import token_hash

MOST_ACCOUNTS = 100  # of an organisation (SPEC P)

# What an admin did, as events of their own account.
MEMBER_ADDED = "member_added"
MEMBER_CHANGED = "member_changed"
MEMBER_INVITED_AGAIN = "member_invited_again"
MEMBER_REMOVED = "member_removed"
MEMBER_FACTOR_RESET = "member_factor_reset"

# It says nothing of whose it is: addresses are taken once in all organisations together.
MAIL_TAKEN = N_("このメールアドレスはすでに使われています。別のメールアドレスを入力してください。")
ROLE_WRONG = N_("この組織では選べない役割です。")
TOO_MANY = N_("アカウントは1つの組織に%(most)s個までです。")
SUSPENDED = N_("停止中の組織にはアカウントを追加できません。")
NO_ACCOUNT = N_("そのアカウントはありません。")
LAST_ADMIN = N_("管理ユーザがいなくなるため、役割を変更できません。")
LAST_ONE = N_("管理ユーザがいなくなるため、削除できません。")
ONESELF = N_("自分自身のアカウントは削除できません。")
OWN_ROLE = N_("自分自身の役割は変更できません。ほかの管理ユーザに依頼してください。")
OWN_FACTOR = N_("自分自身の二段階認証は、アカウント管理の「セキュリティ設定」で変更してください。")
FACTOR_RESET = N_(
    "管理者が二段階認証をリセットしました。認証方法は認証コード(メール)に戻りました。"
)
PASSWORD_SET = N_("パスワードがすでに設定されているため、招待メールは送れません。")


@dataclass(frozen=True, slots=True)
class By:
    """An admin of the organisation, who does it in the Group Manager, and from where."""

    account: Account
    visitor: Visitor


class NoAdmin(NigiwaiError):
    """Whoever asks is no admin of this organisation (any more): answer 403."""


class Stale(NigiwaiError):
    """The account was changed since it was shown: show it again, and answer 409."""


async def find_account(mail: str) -> Account:
    """The account with this mail address and its organisation; ``UserError`` without one."""
    account = await Account.get_or_none(mail=clean_mail(mail)).select_related("organisation")
    if account is None:
        raise UserError(NO_ACCOUNT, field="mail")
    return account


async def accounts_of(organisation: Organisation) -> list[Account]:
    """The accounts of an organisation, oldest first."""
    return await Account.filter(organisation_id=organisation.id).order_by("id")


async def invite_account(
    parts: Parts,
    organisation: Organisation,
    newcomer: Newcomer,
    at: datetime,
    by: By | None = None,
) -> Account:
    """Make an account and send its person a link for the first password.

    Account 101 is refused even when many are made at once. Raises ``UserError``.
    """
    values, mail = columns_of(newcomer), check_mail(newcomer.mail)
    async with transaction(IDENTITY):
        owner = await locked(parts, organisation)
        await _check_admin(owner, by)
        if owner.suspended_at is not None:
            raise UserError(SUSPENDED, field="organisation")
        _check_role(owner, newcomer.role)
        if await Account.filter(organisation=owner).count() >= MOST_ACCOUNTS:
            raise UserError(TOO_MANY, most=MOST_ACCOUNTS)
        try:
            account = await Account.create(
                organisation=owner,
                mail=mail,
                time_zone=newcomer.time_zone,
                created_at=at,
                **values,
            )
        except IntegrityError:
            raise UserError(MAIL_TAKEN, field="mail") from None
        await _send_first_link(parts, owner, account, at)
        await _write_down(by, MEMBER_ADDED, owner, account, at)
    parts.wake()
    return account


async def resend_invitation(
    parts: Parts, account: Account, at: datetime, by: By | None = None
) -> None:
    """Send another link for the first password; earlier ones are void from then on."""
    async with transaction(IDENTITY):
        owner = await locked(parts, account.organisation)
        await _check_admin(owner, by)
        current = await _current(parts, account)
        if current.password_hash:
            raise UserError(PASSWORD_SET, field="mail")
        await _send_first_link(parts, owner, current, at)
        await _write_down(by, MEMBER_INVITED_AGAIN, owner, current, at)
    parts.wake()


async def set_role(parts: Parts, account: Account, role: Role, at: datetime) -> bool:
    """Change a role; every sign-in of the account ends, for it was one of the old role.

    Returns whether anything changed. An organisation never loses its last admin, an
    organisation of operators never its last operator.
    """
    async with transaction(IDENTITY):
        owner = await locked(parts, account.organisation)
        changed = await _set_role(owner, await _current(parts, account), role, at)
    if changed:
        parts.wake()
    return changed


async def reset_second_factor(
    parts: Parts, account: Account, at: datetime, by: By | None = None
) -> None:
    """Take away what somebody has lost: the authenticator, passkeys and recovery codes.

    From then on the code comes by mail, also on browsers that were usual. Every sign-in ends,
    and the person gets a letter: whoever asked for this may not have been that person.
    """
    async with transaction(IDENTITY):
        owner = await locked(parts, account.organisation)
        await _check_admin(owner, by)
        current = await _current(parts, account)
        if by is not None and current.id == by.account.id:
            raise UserError(OWN_FACTOR)
        for proofs in (Passkey, RecoveryCode, Device):
            await proofs.filter(account=current).delete()
        method = SecondFactorMethod.MAIL
        rows = Account.filter(id=current.id)
        await rows.update(totp_sealed="", totp_step=0, second_factor_method=method)
        await end_sign_ins(current, at)
        await _tell_factor_reset(parts, current, by, at)
        await _write_down(by, MEMBER_FACTOR_RESET, owner, current, at)
    parts.wake()


async def change_account(
    parts: Parts,
    account: Account,
    details: Details,
    at: datetime,
    by: By,
    *,
    seen: str | None = None,
) -> None:
    """Change what an admin may change of an account; a new role ends its sign-ins.

    ``seen`` is the stamp of the account as it was shown; what its person changed meanwhile
    is not undone unseen (``Stale``), and fields that stay are not written at all. Nobody
    changes their own role here: another admin does, so that one is left.
    """
    values = columns_of(details)
    role = values.pop("role")
    async with transaction(IDENTITY):
        owner = await locked(parts, account.organisation)
        await _check_admin(owner, by)
        current = await _current(parts, account)
        if current.role is not role and current.id == by.account.id:
            raise UserError(OWN_ROLE, field="role")
        if seen is not None and seen != stamp_of(current):
            raise Stale
        before = {name: getattr(current, name) for name in values}
        changed: dict[str, list[str] | None] = {
            name: None for name, value in before.items() if value != values[name]
        }
        if await _set_role(owner, current, role, at):
            changed["role"] = [current.role.value, role.value]
        if changed:
            new = {name: values[name] for name in changed if name in values}
            await _update_as_seen(current, new, before)
            await _write_down(by, MEMBER_CHANGED, owner, current, at, changed)
    parts.wake()


def stamp_of(account: Account) -> str:
    """Tells whether what an admin was shown of an account is still what is kept."""
    details = {field.name: str(getattr(account, field.name)) for field in fields(Details)}
    return token_hash(json.dumps(details))


async def remove_account(parts: Parts, account: Account, at: datetime) -> None:
    """Delete one account, by the operator. Raises ``UserError`` when it is gone already."""
    if not await remove_accounts(parts, account.organisation, [account.public_id], at):
        raise UserError(NO_ACCOUNT, field="mail")


async def remove_accounts(
    parts: Parts,
    organisation: Organisation,
    public_ids: Collection[str],
    at: datetime,
    by: By | None = None,
) -> list[Account]:
    """Delete accounts of an organisation, all of them or none; returns those that are gone.

    Their sign-ins end here and in the applications, and each person gets a letter. Accounts
    that are not there, or not of this organisation, are passed over alike. Nobody deletes
    oneself, and the last admin stays: also for the operator, unless the organisation is
    suspended and nobody can sign in to it anyway.
    """
    async with transaction(IDENTITY):
        owner = await locked(parts, organisation)
        await _check_admin(owner, by)
        of_owner = Account.filter(organisation=owner)
        leaving = await of_owner.filter(public_id__in=list(public_ids)).order_by("id")
        if by is not None and any(account.id == by.account.id for account in leaving):
            raise UserError(ONESELF)
        going = [account.id for account in leaving]
        staying = of_owner.filter(role=_admins_of(owner)).exclude(id__in=going)
        admin_goes = any(account.role is _admins_of(owner) for account in leaving)
        if admin_goes and owner.suspended_at is None and not await staying.exists():
            raise UserError(LAST_ONE)
        # A sign-in under way waits for the lock on its account, and then finds none.
        held = await locked_accounts(parts, going)
        await OneTimeLink.filter(account_id__in=going).delete()
        for account in held:
            await end_sign_ins(account, at)
            await _tell_deleted(parts, owner, account, at)
            await _write_down(by, MEMBER_REMOVED, owner, account, at)
        await Account.filter(id__in=going).delete()
    parts.wake()
    return leaving


async def invitations_until(accounts: list[Account], at: datetime) -> dict[int, datetime]:
    """Until when the invitation of each account (by id) is good, where one still is."""
    links = OneTimeLink.filter(
        account_id__in=[account.id for account in accounts],
        purpose=LinkPurpose.FIRST_PASSWORD,
        used_at=None,
        expires_at__gt=at,
    )
    return {link.account_id: link.expires_at for link in await links}


def _check_role(owner: Organisation, role: Role) -> None:
    """事業者 are in their own organisation, and nobody else is in there."""
    if role not in roles_of(owner):
        raise UserError(ROLE_WRONG, field="role")


def _admins_of(owner: Organisation) -> Role:
    """The role of whoever administers the accounts of an organisation."""
    return Role.OPERATOR if owner.is_operator else Role.ADMIN


async def _check_admin(owner: Organisation, by: By | None) -> None:
    """Under the lock: two admins who delete each other at once do not both succeed."""
    if by is None:
        return
    role = _admins_of(owner)
    found = await Account.exists(id=by.account.id, organisation=owner, role=role)
    if not found or owner.suspended_at is not None:
        raise NoAdmin


async def _set_role(owner: Organisation, current: Account, role: Role, at: datetime) -> bool:
    if current.role is role:
        return False
    _check_role(owner, role)
    others = Account.filter(organisation=owner, role=Role.ADMIN).exclude(id=current.id)
    if current.role is Role.ADMIN and not await others.exists():
        raise UserError(LAST_ADMIN, field="role")
    await Account.filter(id=current.id).update(role=role)
    await end_sign_ins(current, at)
    return True


async def _update_as_seen(current: Account, new: dict[str, Any], before: dict[str, Any]) -> None:
    """Write the new values where the old ones still are: the person takes no lock of ours."""
    if new:
        old = {name: before[name] for name in new}
        if await Account.filter(id=current.id, **old).update(**new) != 1:
            raise Stale


async def _current(parts: Parts, account: Account) -> Account:
    """The account as it is now, held: a password that is just being set is seen."""
    for current in await locked_accounts(parts, [account.id]):
        return current
    raise UserError(NO_ACCOUNT, field="mail")


async def _send_first_link(
    parts: Parts, owner: Organisation, account: Account, at: datetime
) -> None:
    url = await create_link(account, LinkPurpose.FIRST_PASSWORD, parts.settings, at)
    letter = Letter(
        "first_password",
        account.mail,
        account.language,
        {
            "name": account.name,
            "organisation": owner.name,
            "url": url,
            "hours": int(LIVES[LinkPurpose.FIRST_PASSWORD].total_seconds()) // 3600,
        },
        time_zone=account.time_zone,
    )
    await write_letter(letter, parts.sealer, f"first-password:{token_hash(url)}", at)


async def _tell_deleted(parts: Parts, owner: Organisation, account: Account, at: datetime) -> None:
    values = {"name": account.name, "organisation": owner.name}
    letter = Letter("account_deleted", account.mail, account.language, values)
    await write_letter(letter, parts.sealer, f"account-deleted:{account.public_id}", at)


async def _tell_factor_reset(parts: Parts, account: Account, by: By | None, at: datetime) -> None:
    values = {
        "name": account.name,
        "at": at.astimezone(UTC).isoformat(),
        "address": by.visitor.address if by is not None else "",
        "says": [FACTOR_RESET],
    }
    letter = Letter(
        "second_factor_changed",
        account.mail,
        account.language,
        values,
        time_zone=account.time_zone,
    )
    key = f"second-factor-reset:{account.public_id}:{at.timestamp()}"
    await write_letter(letter, parts.sealer, key, at)


async def _write_down(
    by: By | None,
    kind: str,
    owner: Organisation,
    account: Account,
    at: datetime,
    changed: Mapping[str, list[str] | None] | None = None,
) -> None:
    """Add to the events of the admin, and leave word for the audit log of the app.

    What the operator does is in that log already.
    """
    if by is None:
        return
    address = by.visitor.address[:45]
    details: dict[str, Any] = {"target": account.public_id, "name": account.name}
    if changed:
        details["changed"] = list(changed)
    await Event.create(
        account_id=by.account.id,
        kind=kind,
        at=at,
        address=address,
        browser=by.visitor.browser,
        details=details,
    )
    told = {
        "kind": kind,
        "organisation": owner.public_id,
        "at": at.astimezone(UTC).isoformat(),
        "actor": by.account.public_id,
        "actor_name": by.account.name,
        "address": address,
        "target": account.public_id,
        "target_name": account.name,
        "changed": dict(changed or {}),
    }
    key = f"told:{kind}:{account.public_id}:{at.timestamp()}"
    await write(MEMBERS_TOLD, told, key, at)
