"""Members are made, linked and kept up to date: also when many arrive at once (TRUST 23)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from webapp.database import transaction
from webapp.models import AuditEntry, Member, Organisation, Role
from webapp.settings import Settings
from webapp.signin.claims import Person
from webapp.signin.members import MOST_MEMBERS, arrive
from webapp.signin.refusals import Refusal, SignInRefused

ALICE = Person(
    issuer="https://sso.test",
    subject="alice",
    name="Alice",
    mail="alice@nigiwai.test",
    mail_verified=True,
    language="en",
    organisation="minato",
    is_admin=True,
    is_operator=False,
)


@pytest.fixture
async def minato(any_database: Settings) -> Organisation:
    return await Organisation.create(public_id="minato", name="みなと商店街")


def somebody(number: int) -> Person:
    return replace(ALICE, subject=f"s{number}", mail=f"m{number}@nigiwai.test")


async def let_in(person: Person) -> Member | Refusal:
    try:
        async with transaction():
            return await arrive(person)
    except SignInRefused as refused:
        return refused.refusal


async def test_twenty_first_sign_ins_at_once_make_one_member(minato: Organisation) -> None:
    found = await asyncio.gather(*(let_in(ALICE) for _ in range(20)))
    assert len({member.id for member in found if isinstance(member, Member)}) == 1
    assert not [refusal for refusal in found if isinstance(refusal, Refusal)]
    assert await Member.all().count() == 1


async def test_twenty_first_sign_ins_at_once_link_one_invitation(minato: Organisation) -> None:
    invited = await Member.create(organisation=minato, name="?", mail="Alice@nigiwai.test")
    found = await asyncio.gather(*(let_in(ALICE) for _ in range(20)))
    assert {member.id for member in found if isinstance(member, Member)} == {invited.id}
    assert await Member.all().count() == 1


async def test_account_101_is_refused_however_many_arrive_at_once(minato: Organisation) -> None:
    await Member.bulk_create(
        Member(organisation=minato, name="x", mail=f"x{number}@nigiwai.test")
        for number in range(MOST_MEMBERS - 3)
    )
    found = await asyncio.gather(*(let_in(somebody(number)) for number in range(20)))
    assert sum(isinstance(member, Member) for member in found) == 3
    assert [refusal for refusal in found if refusal is Refusal.FULL] == [Refusal.FULL] * 17
    assert await Member.filter(organisation=minato).count() == MOST_MEMBERS == 100
    arrived = next(member for member in found if isinstance(member, Member))
    again = replace(ALICE, subject=arrived.subject or "", mail=arrived.mail)
    assert isinstance(await let_in(again), Member), "whoever is in may come again"


async def test_name_mail_and_role_follow_the_provider_and_the_language_does_not(
    minato: Organisation,
) -> None:
    await let_in(ALICE)
    changed = replace(ALICE, name="Alicia", mail="new@nigiwai.test", is_admin=False, language="ja")
    await let_in(changed)
    member = await Member.get()
    assert (member.name, member.mail, member.role) == ("Alicia", "new@nigiwai.test", Role.GENERAL)
    assert member.language == "en"
    await let_in(replace(changed, mail=""))
    assert (await Member.get()).mail == "new@nigiwai.test", "an address is not lost"


async def test_a_mail_that_was_given_up_passes_to_the_next_without_anything_else(
    minato: Organisation,
) -> None:
    before = await let_in(ALICE)
    after = await let_in(replace(ALICE, subject="another", is_admin=False))
    assert isinstance(before, Member)
    assert isinstance(after, Member)
    assert before.id != after.id
    assert (after.mail, after.role) == ("alice@nigiwai.test", Role.GENERAL)
    old = await Member.get(id=before.id)
    assert old.mail.endswith("@moved.invalid")
    assert (old.subject, old.role) == ("alice", Role.ADMIN)


async def test_a_provider_at_another_address_keeps_its_members(minato: Organisation) -> None:
    """An installation that moves to another name or provider locks nobody out."""
    before = await let_in(ALICE)
    moved = replace(ALICE, issuer="https://id.example.jp", subject="another")
    found = await asyncio.gather(*(let_in(moved) for _ in range(5)))
    assert isinstance(before, Member)
    assert {member.id for member in found if isinstance(member, Member)} == {before.id}
    member = await Member.get()
    assert (member.issuer, member.subject) == ("https://id.example.jp", "another")
    entry = await AuditEntry.get()
    assert (entry.action, entry.actor) == ("provider_changed", member.public_id)
    assert entry.details["changed"] == {"issuer": ["https://sso.test", "https://id.example.jp"]}


async def test_a_member_of_an_earlier_provider_stays_in_their_organisation(
    minato: Organisation,
) -> None:
    await let_in(ALICE)
    await Organisation.create(public_id="yamate", name="やまて図書館")
    elsewhere = replace(ALICE, issuer="https://id.example.jp", organisation="yamate")
    assert isinstance(await let_in(elsewhere), Member)
    assert (await Member.get(organisation=minato)).issuer == "https://sso.test"
    assert await Member.all().count() == 2


async def test_an_unverified_mail_is_not_taken(minato: Organisation) -> None:
    await let_in(ALICE)
    for person in (
        replace(ALICE, subject="mallory", mail_verified=False),
        replace(ALICE, issuer="https://other.test", mail_verified=False),
    ):
        assert await let_in(person) is Refusal.MAIL_TAKEN
    bob = replace(ALICE, subject="bob", mail="bob@nigiwai.test")
    await let_in(bob)
    await let_in(replace(bob, mail=ALICE.mail, mail_verified=False))
    assert (await Member.get(subject="bob")).mail == "bob@nigiwai.test"
    assert (await Member.get(subject="alice")).mail == "alice@nigiwai.test"


@pytest.mark.parametrize(
    ("is_admin", "is_operator", "of_operators", "expected"),
    [
        (False, False, False, Role.GENERAL),
        (True, False, False, Role.ADMIN),
        (True, True, False, Role.ADMIN),
        (False, True, False, Refusal.NO_OPERATOR),
        (False, True, True, Role.OPERATOR),
        (True, True, True, Role.OPERATOR),
    ],
)
async def test_operators_are_of_operating_organisations_alone(
    database: Settings,
    is_admin: bool,
    is_operator: bool,
    of_operators: bool,
    expected: Role | Refusal,
) -> None:
    await Organisation.create(public_id="minato", name="x", is_operator=of_operators)
    found = await let_in(replace(ALICE, is_admin=is_admin, is_operator=is_operator))
    assert (found.role if isinstance(found, Member) else found) is expected
