"""Whether a sign-in still holds: the provider is asked while the session is used (TRUST 17).

A back-channel logout ends sessions within a second. This is for when that does not come:
a session that is used is asked for every 45 seconds, so that nothing holds for more than 60.

Every ``at`` in here is by the database's clock: processes on machines whose clocks differ
take turns by it, and a refresh token that two of them used would end the sign-in.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog
from tortoise.expressions import Q

from webapp.database import transaction
from webapp.errors import TemporaryFailure
from webapp.models import Session
from webapp.signin.claims import read_person
from webapp.signin.members import bring_up_to_date
from webapp.signin.provider import Provider, ProviderUnreachable, SignInOver, Tokens
from webapp.signin.refusals import SignInRefused

ASK_AFTER = timedelta(seconds=45)
KNOW_AFTER = timedelta(seconds=60)
# A provider that does not answer signs nobody out at once.
GRACE = timedelta(minutes=15)
LEASE = timedelta(seconds=20)
PATIENCE = 3.0  # seconds that a visitor waits for the answer
_LOOK_AGAIN = 0.05

log = structlog.get_logger()
_running: set[asyncio.Task[None]] = set()


class NotKnown(TemporaryFailure):
    """The last answer is too old, and the provider gives no new one: nobody can say."""


async def still_good(session: Session, provider: Provider, at: datetime) -> Session | None:
    """The session with the latest of its member, or None when it is over; ``NotKnown`` meanwhile.

    One request asks; refresh tokens are good for once. The others go on with what is known,
    or wait for the answer when that is more than a minute old.
    """
    if not session.sealed_tokens or session.checked_at is None:
        return session  # by the operator's link: no provider knows of it
    age = at - session.checked_at
    if age < ASK_AFTER:
        return session
    if not provider.is_resting(at):
        if await _is_ours(session, at):
            await _wait_for(asyncio.create_task(_check(session, provider, at)))
        elif age >= KNOW_AFTER:
            await _wait_for_others(session)
    return await _as_known(session, at)


async def _is_ours(session: Session, at: datetime) -> bool:
    """Whether this request is the one that asks.

    Only with the tokens of the row as it is: whoever asked before may have renewed them
    without getting an answer, and those that were read earlier are used up then.
    """
    as_read = Session.filter(
        id=session.id, checked_at=session.checked_at, sealed_tokens=session.sealed_tokens
    )
    unclaimed = as_read.filter(Q(checking_until=None) | Q(checking_until__lt=at))
    return await unclaimed.update(checking_until=at + LEASE) == 1


async def _wait_for(task: asyncio.Task[None]) -> None:
    """Wait, but not for ever. The task goes on: what it renewed has to be kept."""
    _running.add(task)
    task.add_done_callback(_running.discard)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    if done:
        task.result()


async def _wait_for_others(session: Session) -> None:
    """Wait until whoever asks has the answer."""
    for _ in range(int(PATIENCE / _LOOK_AGAIN)):
        row = await Session.get_or_none(id=session.id)
        if row is None or row.checking_until is None:
            return
        await asyncio.sleep(_LOOK_AGAIN)


async def _as_known(session: Session, at: datetime) -> Session | None:
    """The session by the last answer, when that is not too old.

    One that is stays as it is: it goes on when the provider is back.
    """
    row = await Session.get_or_none(id=session.id).select_related("member__organisation")
    if row is None or row.checked_at is None:
        return None
    if at - row.checked_at > GRACE:
        raise NotKnown("The provider did not answer for too long.")
    return row


async def _check(session: Session, provider: Provider, at: datetime) -> None:
    """Ask the provider, and write down what it says."""
    row = Session.filter(id=session.id)
    try:
        tokens = provider.unseal(session.sealed_tokens)
        if tokens is None:
            raise SignInOver("It was sealed with another secret key.")  # noqa: TRY301
        claims = await _ask(session, provider, tokens, at)
        await _write(session, provider, claims)
        await row.update(checked_at=at, checking_until=None)
    except (SignInOver, SignInRefused) as over:
        log.info("signin.over", member=session.member_id, reason=str(over))
        await row.delete()
    except ProviderUnreachable as error:
        log.warning("signin.provider_unreachable", error=str(error))
        provider.rest(at)
        await row.update(checking_until=None)


async def _ask(
    session: Session, provider: Provider, tokens: Tokens, at: datetime
) -> dict[str, Any]:
    """All that the provider says of the person, with tokens renewed where they are over."""
    if not tokens.are_over(at):
        try:
            return await provider.ask(tokens, at)
        except SignInOver:
            if not tokens.refresh:
                raise
    tokens = await provider.renew(tokens, at)
    # At once: the token that was used for it is good for nothing any more.
    await Session.filter(id=session.id).update(sealed_tokens=provider.seal(tokens))
    return await provider.ask(tokens, at)


async def _write(session: Session, provider: Provider, claims: dict[str, Any]) -> None:
    """Take over what changed of the member. Another organisation ends the sign-in."""
    person = read_person(claims, provider.settings)
    if person.organisation != session.member.organisation.public_id:
        raise SignInOver("The person belongs to another organisation now.")
    async with transaction():
        await bring_up_to_date(session.member, person)
