"""ログイン通知: the owner hears of the first login from a new environment (I5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.applications import Starlette

from tests.identity.people import PASSWORD, kinds_of_events, letters, path_of
from tests.identity.second_factor.logins import (
    CHROME,
    DEVICE_COOKIE,
    FIREFOX,
    at_home,
    careful_account,
    carried,
    carry,
    code_for,
    complete_login,
    is_asked,
    is_signed_in,
    leave,
    show,
)
from webapp.identity.links import create_link
from webapp.identity.models import (
    Account,
    Device,
    Event,
    LinkPurpose,
    Organisation,
    SecondFactor,
)
from webapp.identity.parts import Parts
from webapp.identity.retention import sweep
from webapp.identity.second_factor import risk
from webapp.mail.letters import Letter

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
NEW_PASSWORD = "海辺の 自転車 と 古い時計"


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await careful_account(parts, organisation, second_factor=SecondFactor.OFF)


async def notices(parts: Parts) -> list[Letter]:
    return [letter for letter in await letters(parts) if letter.event == "unusual_login"]


async def test_what_is_told_of_a_login_is_told_in_the_zone_of_the_account(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    await Account.filter(id=account.id).update(time_zone="America/New_York")
    for browser in (CHROME, FIREFOX):
        async with at_home(identity, user_agent=browser) as person:
            await person.log_in(account.mail)
    assert [letter.time_zone for letter in await notices(parts)] == ["America/New_York"]


async def test_a_new_environment_is_told_and_the_very_first_is_not(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await person.log_in(account.mail)
        leave(person)
        await person.log_in(account.mail)
    assert await notices(parts) == []
    with time_machine.travel(NOW, tick=False):
        async with at_home(identity, "203.0.113.99", FIREFOX) as elsewhere:
            await elsewhere.log_in(account.mail)
            leave(elsewhere)
            await elsewhere.log_in(account.mail)
    (notice,) = await notices(parts)
    assert (notice.to, notice.language) == (account.mail, "ja")
    assert notice.values == {
        "name": "Alice",
        "at": NOW.isoformat(),
        "address": "203.0.113.99",
        "browser": "Firefox / Windows",
    }


@pytest.mark.parametrize("second_factor", SecondFactor)
async def test_it_is_told_once_the_login_is_complete(
    second_factor: SecondFactor, identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await person.log_in(account.mail)
    account.second_factor = second_factor
    await account.save()
    async with at_home(identity, "203.0.113.99", FIREFOX) as elsewhere:
        if is_asked(await elsewhere.log_in(account.mail)):
            assert await notices(parts) == [], "a password alone is no access"
            await show(elsewhere, await code_for(parts, account))
    assert len(await notices(parts)) == 1


async def test_whoever_wants_none_gets_none(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    account.login_notice = False
    await account.save()
    for user_agent in (CHROME, FIREFOX):
        async with at_home(identity, user_agent=user_agent) as person:
            await person.log_in(account.mail)
            assert is_signed_in(person)
    assert await notices(parts) == []


async def test_a_failed_login_tells_nothing(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await person.log_in(account.mail)
    async with at_home(identity, user_agent=FIREFOX) as stranger:
        await stranger.log_in(account.mail, "not the password")
    assert await notices(parts) == []


async def test_an_account_that_was_away_for_long_is_told(
    identity: Starlette, parts: Parts, organisation: Organisation
) -> None:
    """Neither its browsers nor its logins are remembered by then."""
    alice = await careful_account(
        parts, organisation, second_factor=SecondFactor.OFF, created_at=NOW
    )
    with time_machine.travel(NOW, tick=False) as clock:
        async with at_home(identity) as person:
            await person.log_in(alice.mail)
        clock.shift(risk.DEVICES_KNOWN + timedelta(days=1))
        await sweep(datetime.now(UTC))
        assert not await Device.exists()
        assert not await Event.exists()
        async with at_home(identity, user_agent=FIREFOX) as stranger:
            await stranger.log_in(alice.mail)
    assert len(await notices(parts)) == 1


async def test_a_reset_never_skips_the_second_factor(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    """TRUST 20. Whoever reads the mails of an account has its reset link, and no more."""
    for second_factor in (SecondFactor.RISK, SecondFactor.ALWAYS):
        account.second_factor = second_factor
        await account.save()
        async with at_home(identity, "203.0.113.99", FIREFOX) as person:
            url = await create_link(account, LinkPurpose.RESET, parts.settings, datetime.now(UTC))
            await person.send_form(path_of(url), password=NEW_PASSWORD)
            assert not is_signed_in(person)
            assert is_asked(await person.log_in(account.mail, NEW_PASSWORD))
            assert not is_signed_in(person)


async def test_a_reset_ends_the_logins_that_wait_for_their_second_factor(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    account.second_factor = SecondFactor.ALWAYS
    await account.save()
    async with at_home(identity) as thief, at_home(identity) as owner:
        assert is_asked(await thief.log_in(account.mail))
        code = await code_for(parts, account)
        url = await create_link(account, LinkPurpose.RESET, parts.settings, datetime.now(UTC))
        await owner.send_form(path_of(url), password=NEW_PASSWORD)
        await show(thief, code)
        assert not is_signed_in(thief)
    assert await kinds_of_events(account) == ["password"]


async def test_the_first_login_after_the_first_password_is_asked_under_risk(
    identity: Starlette, parts: Parts, organisation: Organisation
) -> None:
    newcomer = await careful_account(parts, organisation, "Bob", password="")
    async with at_home(identity) as person:
        url = await create_link(
            newcomer, LinkPurpose.FIRST_PASSWORD, parts.settings, datetime.now(UTC)
        )
        await person.send_form(path_of(url), password=PASSWORD)
        await complete_login(person, parts, newcomer)
        token = carried(person, DEVICE_COOKIE)
    assert await notices(parts) == []
    async with at_home(identity) as person:
        carry(person, DEVICE_COOKIE, token)
        assert not is_asked(await person.log_in(newcomer.mail))
