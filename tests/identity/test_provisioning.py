"""Organisations and accounts at the provider: made whole or not at all, and under race."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.identity import organisations, provisioning
from webapp.identity.links import create_link, find_link
from webapp.identity.models import (
    Account,
    Client,
    LinkPurpose,
    OneTimeLink,
    Organisation,
    Outbox,
    Role,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts, build_parts
from webapp.identity.provisioning import Newcomer
from webapp.identity.sessions import load_session, start_session
from webapp.mail.letters import MAIL_SEND, unseal
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


class Woken:
    """Whoever empties the outbox, asleep until told."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def parts(any_database: Settings, woken: Woken) -> Parts:
    return build_parts(any_database, woken)


@pytest.fixture
async def organisation(parts: Parts) -> Organisation:
    return await organisations.create_organisation("minato", " みなと商店街 ", AT)


async def invite(
    parts: Parts, organisation: Organisation, mail: str, role: Role = Role.ADMIN
) -> Account:
    account = await provisioning.invite_account(
        parts, organisation, Newcomer(mail, "花子", role), AT
    )
    await account.fetch_related("organisation")
    return account


async def letters(parts: Parts) -> list[Any]:
    rows = await Outbox.filter(kind=MAIL_SEND).order_by("id")
    return [unseal(row.payload, parts.sealer) for row in rows]


async def sign_in(parts: Parts, account: Account) -> str:
    """A sign-in with everything that may come of one."""
    token = await start_session(account, parts.settings, AT)
    session = await Session.filter(account=account).order_by("-id").first()
    assert session is not None
    client, _ = await Client.get_or_create(
        client_id="app", defaults={"name": "App", "backchannel_logout_uri": "https://app.test/out"}
    )
    await TokenFamily.create(
        client=client, account=account, sid=session.sid, scope="openid", auth_time=AT
    )
    return token


async def test_an_invitation_is_an_account_a_link_and_a_mail(
    parts: Parts, organisation: Organisation, woken: Woken
) -> None:
    account = await invite(parts, organisation, " Hanako@Example.JP ")
    assert (account.mail, account.role, account.password_hash) == (
        "hanako@example.jp",
        Role.ADMIN,
        "",
    )
    [letter] = await letters(parts)
    assert (letter.event, letter.to, letter.language) == (
        "first_password",
        "hanako@example.jp",
        "ja",
    )
    assert letter.values["organisation"] == "みなと商店街"
    assert letter.values["hours"] == 72
    base, _, token = letter.values["url"].rpartition("/")
    assert base == f"{parts.settings.identity_origin}/password"
    link = await find_link(token, AT + timedelta(hours=71, minutes=59))
    assert link is not None
    assert (link.account_id, link.purpose) == (account.id, LinkPurpose.FIRST_PASSWORD)
    assert await find_link(token, AT + timedelta(hours=72, minutes=1)) is None
    assert token not in str((await Outbox.get()).payload)
    assert woken.times == 1


async def test_a_mail_address_is_taken_once_in_the_whole_provider(
    parts: Parts, organisation: Organisation
) -> None:
    other = await organisations.create_organisation("yamate", "やまて図書館", AT)
    await invite(parts, organisation, "a@example.jp")
    for owner in (organisation, other):
        with pytest.raises(UserError) as caught:
            await invite(parts, owner, "A@EXAMPLE.jp")
        assert caught.value.message == provisioning.MAIL_TAKEN
    assert await Account.all().count() == 1
    assert len(await letters(parts)) == 1


