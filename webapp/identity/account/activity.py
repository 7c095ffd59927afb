"""Where an account is signed in, where it was, and what applications may read (SPEC I6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.identity.account.telling import note
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_access, end_sign_in, end_sign_ins
from webapp.identity.flows.login import LOGIN
from webapp.identity.models import Account, Client, Consent, Event, Session
from webapp.identity.oauth.store import find_application
from webapp.identity.parts import Parts
from webapp.identity.retention import EVENTS_KEPT

DEVICES = "devices"
APP_REVOKED = "app_revoked"
ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class History:
    """One page of the sign-ins of the last 90 days, the latest first."""

    events: list[Event]
    page: int
    pages: int
    count: int


async def history_of(account: Account, page: int, at: datetime) -> History:
    """The page, or the last one where there are not as many."""
    rows = Event.filter(account=account, kind=LOGIN, at__gt=at - EVENTS_KEPT)
    count = await rows.count()
    pages = max(1, -(-count // ON_A_PAGE))
    page = min(max(page, 1), pages)
    events = await rows.order_by("-at", "-id").offset((page - 1) * ON_A_PAGE).limit(ON_A_PAGE)
    return History(events, page, pages, count)


async def sign_ins_of(account: Account, at: datetime) -> list[Session]:
    """Every living sign-in of the account, the latest first."""
    return await Session.filter(account=account, expires_at__gt=at).order_by("-signed_in_at", "-id")


async def end_one(parts: Parts, account: Account, sid: str, visitor: Visitor, at: datetime) -> bool:
    """Sign out one device, here and in the applications; False when it is none of this account."""
    async with transaction(IDENTITY):
        await Account.select_for_update().get_or_none(id=account.id)
        ended = await Session.get_or_none(account=account, sid=sid)
        if ended is None:
            return False
        await end_sign_in(account, sid, at)
        await note(account, DEVICES, visitor, at, ended=[ended.browser])
    parts.wake()
    return True


async def end_others(parts: Parts, here: Session, visitor: Visitor, at: datetime) -> int:
    """Sign out every device but this one; returns how many there were."""
    async with transaction(IDENTITY):
        await Account.select_for_update().get_or_none(id=here.account_id)
        others = Session.filter(account=here.account, expires_at__gt=at).exclude(id=here.id)
        ended = await others.values_list("browser", flat=True)
        await end_sign_ins(here.account, at, keep=here)
        if ended:
            await note(here.account, DEVICES, visitor, at, ended=list(ended))
    parts.wake()
    return len(ended)


async def consents_of(account: Account) -> list[Consent]:
    """What the account allowed, with the applications, the latest first."""
    rows = Consent.filter(account=account).select_related("client")
    return await rows.order_by("-given_at", "-id")


async def consent_of(account: Account, client_id: str) -> Consent | None:
    """What the account allowed one application."""
    application = await find_application(client_id)
    if application is None:
        return None
    rows = Consent.filter(account=account, client=application.row)
    return await rows.select_related("client").first()


async def revoke(
    parts: Parts, account: Account, client: Client, visitor: Visitor, at: datetime
) -> None:
    """Take back what was allowed: the application's tokens are void, and it is told."""
    async with transaction(IDENTITY):
        await Account.select_for_update().get_or_none(id=account.id)
        if not await Consent.filter(account=account, client=client).delete():
            return
        await end_access(account, client, at)
        await note(account, APP_REVOKED, visitor, at, app=client.name)
    parts.wake()
