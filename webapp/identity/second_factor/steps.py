"""Logins whose password was right and whose second factor is still to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from starlette.responses import Response
from tortoise.expressions import F, Q

from webapp.cookies import hand_over, take_back
from webapp.identity.models import Account, SecondFactorMethod, SecondStep
from webapp.identity.second_factor import passkeys, recovery, totp
from webapp.identity.second_factor.codes import LIVES, RESEND_AFTER, TRIES
from webapp.tokens import new_token, token_hash

COOKIE = "__Host-nigiwai-id-step"
# With new codes a login may take longer than one code lives, but not for ever.
LONGEST = timedelta(minutes=30)


class Way(StrEnum):
    """By what a second factor is shown."""

    MAIL = "mail"
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


async def ways_of(account: Account) -> tuple[Way, ...]:
    """How this account may show its second factor, the way it chose first.

    A code by mail is no way round an authenticator or a passkey: there is one only for whoever
    chose it, or has nothing else. Recovery codes are the way for when those are lost.
    """
    ways = []
    if await passkeys.is_set_up(account):
        ways.append(Way.PASSKEY)
    if totp.is_set_up(account):
        ways.append(Way.TOTP)
    if account.second_factor_method is SecondFactorMethod.MAIL or not ways:
        ways.append(Way.MAIL)
    ways.sort(key=lambda way: way.value != account.second_factor_method.value)
    if await recovery.remaining(account):
        ways.append(Way.RECOVERY)
    return tuple(ways)


async def begin_step(account: Account, onward: str, at: datetime) -> str:
    """Write down that the password was right; returns the token for the browser's cookie."""
    token = new_token()
    await SecondStep.create(
        account_id=account.id,
        token_hash=token_hash(token),
        onward=onward,
        created_at=at,
        expires_at=at + LIVES,
    )
    return token


async def find_step(token: str, at: datetime) -> SecondStep | None:
    """The living step of this browser, with its account."""
    if not token:
        return None
    return await SecondStep.get_or_none(
        token_hash=token_hash(token),
        expires_at__gt=at,
        account__organisation__suspended_at=None,
    ).select_related("account")


async def onward_of(token: str) -> str:
    """Where the login of this browser was to go on to, even if its step is over."""
    step = await SecondStep.get_or_none(token_hash=token_hash(token)) if token else None
    return step.onward if step else ""


async def count_try(step: SecondStep) -> bool:
    """Count a try before it is compared; False when the three are used up."""
    untried = SecondStep.filter(id=step.id, code_hash=step.code_hash, tries__lt=TRIES)
    return await untried.update(tries=F("tries") + 1) == 1


async def put_code(step: SecondStep, code_hash: str, at: datetime) -> bool:
    """Replace the code, which makes the three tries new; False when one was sent just now."""
    due = Q(code_sent_at=None) | Q(code_sent_at__lte=at - RESEND_AFTER)
    put = await SecondStep.filter(due, id=step.id).update(
        code_hash=code_hash,
        code_sent_at=at,
        tries=0,
        expires_at=min(at + LIVES, step.created_at + LONGEST),
    )
    return put == 1


async def put_challenge(step: SecondStep, challenge: str) -> None:
    """Keep what a passkey is asked; an earlier question is void."""
    await SecondStep.filter(id=step.id).update(challenge=challenge)


async def take_challenge(step: SecondStep) -> str:
    """What a passkey was asked, for one answer: of two at once one gets it."""
    asked = SecondStep.filter(id=step.id, challenge=step.challenge).exclude(challenge="")
    return step.challenge if await asked.update(challenge="") == 1 else ""


async def finish_step(step: SecondStep) -> bool:
    """End the step, for the login is complete; of twenty at once one gets True."""
    return await SecondStep.filter(id=step.id, code_hash=step.code_hash).delete() == 1


def set_cookie(response: Response, token: str) -> None:
    """Hand the token to the browser."""
    hand_over(response, COOKIE, token, LONGEST + LIVES)


def clear_cookie(response: Response) -> None:
    """Take the token back from the browser."""
    take_back(response, COOKIE)
