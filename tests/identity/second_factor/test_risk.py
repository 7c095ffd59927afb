"""What is usual: a token that this account got on this browser, from the same network (I4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from starlette.applications import Starlette

from tests.identity.people import Visitor, make_account
from tests.identity.second_factor.logins import (
    CHROME,
    CHROME_ON_MAC,
    DEVICE_COOKIE,
    FIREFOX,
    HOME_ADDRESS,
    NEWER_CHROME,
    at_home,
    careful_account,
    carried,
    carry,
    complete_login,
    is_asked,
    is_signed_in,
    leave,
)
from webapp.identity.account.security import Settings as SecuritySettings
from webapp.identity.account.security import change_settings
from webapp.identity.app import build_identity
from webapp.identity.browser import Visitor as From
from webapp.identity.models import Account, Device, Organisation, SecondFactor
from webapp.identity.parts import Parts
from webapp.identity.retention import sweep
from webapp.identity.second_factor.risk import network_of
from webapp.tokens import token_hash

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await careful_account(parts, organisation)


async def known_token(identity: Starlette, parts: Parts, account: Account) -> str:
    """What the account's usual browser is known by."""
    async with at_home(identity) as person:
        await complete_login(person, parts, account)
        return carried(person, DEVICE_COOKIE)


@pytest.mark.parametrize(
    ("address", "user_agent", "asked"),
    [
        (HOME_ADDRESS, CHROME, False),
        (HOME_ADDRESS, NEWER_CHROME, False),
        ("198.51.100.200", CHROME, False),
        ("::ffff:198.51.100.9", CHROME, False),
        ("198.51.101.20", CHROME, True),
        ("2001:db8::1", CHROME, True),
        ("", CHROME, True),
        (HOME_ADDRESS, FIREFOX, True),
        (HOME_ADDRESS, CHROME_ON_MAC, True),
        (HOME_ADDRESS, "", True),
    ],
    ids=[
        "as ever",
        "a newer version",
        "the same network",
        "the same network, mapped",
        "the network beside it",
        "IPv6 instead",
        "no address",
        "another family",
        "another platform",
        "no name",
    ],
)
async def test_the_cookie_is_usual_only_where_it_was(
    address: str, user_agent: str, asked: bool, identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    async with at_home(identity, address, user_agent) as person:
        carry(person, DEVICE_COOKIE, token)
        response = await person.log_in(account.mail)
        assert is_asked(response) is asked
        assert is_signed_in(person) is not asked


async def test_headers_alone_are_never_usual(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    for brought in ("", "x", token[:-1], token + "x", token.swapcase(), token_hash(token), "." * 9):
        async with at_home(identity) as person:
            if brought:
                carry(person, DEVICE_COOKIE, brought)
            assert is_asked(await person.log_in(account.mail)), brought


async def test_a_cookie_of_another_account_is_not_usual(
    identity: Starlette, parts: Parts, account: Account, organisation: Organisation
) -> None:
    token = await known_token(identity, parts, account)
    other = await careful_account(parts, organisation, "Bob")
    async with at_home(identity) as person:
        carry(person, DEVICE_COOKIE, token)
        assert is_asked(await person.log_in(other.mail))


async def test_a_token_that_was_slipped_in_becomes_usual_for_nobody_else(
    identity: Starlette, parts: Parts, account: Account, organisation: Organisation
) -> None:
    """Whoever has a token of their own puts it into Alice's browser, and comes after her."""
    other = await careful_account(parts, organisation, "Mallory")
    planted = await known_token(identity, parts, other)
    async with at_home(identity) as person:
        carry(person, DEVICE_COOKIE, planted)
        await complete_login(person, parts, account)
    async with at_home(identity) as thief:
        carry(thief, DEVICE_COOKIE, planted)
        assert is_asked(await thief.log_in(account.mail))


async def test_two_people_share_a_browser(
    identity: Starlette, parts: Parts, account: Account, organisation: Organisation
) -> None:
    other = await careful_account(parts, organisation, "Bob")
    async with at_home(identity) as person:
        for somebody in (account, other):
            await complete_login(person, parts, somebody)
            leave(person)
        for somebody in (account, other, account):
            assert not is_asked(await person.log_in(somebody.mail))
            leave(person)


Forge = dict[str, str]


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": HOME_ADDRESS},
        {"X-Forwarded-For": f"{HOME_ADDRESS}, 192.0.2.66"},
        {"X-Real-IP": HOME_ADDRESS},
        {"Forwarded": f"for={HOME_ADDRESS}"},
    ],
)
async def test_a_forged_address_is_not_believed(
    header: Forge, identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    async with at_home(identity, "192.0.2.66") as thief:
        thief.headers.update(header)
        carry(thief, DEVICE_COOKIE, token)
        assert is_asked(await thief.log_in(account.mail))


@pytest.mark.parametrize(
    ("forwarded", "asked"),
    [
        (HOME_ADDRESS, False),
        (f"192.0.2.66, {HOME_ADDRESS}", False),  # what was written before the proxy's own word
        ("192.0.2.66", True),
        (f"{HOME_ADDRESS}, 192.0.2.66", True),
        (f"{HOME_ADDRESS}, nonsense", True),
    ],
)
async def test_only_the_hop_of_a_configured_proxy_counts(
    forwarded: str, asked: bool, identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    proxies: list[Any] = [ip_network("10.0.0.0/8")]
    settings = parts.settings.model_copy(update={"trusted_proxies": proxies})
    behind = build_identity(Parts(settings, parts.sealer, passwords=parts.passwords))
    async with at_home(behind, "10.1.2.3") as person:
        person.headers["X-Forwarded-For"] = forwarded
        carry(person, DEVICE_COOKIE, token)
        assert is_asked(await person.log_in(account.mail)) is asked


async def test_a_network_becomes_usual_by_a_login_there(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    async with at_home(identity, "203.0.113.50") as person:
        carry(person, DEVICE_COOKIE, token)
        await complete_login(person, parts, account)
        assert carried(person, DEVICE_COOKIE) == token
        leave(person)
        assert not is_asked(await person.log_in(account.mail))
    assert await Device.filter(account=account).count() == 2


@pytest.mark.parametrize(
    ("second_factor", "asked"),
    [(SecondFactor.ALWAYS, True), (SecondFactor.RISK, False), (SecondFactor.OFF, False)],
)
async def test_always_asks_where_it_is_usual_too(
    second_factor: SecondFactor, asked: bool, identity: Starlette, parts: Parts, account: Account
) -> None:
    token = await known_token(identity, parts, account)
    account.second_factor = second_factor
    await account.save()
    async with at_home(identity) as person:
        carry(person, DEVICE_COOKIE, token)
        assert is_asked(await person.log_in(account.mail)) is asked


async def test_off_never_asks(stranger: Visitor, parts: Parts, organisation: Organisation) -> None:
    bob = await make_account(parts, organisation, "Bob", second_factor=SecondFactor.OFF)
    await stranger.log_in(bob.mail)
    assert is_signed_in(stranger)


async def test_the_cookie_is_for_this_origin_alone_and_its_hash_is_kept(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await complete_login(person, parts, account)
        leave(person)
        response = await person.log_in(account.mail)
        cookies = response.headers.get_list("set-cookie")
        cookie = next(cookie for cookie in cookies if cookie.startswith(f"{DEVICE_COOKIE}="))
        for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=34560000"):
            assert attribute in cookie
        assert "Domain" not in cookie
        token = carried(person, DEVICE_COOKIE)
    assert len(token) >= 43
    assert (await Device.get(account=account)).token_hash == token_hash(token)


async def test_nobody_is_known_before_the_second_step(stranger: Visitor, account: Account) -> None:
    assert is_asked(await stranger.log_in(account.mail))
    assert not await Device.exists()
    assert DEVICE_COOKIE not in stranger.cookies


async def test_a_browser_is_forgotten_after_400_days(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async def comes_back(after: timedelta) -> bool:
        with time_machine.travel(NOW + after, tick=False):
            async with at_home(identity) as person:
                carry(person, DEVICE_COOKIE, token)
                return not is_asked(await person.log_in(account.mail))

    with time_machine.travel(NOW, tick=False):
        token = await known_token(identity, parts, account)
    assert await comes_back(timedelta(days=399))
    assert await comes_back(timedelta(days=798))
    assert not await comes_back(timedelta(days=1198, seconds=1))
    await sweep(NOW + timedelta(days=1198, seconds=1))
    assert not await Device.exists()


async def test_what_a_password_alone_made_usual_is_forgotten_with_the_change(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    """A stranger signed in while the password was all it took, and comes back later."""
    account.second_factor = SecondFactor.OFF
    await account.save()
    async with at_home(identity, "192.0.2.66", FIREFOX) as thief:
        await thief.log_in(account.mail)
        assert is_signed_in(thief)
        leave(thief)
        wanted = replace(SecuritySettings.of(account), second_factor=SecondFactor.RISK)
        await change_settings(parts, account, wanted, From("", ""), NOW)
        assert is_asked(await thief.log_in(account.mail))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.20", "198.51.100.0/24"),
        ("::ffff:198.51.100.20", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("testclient", ""),
        ("", ""),
        ("198.51.100.20/8", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network
    assert len(network) <= 45
