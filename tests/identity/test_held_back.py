"""A body that is held back outlives neither its sign-in, its password nor its link (TRUST 17)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.identity.people import PASSWORD, Visitor, path_of, visitor
from webapp.errors import UserError
from webapp.identity.account import security
from webapp.identity.account.mail_change import ask_for_change
from webapp.identity.account.security import Settings
from webapp.identity.account.step_up import WRONG
from webapp.identity.browser import Visitor as From
from webapp.identity.links import create_link
from webapp.identity.models import (
    Account,
    LinkPurpose,
    MailChange,
    Role,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts

HERE = From("203.0.113.7", "")
FORM = {"content-type": "application/x-www-form-urlencoded"}
SECURITY = {
    "second_factor": "off",
    "method": "mail",
    "login_notice": "off",
    "current": PASSWORD,
}
NEWCOMER = {"name": "花子", "mail": "new@example.jp", "role": "admin", "language": "ja"}


async def send_late(
    person: Visitor, path: str, meanwhile: Callable[[], Awaitable[object]], **fields: str
) -> httpx.Response:
    """Post a form of which the body comes only after something else has happened."""

    async def body() -> AsyncIterator[bytes]:
        await meanwhile()
        yield urlencode({"csrf": person.csrf, **fields}).encode()

    return await person.post(path, content=body(), headers=FORM)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/security", SECURITY),
        ("/account/mail", {"mail": "thief@new.test", "current": PASSWORD}),
        ("/group/new", {**NEWCOMER, "answer": "add"}),
    ],
)
async def test_a_sign_in_that_ended_meanwhile_changes_nothing(
    someone: Visitor, account: Account, path: str, fields: dict[str, str]
) -> None:
    before = await Account.filter(id=account.id).values()

    async def ended() -> None:
        await Session.filter(account=account).delete()

    response = await send_late(someone, path, ended, **fields)
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    assert await Account.filter(id=account.id).values() == before
    assert await Account.all().count() == 1
    assert not await MailChange.exists()


async def test_a_role_that_was_lost_meanwhile_adds_nobody(
    someone: Visitor, account: Account
) -> None:
    async def demoted() -> None:
        await Account.filter(id=account.id).update(role=Role.GENERAL)

    response = await send_late(someone, "/group/new", demoted, **NEWCOMER, answer="add")
    assert response.status_code == 403
    assert await Account.all().count() == 1


async def test_a_link_that_ran_out_meanwhile_sets_no_password(
    identity: Starlette, account: Account, parts: Parts
) -> None:
    at = datetime.now(UTC)
    path = path_of(await create_link(account, LinkPurpose.RESET, parts.settings, at))
    with time_machine.travel(at, tick=False) as clock:

        async def wait() -> None:
            clock.move_to(at + timedelta(hours=2))

        async with visitor(identity) as person:
            response = await send_late(person, path, wait, password="海辺の 自転車 と 古い時計")
    assert response.status_code == 410
    assert (await Account.get(id=account.id)).password_hash == account.password_hash


@pytest.mark.parametrize("deed", ["settings", "totp", "codes", "mail"])
async def test_what_was_proved_by_an_older_password_is_refused(
    parts: Parts, account: Account, deed: str
) -> None:
    """Somebody set another password between the proof and the change."""
    await Account.filter(id=account.id).update(password_hash="another")
    at = datetime.now(UTC)
    wanted = Settings(SecondFactor.ALWAYS, SecondFactorMethod.MAIL, login_notice=False)
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "settings": lambda: security.change_settings(parts, account, wanted, HERE, at),
        "totp": lambda: security.remove_totp(parts, account, HERE, at),
        "codes": lambda: security.make_recovery_codes(parts, account, HERE, at),
        "mail": lambda: ask_for_change(parts, account, "new@example.jp", HERE, at),
    }
    with pytest.raises(UserError) as caught:
        await deeds[deed]()
    assert (caught.value.message, caught.value.field) == (WRONG, "current")
    assert (await Account.get(id=account.id)).second_factor is SecondFactor.OFF
    assert not await MailChange.exists()
