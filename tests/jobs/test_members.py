"""Whoever left an organisation by the Group Manager is none of its members any more (I8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs import members, outages
from tests.jobs.conftest import World, make_cameras
from webapp.database import transaction
from webapp.domain.health import CameraState
from webapp.identity import provisioning
from webapp.identity.browser import Visitor
from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Role as AccountRole
from webapp.identity.parts import Parts, build_parts
from webapp.identity.provisioning import By
from webapp.mail.letters import unseal
from webapp.models import Latest, Member, Organisation, Outbox, Role
from webapp.settings import Settings
from webapp.signin.claims import Person
from webapp.signin.members import MOST_MEMBERS, arrive

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def parts(any_database: Settings) -> Parts:
    return build_parts(any_database)


async def organisation(public_id: str = "minato") -> tuple[Organisation, IdentityOrganisation]:
    """An organisation in both databases."""
    values = {"public_id": public_id, "name": "みなと商店街"}
    return await Organisation.create(**values), await IdentityOrganisation.create(**values)


async def account(owner: IdentityOrganisation, name: str, role: str = "admin") -> Account:
    return await Account.create(
        organisation=owner,
        name=name,
        mail=f"{name}@nigiwai.test",
        role=AccountRole(role),
        password_hash="x",
    )


async def come_in(settings: Settings, one: Account, owner: Organisation) -> Member:
    """The first sign-in of an account."""
    person = Person(
        issuer=settings.issuer,
        subject=one.public_id,
        name=one.name,
        mail=one.mail,
        mail_verified=True,
        language="ja",
        organisation=owner.public_id,
        is_admin=one.role is AccountRole.ADMIN,
        is_operator=False,
    )
    async with transaction():
        return await arrive(person)


async def test_whoever_was_deleted_by_an_admin_is_no_member_any_more(
    any_database: Settings, parts: Parts
) -> None:
    owner, tenant = await organisation()
    stays, goes = await account(tenant, "hanako"), await account(tenant, "jiro")
    for one in (stays, goes):
        await come_in(any_database, one, owner)
    assert await members.settle(any_database) == 0
    by = By(stays, Visitor("203.0.113.7", "Chrome"))
    await provisioning.remove_accounts(parts, tenant, [goes.public_id], AT, by)
    assert await members.settle(any_database) == 1
    assert [member.name for member in await Member.all()] == ["hanako"]
    assert await members.settle(any_database) == 0


async def test_a_role_that_an_admin_took_or_gave_counts_before_the_next_sign_in(
    any_database: Settings, parts: Parts
) -> None:
    owner, tenant = await organisation()
    demoted, promoted = await account(tenant, "a"), await account(tenant, "b", "general")
    for one in (demoted, promoted):
        await come_in(any_database, one, owner)
    await provisioning.set_role(parts, promoted, AccountRole.ADMIN, AT)
    await provisioning.set_role(parts, demoted, AccountRole.GENERAL, AT)
    assert await members.settle(any_database) == 2
    found = dict(await Member.all().values_list("name", "role"))
    assert found == {"a": Role.GENERAL, "b": Role.ADMIN}


async def test_those_whom_the_provider_cannot_know_stay(any_database: Settings) -> None:
    owner, _ = await organisation()
    older = await Organisation.create(public_id="older", name="provider came later")
    for number, (of, issuer, subject) in enumerate(
        [
            (owner, None, None),
            (owner, "https://sso.test", "somebody"),
            (older, any_database.issuer, "unknown"),
        ]
    ):
        await Member.create(
            organisation=of,
            name="x",
            mail=f"{number}@nigiwai.test",
            issuer=issuer,
            subject=subject,
        )
    assert await members.settle(any_database) == 0
    foreign = any_database.model_copy(update={"oidc_issuer": "https://sso.test"})
    assert await members.settle(foreign) == 0
    assert await Member.all().count() == 3


async def test_a_hundred_who_left_take_no_place(any_database: Settings) -> None:
    owner, _ = await organisation()
    await Member.bulk_create(
        Member(
            organisation=owner,
            name="x",
            mail=f"x{number}@nigiwai.test",
            issuer=any_database.issuer,
            subject=f"gone{number}",
        )
        for number in range(MOST_MEMBERS)
    )
    tenant = await IdentityOrganisation.get(public_id=owner.public_id)
    newcomer = await account(tenant, "hanako")
    assert await members.settle(any_database) == MOST_MEMBERS
    await come_in(any_database, newcomer, owner)
    assert await Member.all().count() == 1


async def test_an_admin_who_left_gets_no_letters_any_more(world: World) -> None:
    settings = world.services.settings
    camera = (await make_cameras(world.services, 1))[0]
    owner = await Organisation.get()
    tenant = await IdentityOrganisation.create(public_id=owner.public_id, name=owner.name)
    stays, goes = await account(tenant, "hanako"), await account(tenant, "jiro")
    for one in (stays, goes):
        await come_in(settings, one, owner)
    await provisioning.remove_account(build_parts(settings), goes, AT)
    await members.settle(settings)
    await Latest.filter(camera_id=camera.id).update(
        state=CameraState.UNREACHABLE, since=AT, failures=3, detail="connect", good_at=AT
    )
    await outages.tell(world.services, AT)
    await outages.tell(world.services, AT + timedelta(minutes=10))
    rows = await Outbox.all()
    letters = [unseal(row.payload, world.services.sealer) for row in rows]
    assert [letter.to for letter in letters] == ["hanako@nigiwai.test"]
