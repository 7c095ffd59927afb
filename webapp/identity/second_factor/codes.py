"""Codes by mail, and how often anybody may guess (TRUST 20).

A code lives ten minutes, is good for one login in one browser, and is compared three times at
most. What is entered for an account is compared ten times in any hour, however many logins
are begun: a guesser is right once in 100,000 hours with a code by mail, once in 33,000 with
one of an authenticator, of which three are good at a time.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from webapp.identity.guard import take
from webapp.identity.models import Account, Guard
from webapp.tokens import token_hash

DIGITS = 6
LIVES = timedelta(minutes=10)
TRIES = 3
HOUR = timedelta(hours=1)
MOST_TRIES = 10  # of an account, an hour
MOST_LETTERS = 10
MOST_RESENDS = 5
RESEND_AFTER = timedelta(seconds=60)


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def code_hash(code: str, token: str) -> str:
    """What is kept of a code.

    A million codes are hashed in a second; but the browser's ``token`` is the key, and of that
    the database has only the hash. So the database alone gives no code away.
    """
    return hmac.new(token.encode(), code.encode(), sha256).hexdigest()


def is_code(code: str, token: str, kept: str) -> bool:
    """Whether the code is the one that was sent to whoever has the token."""
    return hmac.compare_digest(code_hash(code, token), kept)


async def may_try(account: Account, at: datetime) -> bool:
    """Count a try of this account, before it is compared; False when there were too many."""
    return await _take_ticket(f"second factor {account.id}", MOST_TRIES, at)


async def may_send(account: Account, at: datetime, *, again: bool) -> bool:
    """Count a letter to this account; False when there were too many."""
    key = _letters_key(account)
    if again and not await _take_ticket(f"{key} again", MOST_RESENDS, at):
        return False
    return await _take_ticket(key, MOST_LETTERS, at)


async def are_letters_used_up(account: Account, at: datetime) -> bool:
    """Whether no letter could be sent now; asking counts nothing."""
    keys = [token_hash(f"{_letters_key(account)} {ticket}") for ticket in range(MOST_LETTERS)]
    taken = Guard.filter(key__in=keys, tries__gt=0, window_until__gt=at)
    return await taken.count() >= MOST_LETTERS


def _letters_key(account: Account) -> str:
    return f"second factor letter {account.id}"


async def _take_ticket(key: str, most: int, at: datetime) -> bool:
    """Take one of ``most`` tickets; each is there again an hour after it was taken.

    A count that starts anew with each hour would let twice as many pass around its end.
    """
    for ticket in range(most):
        if await take(f"{key} {ticket}", 1, HOUR, at):
            return True
    return False
