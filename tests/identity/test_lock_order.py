"""What changes one account at once waits for it, and for nothing else (TRUST 17, 22)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.identity.people import letters, make_account, parts_on
from webapp.errors import UserError
from webapp.identity import provisioning
from webapp.identity.account.mail_change import Outcome, ask_for_change, confirm
from webapp.identity.browser import Visitor
from webapp.identity.flows.new_password import set_password
from webapp.identity.links import create_link, find_link
from webapp.identity.models import (
    Account,
    LinkPurpose,
    MailChange,
    OneTimeLink,
    Organisation,
    Role,
)
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.settings import Settings

HERE = Visitor("203.0.113.7", "")


@pytest.fixture
def parts(any_database: Settings, passwords: Passwords) -> Parts:
    return parts_on(any_database, passwords)


async def test_confirming_a_mail_address_while_the_account_is_deleted(
    parts: Parts, organisation: Organisation
) -> None:
    for n in range(8):
        at = datetime.now(UTC)
        account = await make_account(parts, organisation, f"bob{n}", role=Role.GENERAL)
        await create_link(account, LinkPurpose.RESET, parts.settings, at)
        await ask_for_change(parts, account, f"new{n}@example.jp", HERE, at)
        sent = {letter.event: letter.values.get("url", "") for letter in await letters(parts)}
        old, new = (sent[f"mail_change_{side}"].rsplit("/", 1)[1] for side in ("old", "new"))
        await confirm(parts, old, None, HERE, at)
        outcome, gone = await asyncio.gather(
            confirm(parts, new, None, HERE, at),
            provisioning.remove_accounts(parts, organisation, [account.public_id], at),
        )
        assert outcome in {Outcome.DONE, Outcome.SPENT}
        assert [one.id for one in gone] == [account.id]


async def test_of_mail_changes_asked_for_at_once_one_waits(
    parts: Parts, organisation: Organisation
) -> None:
    for n in range(5):
        at = datetime.now(UTC)
        account = await make_account(parts, organisation, f"dob{n}")
        await asyncio.gather(
            *(ask_for_change(parts, account, f"{n}{k}@example.jp", HERE, at) for k in range(3))
        )
        assert await MailChange.filter(account=account).count() == 1


async def test_no_invitation_outlives_the_first_password(
    parts: Parts, organisation: Organisation
) -> None:
    for n in range(8):
        at = datetime.now(UTC)
        made = await make_account(parts, organisation, f"eob{n}", password="")
        account = await Account.get(id=made.id).select_related("organisation")
        url = await create_link(account, LinkPurpose.FIRST_PASSWORD, parts.settings, at)
        link = await find_link(url.rsplit("/", 1)[1], at)
        assert link is not None

        async def late(account: Account = account, n: int = n) -> None:
            await asyncio.sleep(0.001 * n)
            await provisioning.resend_invitation(parts, account, datetime.now(UTC))

        results = await asyncio.gather(
            set_password(parts, link, "べつの 長い 合言葉 です", HERE, at),
            late(),
            return_exceptions=True,
        )
        assert isinstance(results[1], UserError | None)
        has_password = bool((await Account.get(id=account.id)).password_hash)
        good = await OneTimeLink.filter(account=account, used_at=None).count()
        assert (has_password, good) in {(True, 0), (False, 1)}
