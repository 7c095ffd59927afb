"""What the operator can have done, and what is refused."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from webapp.errors import UserError
from webapp.models import Member, Organisation, Role
from webapp.operator import actions, login_links
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


async def make(settings: Settings, mail: str = "Admin@Example.JP") -> dict[str, Any]:
    return await actions.create_organisation(
        settings, AT, name=" 駅前商店街 ", admin_mail=mail, admin_name="花子"
    )


async def add(settings: Settings, organisation: str, mail: str, role: str = "general") -> Any:
    return await actions.create_member(
        settings, AT, organisation=organisation, mail=mail, name="太郎", role=role
    )


async def test_an_organisation_with_its_admin(any_database: Settings) -> None:
    made = await make(any_database)
    assert made["name"] == "駅前商店街"
    assert made["members"][0]["mail"] == "admin@example.jp"
    assert made["members"][0]["role"] == "admin"
    listed = await actions.list_organisations(any_database, AT)
    assert listed == [made]
    assert json.loads(json.dumps(listed)) == listed


async def test_members(any_database: Settings) -> None:
    made = await make(any_database)
    await add(any_database, made["organisation"], "b@example.jp")
    listed = await actions.list_organisations(any_database, AT)
    assert [member["role"] for member in listed[0]["members"]] == ["admin", "general"]
    with pytest.raises(UserError, match="already"):
        await add(any_database, made["organisation"], "B@example.jp")
    with pytest.raises(UserError, match="no such organisation"):
        await add(any_database, "nobody", "c@example.jp")
    with pytest.raises(UserError, match="role"):
        await add(any_database, made["organisation"], "c@example.jp", role="owner")
    assert await Member.all().count() == 2


async def test_account_101_is_refused_under_race(any_database: Settings) -> None:
    made = await make(any_database)
    owner = await Organisation.get()
    await Member.bulk_create(
        [Member(organisation=owner, name="x", mail=f"{n}@example.jp") for n in range(97)]
    )
    tries = [add(any_database, made["organisation"], f"new{n}@example.jp") for n in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, UserError) for result in results) == 4
    assert await Member.all().count() == 100


@pytest.mark.parametrize(
    "mail",
    ["", "a", "@example.jp", "a@", "a@b@example.jp", "a b@example.jp", "a@example.jp\nBcc: x@y",
     "a@example.jp,b@example.jp", "<a@example.jp>", "a" * 250 + "@example.jp"],
)  # fmt: skip
async def test_mail_addresses_that_are_none(database: Settings, mail: str) -> None:
    with pytest.raises(UserError):
        await make(database, mail)
    assert await Organisation.all().count() == 0


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\u202eb"])
async def test_names_that_are_none(database: Settings, name: str) -> None:
    with pytest.raises(UserError):
        await actions.create_organisation(
            database, AT, name=name, admin_mail="a@example.jp", admin_name="花子"
        )


async def test_the_link_is_for_the_first_admin_unless_told(any_database: Settings) -> None:
    with pytest.raises(UserError, match="no such account"):
        await actions.create_login_link(any_database, AT)
    first, second = await make(any_database), await make(any_database, "x@example.jp")
    await add(any_database, first["organisation"], "b@example.jp")

    async def member_of(**arguments: Any) -> Member:
        link = await actions.create_login_link(any_database, AT, **arguments)
        assert link["minutes"] == any_database.login_link_minutes
        member = await login_links.redeem(link["url"].rpartition("/")[2], AT)
        assert member is not None
        return member

    assert (await member_of()).mail == "admin@example.jp"
    assert (await member_of(organisation=second["organisation"])).mail == "x@example.jp"
    assert (await member_of(mail=" B@example.jp")).role is Role.GENERAL
    await add(any_database, second["organisation"], "b@example.jp")
    with pytest.raises(UserError, match="Several"):
        await member_of(mail="b@example.jp")
    found = await member_of(mail="b@example.jp", organisation=second["organisation"])
    assert found.organisation.public_id == second["organisation"]


async def test_handlers_check_their_arguments(database: Settings) -> None:
    handlers = actions.handlers(database)
    assert await handlers["organisations"]() == []
    with pytest.raises(UserError, match="arguments"):
        await handlers["organisations"](surprise=1)
    with pytest.raises(UserError, match="arguments"):
        await handlers["create-member"]()


def test_every_action_says_what_it_does() -> None:
    assert all(action.__doc__ for action in actions.ACTIONS.values())
