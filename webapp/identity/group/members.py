"""The members of an organisation as the Group Manager lists them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.functions import Max

from webapp.identity.flows.login import LOGIN
from webapp.identity.models import Account, Event, Organisation
from webapp.identity.provisioning import accounts_of, invitations_until

MOST_SOUGHT = 100  # letters of a search

_HIRAGANA = range(ord("ぁ"), ord("ゖ") + 1)
_TO_KATAKANA = {letter: letter + 0x60 for letter in _HIRAGANA}


class State(StrEnum):
    """How far somebody got: 有効, 招待中 or 招待の期限切れ."""

    ACTIVE = "active"
    INVITED = "invited"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Listed:
    """An account with its state; ``left`` is how long an invitation is still good."""

    account: Account
    state: State
    left: timedelta
    last_login: datetime | None

    @property
    def days_left(self) -> int:
        """Whole days."""
        return self.left.days

    @property
    def hours_left(self) -> int:
        """Whole hours."""
        return int(self.left.total_seconds()) // 3600

    @property
    def minutes_left(self) -> int:
        """Minutes, at least one: a link that is still good is not at its end."""
        return max(1, int(self.left.total_seconds()) // 60)


async def list_members(organisation: Organisation, at: datetime) -> list[Listed]:
    """Everybody of an organisation, oldest first, by three queries however many they are."""
    accounts = await accounts_of(organisation)
    until = await invitations_until(accounts, at)
    logins = await _last_logins(accounts)
    return [_listed(account, until.get(account.id), logins, at) for account in accounts]


def matching(members: list[Listed], sought: str) -> list[Listed]:
    """Those whose name, フリガナ or mail address holds every word of what is sought.

    Full and half width, capitals, and ひらがな and カタカナ are alike.
    """
    words = _folded(sought).split()
    return [member for member in members if all(word in _text(member) for word in words)]


def _text(member: Listed) -> str:
    account = member.account
    # Without blanks too: 山田花子 finds 山田 花子.
    name = _folded(account.name)
    return "\n".join((name, name.replace(" ", ""), _folded(account.kana), account.mail))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_TO_KATAKANA)


def _listed(
    account: Account, until: datetime | None, logins: dict[int, datetime], at: datetime
) -> Listed:
    waiting = State.INVITED if until else State.EXPIRED
    state = State.ACTIVE if account.password_hash else waiting
    left = until - at if until else timedelta()
    return Listed(account, state, left, logins.get(account.id))


async def _last_logins(accounts: list[Account]) -> dict[int, datetime]:
    """When each account (by id) signed in last, as far back as events are kept."""
    ids = [account.id for account in accounts]
    logins = Event.filter(account_id__in=ids, kind=LOGIN)
    rows = logins.annotate(last=Max("at")).group_by("account_id").values("account_id", "last")
    return {row["account_id"]: row["last"] for row in await rows}
