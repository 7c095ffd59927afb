"""Twenty admins at once: account 101, oneself and the last admin, on both databases (TRUST 23)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.identity.people import letters, make_account, parts_on
from webapp.errors import UserError
from webapp.identity import provisioning
from webapp.identity.browser import Visitor
from webapp.identity.models import Account, Event, OneTimeLink, Organisation, Outbox, Role, Session
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.person import Details, Newcomer
from webapp.identity.provisioning import By, NoAdmin
from webapp.identity.sessions import start_session
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
HERE = Visitor("203.0.113.7", "Firefox / Linux")
GENERAL = Details("花子", Role.GENERAL, "ja")


@pytest.fixture
def parts(any_database: Settings, passwords: Passwords) -> Parts:
    return parts_on(any_database, passwords)


async def admins_of(parts: Parts, organisation: Organisation, how_many: int = 20) -> list[Account]:
    made = [await make_account(parts, organisation, f"A{n}", password="") for n in range(how_many)]
    return [await Account.get(id=one.id).select_related("organisation") for one in made]


def by(account: Account) -> By:
    return By(account, HERE)


def refusals(results: list[Any]) -> list[BaseException]:
    found = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(error, UserError | NoAdmin) for error in found), found
    return found


async def test_account_101_is_refused(parts: Parts, organisation: Organisation) -> None:
    admins = await admins_of(parts, organisation)
    await Account.bulk_create(
        [Account(organisation=organisation, name="x", mail=f"{n}@example.jp") for n in range(75)]
    )
    results = await asyncio.gather(
        *(
            provisioning.invite_account(
                parts,
                organisation,
                Newcomer(f"new{n}@example.jp", "花子", Role.GENERAL),
                AT,
                by(admin),
            )
            for n, admin in enumerate(admins)
        ),
        return_exceptions=True,
    )
    assert len(refusals(results)) == 15
    assert {str(error) for error in refusals(results)} == {"アカウントは1つの組織に100個までです。"}
    assert await Account.all().count() == 100
    assert len(await letters(parts)) == await OneTimeLink.all().count() == 5
    assert await Event.filter(kind=provisioning.MEMBER_ADDED).count() == 5


async def test_one_address_is_taken_once(parts: Parts, organisation: Organisation) -> None:
    [admin] = await admins_of(parts, organisation, 1)
    newcomer = Newcomer("new@example.jp", "花子", Role.GENERAL)
    results = await asyncio.gather(
        *(
            provisioning.invite_account(parts, organisation, newcomer, AT, by(admin))
            for _ in range(20)
        ),
        return_exceptions=True,
    )
    assert len(refusals(results)) == 19
    assert len(await letters(parts)) == 1


async def test_twenty_admins_who_delete_each_other_leave_one(
    parts: Parts, organisation: Organisation
) -> None:
    """Each deletes the next: whoever is gone deletes nobody any more."""
    admins = await admins_of(parts, organisation)
    results = await asyncio.gather(
        *(
            provisioning.remove_accounts(
                parts, organisation, [admins[(n + 1) % 20].public_id], AT, by(admin)
            )
            for n, admin in enumerate(admins)
        ),
        return_exceptions=True,
    )
    left = await Account.filter(role=Role.ADMIN).count()
    assert 1 <= left < 20
    gone = [result[0].id for result in results if isinstance(result, list) and result]
    assert len(gone) == len(set(gone)) == 20 - left
    assert len(refusals(results)) == 20 - len([r for r in results if isinstance(r, list)])
    assert len(await letters(parts)) == 20 - left, "one letter for each who is gone"


async def test_twenty_admins_who_delete_all_the_others_leave_the_first(
    parts: Parts, organisation: Organisation
) -> None:
    admins = await admins_of(parts, organisation)
    everybody = {admin.public_id for admin in admins}
    results = await asyncio.gather(
        *(
            provisioning.remove_accounts(
                parts, organisation, everybody - {admin.public_id}, AT, by(admin)
            )
            for admin in admins
        ),
        return_exceptions=True,
    )
    assert await Account.all().count() == 1
    assert len(refusals(results)) == 19
    assert all(isinstance(error, NoAdmin) for error in refusals(results))


@pytest.mark.parametrize("turn", range(5))
async def test_two_admins_who_delete_each_other_leave_one(
    parts: Parts, organisation: Organisation, turn: int
) -> None:
    first, second = await admins_of(parts, organisation, 2)
    results = await asyncio.gather(
        provisioning.remove_accounts(parts, organisation, [second.public_id], AT, by(first)),
        provisioning.remove_accounts(parts, organisation, [first.public_id], AT, by(second)),
        return_exceptions=True,
    )
    assert await Account.all().count() == 1
    [refused] = refusals(results)
    assert isinstance(refused, NoAdmin)


async def test_deleting_and_demoting_each_other_leaves_an_admin(
    parts: Parts, organisation: Organisation
) -> None:
    admins = await admins_of(parts, organisation)

    async def attack(n: int) -> Any:
        admin, victim = admins[n], admins[(n + 1) % 20]
        if n % 2:
            return await provisioning.change_account(parts, victim, GENERAL, AT, by(admin))
        return await provisioning.remove_accounts(
            parts, organisation, [victim.public_id], AT, by(admin)
        )

    results = await asyncio.gather(*(attack(n) for n in range(20)), return_exceptions=True)
    assert await Account.filter(role=Role.ADMIN).count() >= 1
    refusals(results)


async def test_the_operator_and_an_admin_at_once_leave_an_admin(
    parts: Parts, organisation: Organisation
) -> None:
    """The operator's commands pass by no admin: the last one is kept for them too."""
    admins = await admins_of(parts, organisation)

    async def attack(n: int) -> Any:
        if n % 2:
            return await provisioning.set_role(parts, admins[n], Role.GENERAL, AT)
        return await provisioning.remove_account(parts, admins[n], AT)

    results = await asyncio.gather(*(attack(n) for n in range(20)), return_exceptions=True)
    assert await Account.filter(role=Role.ADMIN).count() == 1
    [refused] = refusals(results)
    assert str(refused) in {provisioning.LAST_ADMIN, provisioning.LAST_ONE}


