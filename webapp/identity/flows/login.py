"""Signing in by mail address and password (TRUST 17, 18, 19)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.database import IDENTITY, transaction
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_sign_in
from webapp.identity.guard import TooMany, forget_tries, network_of, one_try, take
from webapp.identity.mail_address import clean_mail as clean_mail
from webapp.identity.models import Account, Event, Session
from webapp.identity.outbox import write_letter
from webapp.identity.parts import Parts
from webapp.identity.retention import EVENTS_KEPT
from webapp.identity.second_factor.risk import (
    has_no_past,
    is_usual,
    needs_second_step,
    remember,
)
from webapp.identity.second_factor.steps import begin_step
from webapp.identity.sessions import start_session
from webapp.mail.letters import Letter

LOGIN = "login"

# How often one address of the network may try, whoever it tries to be.
MOST_LOGINS = 60
LOGINS_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A login that is complete: what the cookies of the session and of the browser are to hold."""

    session: str
    devices: str


@dataclass(frozen=True, slots=True)
class Suspended:
    """The password was right, and the organisation is suspended."""


@dataclass(frozen=True, slots=True)
class StepAhead:
    """A login whose password was right: what the cookie of its second step is to hold."""

    token: str


async def log_in(
    parts: Parts,
    mail: str,
    password: str,
    visitor: Visitor,
    onward: str,
    previous: Session | None,
    at: datetime,
) -> SignedIn | StepAhead | Suspended | None:
    """Sign in, or lead to the second step; None for wrong, unknown and locked alike.

    1. The try is counted, for the network and for the mail address.
    2. The password is compared, with a hash of nobody's when there is none. Up to here
       everything happens whoever it is, so that neither words nor time tell who exists.
       Only who has shown the right password hears that the organisation is suspended.
    3. Where the account wants a second factor, and always or this login is not usual, a step
       is written down that ``flows/second_step.py`` goes on with.
    4. Else a new sign-in begins, and the ``previous`` one of this browser ends.

    Raises ``TooMany`` when this network tries too often.
    """
    if not await take(f"login {network_of(visitor.address)}", MOST_LOGINS, LOGINS_WITHIN, at):
        raise TooMany
    async with one_try(mail, at) as tried:
        # Bare values: making an account of its row took time that told that there is one.
        found = await Account.filter(mail=mail).values_list("id", "password_hash")
        number, kept = found[0] if found else (None, None)
        right = await parts.passwords.verify(password, kept)
        if not found or not (tried.granted and right):
            return None
        same = Account.get_or_none(id=number, password_hash=kept)
        account = await same.select_related("organisation")
        if account is None:  # changed or removed while it was compared
            return None
        tried.right = True
        if account.organisation.suspended_at:
            await forget_tries(account.mail)
            return Suspended()
        return await _go_on(parts, account, visitor, onward, previous, at)


async def _go_on(
    parts: Parts,
    known: Account,
    visitor: Visitor,
    onward: str,
    previous: Session | None,
    at: datetime,
) -> SignedIn | StepAhead | None:
    async with transaction(IDENTITY):
        # Comparing took its time: a password that was changed meanwhile signs nobody in.
        account = await Account.select_for_update().get_or_none(
            id=known.id, password_hash=known.password_hash
        )
        if account is None:
            return None
        await forget_tries(account.mail)
        if needs_second_step(account, await is_usual(account, visitor, at)):
            return StepAhead(await begin_step(account, onward, at))
        done = await finish(parts, account, visitor, previous, at)
    parts.wake()
    return done


async def finish(
    parts: Parts,
    account: Account,
    visitor: Visitor,
    previous: Session | None,
    at: datetime,
    second_factor: str = "",
) -> SignedIn:
    """Begin a new sign-in, and tell the owner when it comes from somewhere new.

    Inside a transaction that holds the account; call ``parts.wake()`` after it.
    """
    if previous is not None:
        await end_sign_in(previous.account, previous.sid, at)
    if account.login_notice and not await is_usual(account, visitor, at):
        await _tell(parts, account, visitor, at)
    await Event.create(
        account=account,
        kind=LOGIN,
        at=at,
        address=visitor.address[:45],
        browser=visitor.browser,
        details={"second_factor": second_factor} if second_factor else {},
    )
    devices = await remember(account, visitor, at)
    session = await start_session(account, parts.settings, at, visitor.address, visitor.browser)
    return SignedIn(session, devices)


async def _tell(parts: Parts, account: Account, visitor: Visitor, at: datetime) -> None:
    """Write いつもと異なる環境からのアクセスがありました, but not for the account's first login.

    Events are kept for a while only. Of an account that is older than that, and has been away
    for longer, nobody knows any more: its owner is told rather once too often.
    """
    is_new = account.created_at > at - EVENTS_KEPT and await has_no_past(account)
    if is_new and not await Event.exists(account_id=account.id, kind=LOGIN):
        return
    values = {
        "name": account.name,
        "at": at.isoformat(),
        "address": visitor.address,
        "browser": visitor.browser,
    }
    letter = Letter(
        "unusual_login", account.mail, account.language, values, time_zone=account.time_zone
    )
    await write_letter(letter, parts.sealer, f"unusual login:{secrets.token_urlsafe(16)}", at)
