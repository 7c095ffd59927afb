"""Organisations at the provider: making, finding, suspending and resuming them, and their locks.

What two administrators could break together is kept by a lock on the organisation's row;
accounts are held after it, in the order of their ids.
"""

from __future__ import annotations

from datetime import datetime

from tortoise.exceptions import IntegrityError

from webapp.database import IDENTITY, is_sqlite, transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.endings import end_sign_ins
from webapp.identity.models import Account, Organisation
from webapp.identity.parts import Parts
from webapp.identity.person import check_name

NO_ORGANISATION = N_("その組織はありません。")
PUBLIC_ID_TAKEN = N_("その識別子の組織はすでにあります。")


async def create_organisation(
    public_id: str,
    name: str,
    at: datetime,
    *,
    is_operator: bool = False,
    suspended_at: datetime | None = None,
) -> Organisation:
    """Make an organisation, known to the app by the same public id."""
    name = check_name(name)
    async with transaction(IDENTITY):
        try:
            return await Organisation.create(
                public_id=public_id,
                name=name,
                is_operator=is_operator,
                suspended_at=suspended_at,
                created_at=at,
            )
        except IntegrityError:
            raise UserError(PUBLIC_ID_TAKEN) from None


async def rename_organisation(public_id: str, name: str) -> None:
    """Call an organisation as the app calls it now; one that is not here is no error."""
    async with transaction(IDENTITY):
        await Organisation.filter(public_id=public_id).update(name=name)


async def find_organisation(public_id: str) -> Organisation:
    """The organisation; ``UserError`` when there is none."""
    organisation = await Organisation.get_or_none(public_id=public_id)
    if organisation is None:
        raise UserError(NO_ORGANISATION, field="organisation")
    return organisation


async def suspend_organisation(parts: Parts, public_id: str, at: datetime) -> None:
    """Let nobody of an organisation sign in, and end every sign-in there is."""
    async with transaction(IDENTITY):
        owner = await locked(parts, await find_organisation(public_id))
        await Organisation.filter(id=owner.id, suspended_at=None).update(suspended_at=at)
        everybody = await Account.filter(organisation=owner)
        for account in await locked_accounts(parts, [one.id for one in everybody]):
            await end_sign_ins(account, at)
    parts.wake()


async def resume_organisation(parts: Parts, public_id: str) -> None:
    """Let the people of an organisation sign in again."""
    async with transaction(IDENTITY):
        owner = await locked(parts, await find_organisation(public_id))
        await Organisation.filter(id=owner.id).update(suspended_at=None)


async def locked(parts: Parts, organisation: Organisation) -> Organisation:
    """The organisation's row as it is now, held until the transaction ends.

    SQLite has one writer at a time and needs no lock.
    """
    rows = Organisation.filter(id=organisation.id)
    if not is_sqlite(parts.settings, IDENTITY):
        rows = rows.select_for_update()
    found = await rows.first()
    if found is None:
        raise UserError(NO_ORGANISATION, field="organisation")
    return found


async def locked_accounts(parts: Parts, ids: list[int]) -> list[Account]:
    """These accounts as they are now, oldest first, held until the transaction ends."""
    rows = Account.filter(id__in=ids).order_by("id")
    return await (rows if is_sqlite(parts.settings, IDENTITY) else rows.select_for_update())