async def test_nobody_deletes_oneself(parts: Parts, organisation: Organisation) -> None:
    admins = await admins_of(parts, organisation)
    everybody = [admin.public_id for admin in admins]
    results = await asyncio.gather(
        *(
            provisioning.remove_accounts(parts, organisation, everybody, AT, by(admin))
            for admin in admins
        ),
        return_exceptions=True,
    )
    assert {str(error) for error in refusals(results)} == {provisioning.ONESELF}
    assert await Account.all().count() == 20, "all of them or none"
    assert not await Outbox.exists()


async def test_nobody_changes_their_own_role(parts: Parts, organisation: Organisation) -> None:
    admin, _ = await admins_of(parts, organisation, 2)
    with pytest.raises(UserError) as caught:
        await provisioning.change_account(parts, admin, GENERAL, AT, by(admin))
    assert caught.value.message == provisioning.OWN_ROLE
    renamed = Details("新しい名前", Role.ADMIN, "en")
    await provisioning.change_account(parts, admin, renamed, AT, by(admin))
    changed = await Account.get(id=admin.id)
    assert (changed.name, changed.role, changed.language) == ("新しい名前", Role.ADMIN, "en")


async def test_an_admin_of_yesterday_does_nothing(parts: Parts, organisation: Organisation) -> None:
    """Demoted, of another organisation, or suspended since the page was opened."""
    admin, victim = await admins_of(parts, organisation, 2)
    other = await Organisation.create(name="やまて図書館")
    outsider = await make_account(parts, other, "Outsider", password="")

    async def all_refused(actor: Account) -> None:
        person = Newcomer("new@example.jp", "花子", Role.GENERAL)
        for deed in (
            provisioning.invite_account(parts, organisation, person, AT, by(actor)),
            provisioning.resend_invitation(parts, victim, AT, by(actor)),
            provisioning.change_account(parts, victim, GENERAL, AT, by(actor)),
            provisioning.remove_accounts(parts, organisation, [victim.public_id], AT, by(actor)),
        ):
            with pytest.raises(NoAdmin):
                await deed
        assert not await Outbox.exists()
        assert not await Event.exists()

    await all_refused(outsider)
    await provisioning.set_role(parts, admin, Role.GENERAL, AT)
    await all_refused(admin)
    await Account.filter(id=admin.id).update(role=Role.ADMIN)
    await Organisation.filter(id=organisation.id).update(suspended_at=AT)
    await all_refused(admin)