async def test_account_101_is_refused_under_race(parts: Parts, organisation: Organisation) -> None:
    await Account.bulk_create(
        [Account(organisation=organisation, name="x", mail=f"{n}@example.jp") for n in range(99)]
    )
    tries = [invite(parts, organisation, f"new{n}@example.jp", Role.GENERAL) for n in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    refused = [result for result in results if isinstance(result, UserError)]
    assert len(refused) == 19
    assert {error.message for error in refused} == {provisioning.TOO_MANY}
    assert await Account.all().count() == 100
    assert await OneTimeLink.all().count() == 1
    assert len(await letters(parts)) == 1


async def test_what_fails_after_it_leaves_nothing(parts: Parts, organisation: Organisation) -> None:
    async def fail() -> None:
        async with transaction(IDENTITY):
            await invite(parts, organisation, "a@example.jp")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not await Account.exists()
    assert not await OneTimeLink.exists()
    assert not await Outbox.exists()


async def test_another_invitation_voids_the_earlier_one(
    parts: Parts, organisation: Organisation
) -> None:
    account = await invite(parts, organisation, "a@example.jp")
    await provisioning.resend_invitation(parts, account, AT + timedelta(hours=100))
    first, second = [letter.values["url"].rpartition("/")[2] for letter in await letters(parts)]
    assert await find_link(first, AT) is None
    assert await find_link(second, AT + timedelta(hours=171)) is not None
    await Account.filter(id=account.id).update(password_hash="x")
    with pytest.raises(UserError) as caught:
        await provisioning.resend_invitation(parts, account, AT)
    assert caught.value.message == provisioning.PASSWORD_SET
    assert len(await letters(parts)) == 2


async def test_invitations_that_are_still_good(parts: Parts, organisation: Organisation) -> None:
    account = await invite(parts, organisation, "a@example.jp")
    other = await invite(parts, organisation, "b@example.jp")
    await create_link(other, LinkPurpose.RESET, parts.settings, AT)
    await OneTimeLink.filter(account=other, purpose=LinkPurpose.FIRST_PASSWORD).update(used_at=AT)
    accounts = await provisioning.accounts_of(organisation)
    soon, late = AT + timedelta(hours=1), AT + timedelta(hours=72)
    assert await provisioning.invitations_until(accounts, soon) == {account.id: late}
    assert await provisioning.invitations_until(accounts, late) == {}


async def test_a_new_role_ends_the_sign_ins(
    parts: Parts, organisation: Organisation, woken: Woken
) -> None:
    account = await invite(parts, organisation, "a@example.jp")
    await invite(parts, organisation, "b@example.jp")
    token = await sign_in(parts, account)
    woken.times = 0
    assert not await provisioning.set_role(parts, account, Role.ADMIN, AT)
    assert await load_session(token, AT) is not None
    assert await provisioning.set_role(parts, account, Role.GENERAL, AT)
    assert await load_session(token, AT) is None
    assert (await TokenFamily.get()).revoked_at == AT
    row = await Outbox.get(kind=BACKCHANNEL_LOGOUT)
    assert row.payload["sub"] == account.public_id
    assert woken.times == 1


async def test_the_last_admin_stays_one_under_race(
    parts: Parts, organisation: Organisation
) -> None:
    admins = [await invite(parts, organisation, f"{n}@example.jp") for n in range(20)]
    results = await asyncio.gather(
        *(provisioning.set_role(parts, admin, Role.GENERAL, AT) for admin in admins),
        return_exceptions=True,
    )
    [refused] = [result for result in results if isinstance(result, UserError)]
    assert refused.message == provisioning.LAST_ADMIN
    assert await Account.filter(role=Role.ADMIN).count() == 1


async def test_operators_are_among_themselves(parts: Parts, organisation: Organisation) -> None:
    office = await organisations.create_organisation("operator", "事業者", AT, is_operator=True)
    for owner, role in ((organisation, Role.OPERATOR), (office, Role.ADMIN)):
        with pytest.raises(UserError) as caught:
            await invite(parts, owner, "a@example.jp", role)
        assert caught.value.message == provisioning.ROLE_WRONG
    operator = await invite(parts, office, "a@example.jp", Role.OPERATOR)
    with pytest.raises(UserError):
        await provisioning.set_role(parts, operator, Role.GENERAL, AT)


async def test_an_account_that_goes_takes_its_sign_ins_along(
    parts: Parts, organisation: Organisation, woken: Woken
) -> None:
    await invite(parts, organisation, "b@example.jp")
    account = await invite(parts, organisation, "a@example.jp")
    token = await sign_in(parts, account)
    await provisioning.remove_account(parts, account, AT)
    assert await load_session(token, AT) is None
    assert [left.mail for left in await Account.all()] == ["b@example.jp"]
    assert not await TokenFamily.exists()
    assert (await Outbox.get(kind=BACKCHANNEL_LOGOUT)).payload["sub"] == account.public_id
    assert woken.times == 3
    with pytest.raises(UserError):
        await provisioning.remove_account(parts, account, AT)


async def test_a_suspended_organisation_is_signed_out_and_comes_back(
    parts: Parts, organisation: Organisation, woken: Woken
) -> None:
    people = [await invite(parts, organisation, f"{n}@example.jp") for n in range(3)]
    other = await organisations.create_organisation("yamate", "やまて図書館", AT)
    stranger = await invite(parts, other, "s@example.jp")
    tokens = [await sign_in(parts, person) for person in people]
    theirs = await sign_in(parts, stranger)
    woken.times = 0
    await organisations.suspend_organisation(parts, "minato", AT)
    assert [await load_session(token, AT) for token in tokens] == [None] * 3
    assert await load_session(theirs, AT) is not None
    assert await Outbox.filter(kind=BACKCHANNEL_LOGOUT).count() == 3
    assert woken.times == 1
    with pytest.raises(UserError) as caught:
        await invite(parts, organisation, "new@example.jp")
    assert caught.value.message == provisioning.SUSPENDED
    # Whoever signs in meanwhile all the same has a session that nobody reads.
    token = await sign_in(parts, people[0])
    assert await load_session(token, AT) is None
    await organisations.suspend_organisation(parts, "minato", AT + timedelta(hours=1))
    assert (await Organisation.get(public_id="minato")).suspended_at == AT
    await organisations.resume_organisation(parts, "minato")
    assert (await Organisation.get(public_id="minato")).suspended_at is None
    await invite(parts, organisation, "new@example.jp")


async def test_public_ids_are_taken_once(parts: Parts, organisation: Organisation) -> None:
    with pytest.raises(UserError) as caught:
        await organisations.create_organisation("minato", "別の街", AT)
    assert caught.value.message == organisations.PUBLIC_ID_TAKEN
    await organisations.rename_organisation("minato", "新みなと")
    await organisations.rename_organisation("nobody", "だれか")
    assert [row.name for row in await Organisation.all()] == ["新みなと"]
    with pytest.raises(UserError):
        await organisations.suspend_organisation(parts, "nobody", AT)


@pytest.mark.parametrize(
    "mail",
    ["", "a", "@example.jp", "a@", "a@b@example.jp", "a b@example.jp", "a@example.jp\nBcc: x@y",
     "a@example.jp,b@example.jp", "<a@example.jp>", "山田@example.jp", "a" * 250 + "@example.jp"],
)  # fmt: skip
def test_mail_addresses_that_are_none(mail: str) -> None:
    with pytest.raises(UserError):
        provisioning.check_mail(mail)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\u202eb"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UserError):
        provisioning.check_name(name)


async def test_a_language_is_one_of_ours(parts: Parts, organisation: Organisation) -> None:
    newcomer = Newcomer("a@example.jp", "花子", Role.ADMIN, "fr")
    with pytest.raises(UserError):
        await provisioning.invite_account(parts, organisation, newcomer, AT)
