"""One-time sign-in links: once, in time, and from the configured origin (TRUST 21)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from webapp.models import LoginLink, Member, Organisation
from webapp.operator import login_links
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


async def make_member() -> Member:
    organisation = await Organisation.create(name="駅前商店街")
    return await Member.create(organisation=organisation, name="花子", mail="a@example.jp")


async def make_token(settings: Settings, member: Member) -> str:
    return (await login_links.create(settings, member, AT)).rpartition("/")[2]


async def test_the_link_begins_with_the_origin_and_only_its_hash_is_kept(
    any_database: Settings,
) -> None:
    settings = any_database.model_copy(update={"origin": "https://nigiwai.example"})
    url = await login_links.create(settings, await make_member(), AT)
    base, _, token = url.rpartition("/")
    assert base == "https://nigiwai.example/login-link"
    assert len(token) >= 43
    row = await LoginLink.get()
    assert len(row.token_hash) == 64
    assert token not in str(dict(row))


async def test_it_serves_once(any_database: Settings) -> None:
    member = await make_member()
    token = await make_token(any_database, member)
    found = await login_links.redeem(token, AT)
    assert found is not None
    assert found.id == member.id
    assert found.organisation.name == "駅前商店街"
    assert await login_links.redeem(token, AT) is None
    assert (await LoginLink.get()).used_at == AT


async def test_it_serves_once_under_race(any_database: Settings) -> None:
    token = await make_token(any_database, await make_member())
    found = await asyncio.gather(*(login_links.redeem(token, AT) for _ in range(50)))
    assert sum(member is not None for member in found) == 1


async def test_it_serves_for_some_minutes(any_database: Settings) -> None:
    member = await make_member()
    minutes = timedelta(minutes=any_database.login_link_minutes)
    token = await make_token(any_database, member)
    assert await login_links.redeem(token, AT + minutes) is None
    assert await login_links.redeem(token, AT + minutes - timedelta(seconds=1))


async def test_no_other_token_serves(database: Settings) -> None:
    await make_token(database, await make_member())
    row = await LoginLink.get()
    for token in ("", "x", row.token_hash, "\udc80", "' OR 1=1 --", "あ" * 1000):
        assert await login_links.redeem(token, AT) is None