async def test_strangers_among_the_ticks_are_not_there(
    parts: Parts, organisation: Organisation
) -> None:
    admin, victim = await admins_of(parts, organisation, 2)
    other = await Organisation.create(name="やまて図書館")
    stranger = await make_account(parts, other, "Charlie", password="")
    gone = await provisioning.remove_accounts(
        parts, organisation, [victim.public_id, stranger.public_id, "nobody", ""], AT, by(admin)
    )
    assert [account.id for account in gone] == [victim.id]
    assert await Account.exists(id=stranger.id)
    again = await provisioning.remove_accounts(
        parts, organisation, [stranger.public_id], AT, by(admin)
    )
    assert again == []
    assert len(await letters(parts)) == 1


async def test_a_deletion_is_told_to_the_person_and_kept_with_the_admin(
    parts: Parts, organisation: Organisation
) -> None:
    admin, victim = await admins_of(parts, organisation, 2)
    await Account.filter(id=victim.id).update(language="en")
    await start_session(victim, parts.settings, AT)
    await provisioning.resend_invitation(parts, victim, AT)
    await provisioning.remove_accounts(parts, organisation, [victim.public_id], AT, by(admin))
    letter = (await letters(parts))[-1]
    assert (letter.event, letter.to, letter.language) == ("account_deleted", victim.mail, "en")
    assert letter.values == {"name": "A1", "organisation": "みなと商店街"}
    event = await Event.get(kind=provisioning.MEMBER_REMOVED)
    assert (event.account_id, event.at, event.address) == (admin.id, AT, "203.0.113.7")
    assert event.details == {"target": victim.public_id, "name": "A1"}
    assert not await Session.exists()
    assert not await OneTimeLink.exists()


async def test_a_suspended_organisation_may_lose_its_last_admin(
    parts: Parts, organisation: Organisation
) -> None:
    [admin] = await admins_of(parts, organisation, 1)
    with pytest.raises(UserError) as caught:
        await provisioning.remove_account(parts, admin, AT)
    assert caught.value.message == provisioning.LAST_ONE
    await Organisation.filter(id=organisation.id).update(suspended_at=AT)
    await provisioning.remove_account(parts, admin, AT)
    assert not await Account.exists()


async def test_the_last_operator_stays(parts: Parts) -> None:
    office = await Organisation.create(name="事業者", is_operator=True)
    first = await make_account(parts, office, "Olivia", password="", role=Role.OPERATOR)
    second = await make_account(parts, office, "Oscar", password="", role=Role.OPERATOR)
    results = await asyncio.gather(
        *(
            provisioning.remove_accounts(parts, office, [account.public_id], AT)
            for account in (first, second)
        ),
        return_exceptions=True,
    )
    [refused] = refusals(results)
    assert str(refused) == provisioning.LAST_ONE
    assert await Account.all().count() == 1


async def test_an_invitation_that_is_sent_twenty_times_is_good_once(
    parts: Parts, organisation: Organisation
) -> None:
    admins = await admins_of(parts, organisation)
    invited = await make_account(parts, organisation, "New", password="")
    invited = await Account.get(id=invited.id).select_related("organisation")
    results = await asyncio.gather(
        *(provisioning.resend_invitation(parts, invited, AT, by(admin)) for admin in admins)
    )
    assert len(results) == 20
    link = await OneTimeLink.get()
    assert link.expires_at == AT + timedelta(hours=72)


async def test_only_what_changed_is_written_down(parts: Parts, organisation: Organisation) -> None:
    admin, other = await admins_of(parts, organisation, 2)
    same = Details(other.name, other.role, other.language)
    await provisioning.change_account(parts, other, same, AT, by(admin))
    assert not await Event.exists()
    await start_session(other, parts.settings, AT)
    named = Details("新しい名前", other.role, other.language, phone="03-1234-5678")
    await provisioning.change_account(parts, other, named, AT, by(admin))
    assert (await Event.get()).details["changed"] == ["name", "phone"]
    assert await Session.exists(), "a new name signs nobody out"
    await provisioning.change_account(parts, other, GENERAL, AT, by(admin))
    assert (await Event.all().order_by("-id").first()).details["changed"] == [  # type: ignore[union-attr]
        "name",
        "phone",
        "role",
    ]
    assert not await Session.exists(), "a new role does"
    assert not await Outbox.filter(kind=BACKCHANNEL_LOGOUT).exists(), "no application knew them"
