"""Counting tries in the database, for any number of processes (TRUST 18).

A try is counted before it is made: of a hundred at once, as many pass as of a hundred one
after another. Where the tries under way used up what there is, others wait for what becomes
of them: those of whoever knows the password take no tries away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from webapp.database import IDENTITY, transaction
from webapp.errors import NigiwaiError
from webapp.identity.models import Guard
from webapp.tokens import token_hash

# Wrong passwords in a row, within a while, before a mail address is locked, and for how long.
TRIES = 5
TRIES_COUNT_FOR = timedelta(minutes=15)
LOCKED_FOR = timedelta(seconds=300)
PATIENCE = 10.0  # seconds that a try waits for those before it

# The tries under way in this process by what is tried; each answers whether it was right.
_UnderWay = dict[str, set["asyncio.Future[bool]"]]
_under_way: _UnderWay = {}


@dataclass(slots=True)
class Try:
    """A try at a password: whether it may be made, and whether it was ``right`` in the end."""

    granted: bool = False
    right: bool = False


class TooMany(NigiwaiError):
    """Somebody asks too often: answer 429."""


async def begin_try(mail: str, at: datetime) -> bool:
    """Count a try at the password of a mail address; False while it is locked.

    Whether the address belongs to anybody makes no difference, nor does the answer: the same
    statements run.
    """
    async with transaction(IDENTITY):
        guard = await _held(_mail_key(mail), at)
        locked = guard.locked_until is not None and guard.locked_until > at
        if not locked:
            if guard.window_until <= at or guard.locked_until is not None:
                guard.tries, guard.locked_until = 0, None
                guard.window_until = at + TRIES_COUNT_FOR
            guard.tries += 1
            if guard.tries >= TRIES:
                guard.locked_until = at + LOCKED_FOR
        await guard.save()
    return not locked


@asynccontextmanager
async def one_try(mail: str, at: datetime) -> AsyncIterator[Try]:
    """A try at the password of a mail address, to be said of whether it was ``right``.

    One that finds the address locked waits while others of this process are under way, and
    asks again when one of those was right. Whether the address belongs to anybody makes no
    difference to that.
    """
    key, until = _mail_key(mail), asyncio.get_running_loop().time() + PATIENCE
    tried, judged = Try(), _announce(key)
    try:
        tried.granted = await begin_try(mail, at)
        while not tried.granted:
            _retire(key, judged, right=False)
            if not await _is_one_right(key, until):
                break
            judged = _announce(key)
            tried.granted = await begin_try(mail, at)
        yield tried
    finally:
        _retire(key, judged, right=tried.right)


def _announce(key: str) -> asyncio.Future[bool]:
    judged = asyncio.get_running_loop().create_future()
    _under_way.setdefault(key, set()).add(judged)
    return judged


def _retire(key: str, judged: asyncio.Future[bool], *, right: bool) -> None:
    if judged.done():
        return
    judged.set_result(right)
    others = _under_way[key]
    others.discard(judged)
    if not others:
        del _under_way[key]


async def _is_one_right(key: str, until: float) -> bool:
    """Whether one of the tries that are under way now turns out to be right in time."""
    waiting = set(_under_way.get(key, ()))
    while waiting:
        left = until - asyncio.get_running_loop().time()
        done, waiting = await asyncio.wait(
            waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED
        )
        if any(judged.result() for judged in done):
            return True
        if not done:
            return False
    return False


async def forget_tries(mail: str) -> None:
    """The password was right, or there is a new one: the next tries count from the first."""
    await Guard.filter(key=_mail_key(mail)).delete()


async def take(key: str, most: int, within: timedelta, at: datetime) -> bool:
    """Count one of ``most`` that ``key`` has within a while; False when they are used up."""
    async with transaction(IDENTITY):
        guard = await _held(token_hash(key), at)
        if guard.window_until <= at:
            guard.tries, guard.window_until = 0, at + within
        granted = guard.tries < most
        guard.tries += granted
        await guard.save()
    return granted


def network_of(address: str) -> str:
    """Whom an address of the network counts for: IPv6 gives one customer a whole /64."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.exploded[:19]


def _mail_key(mail: str) -> str:
    return token_hash(f"tries {mail}")


async def _held(key: str, at: datetime) -> Guard:
    """The row of this key, made when there is none; nobody else counts until the transaction ends.

    The insert is what holds the row: on PostgreSQL its conflict locks it, and SQLite has one
    writer.
    """
    fresh = Guard(key=key, tries=0, window_until=at)
    await Guard.bulk_create([fresh], on_conflict=["key"], update_fields=["key"])
    return await Guard.get(key=key)
