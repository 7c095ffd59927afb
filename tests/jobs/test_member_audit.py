"""What admins do in the Group Manager stands in the audit log of the app (I8)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs import member_audit, members
from jobs.identity_keeper import IdentityKeeper
from tests.jobs.test_members import account, come_in, organisation
from webapp.audit.words import changes_of
from webapp.i18n import Locale
from webapp.identity import provisioning
from webapp.identity.browser import Visitor
from webapp.identity.models import Account, Outbox
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Role as AccountRole
from webapp.identity.outbox import MEMBERS_TOLD
from webapp.identity.parts import Parts, build_parts
from webapp.identity.person import Details, Newcomer
from webapp.identity.provisioning import By
from webapp.models import AuditEntry
from webapp.settings import Settings

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def parts(any_database: Settings) -> Parts:
    return build_parts(any_database)


async def entries() -> list[dict[str, Any]]:
    names = ("at", "actor_name", "action", "target_name", "details", "address")
    return await AuditEntry.all().order_by("at", "id").values(*names)


async def test_each_deed_is_told_once_with_who_whom_when_and_from_where(
    any_database: Settings, parts: Parts
) -> None:
    owner, tenant = await organisation()
    hanako = await account(tenant, "hanako")
    member = await come_in(any_database, hanako, owner)
    by = By(hanako, Visitor("203.0.113.7", "Chrome"))
    newcomer = Newcomer("jiro@nigiwai.test", "次郎", AccountRole.GENERAL, "ja")
    jiro = await provisioning.invite_account(parts, tenant, newcomer, AT, by)
    jiro = await Account.get(id=jiro.id).select_related("organisation")
    await provisioning.resend_invitation(parts, jiro, AT + timedelta(minutes=1), by)
    await provisioning.reset_second_factor(parts, jiro, AT + timedelta(minutes=2), by)
    admin = Details("次郎", AccountRole.ADMIN, "ja")
    await provisioning.change_account(parts, jiro, admin, AT + timedelta(minutes=3), by)
    general = Details("次郎", AccountRole.GENERAL, "ja", phone="03-0000-0000")
    await provisioning.change_account(parts, jiro, general, AT + timedelta(minutes=4), by)
    later = AT + timedelta(minutes=5)
    await provisioning.remove_accounts(parts, tenant, [jiro.public_id], later, by)

    assert await member_audit.take_over(any_database, later) == 6
    found = await entries()
    assert [one["action"] for one in found] == [
        "member_invited",
        "invitation_resent",
        "factor_reset",
        "role_changed",
        "member_changed",
        "member_removed",
    ]
    assert [one["at"] for one in found] == [AT + timedelta(minutes=n) for n in range(6)]
    assert {one["actor_name"] for one in found} == {"hanako"}
    assert {one["target_name"] for one in found} == {"次郎"}
    assert {one["address"] for one in found} == {"203.0.113.7"}
    assert {one.actor for one in await AuditEntry.all()} == {member.public_id}
    assert found[3]["details"] == {"changed": {"role": ["general", "admin"]}}
    assert found[4]["details"] == {"changed": {"phone": None, "role": ["admin", "general"]}}
    entry = await AuditEntry.get(action="member_changed")
    words = {(one.field, one.before, one.after) for one in changes_of(entry, Locale("ja"))}
    assert words == {("電話番号", None, None), ("役割", "管理ユーザ", "一般ユーザ")}

    assert await member_audit.take_over(any_database, later) == 0
    assert await Outbox.filter(kind=MEMBERS_TOLD, done_at=None).count() == 0
    assert "次郎" not in str(await Outbox.filter(kind=MEMBERS_TOLD).values_list("payload"))


async def test_a_worker_killed_before_it_said_done_tells_it_no_second_time(
    any_database: Settings, parts: Parts
) -> None:
    owner, tenant = await organisation()
    hanako, jiro = await account(tenant, "hanako"), await account(tenant, "jiro")
    by = By(hanako, Visitor("203.0.113.7", "Chrome"))
    await provisioning.remove_accounts(parts, tenant, [jiro.public_id], AT, by)
    [row] = await Outbox.filter(kind=MEMBERS_TOLD)
    assert await member_audit.take_over(any_database, AT) == 1
    await Outbox.filter(id=row.id).update(done_at=None, payload=row.payload)
    assert await asyncio.gather(*(member_audit.take_over(any_database, AT) for _ in range(4))) == [
        0,
        0,
        0,
        0,
    ]
    assert await AuditEntry.filter(organisation=owner).count() == 1
    # Hanako never signed in to the app: her account stands for her.
    assert (await AuditEntry.get()).actor == hanako.public_id


async def test_many_workers_tell_it_once(any_database: Settings, parts: Parts) -> None:
    _, tenant = await organisation()
    hanako = await account(tenant, "hanako")
    by = By(hanako, Visitor("203.0.113.7", "Chrome"))
    leaving = [(await account(tenant, f"x{n}", "general")).public_id for n in range(5)]
    await provisioning.remove_accounts(parts, tenant, leaving, AT, by)
    counts = await asyncio.gather(*(member_audit.take_over(any_database, AT) for _ in range(4)))
    assert sum(counts) == 5
    assert await AuditEntry.filter(target__in=leaving).count() == 5


async def test_the_provider_keeps_it_for_the_app_and_an_unknown_organisation_hinders_nobody(
    any_database: Settings, parts: Parts
) -> None:
    _, tenant = await organisation()
    now = datetime.now(UTC)
    elsewhere = await IdentityOrganisation.create(public_id="elsewhere", name="よそ")
    for where in (elsewhere, tenant):
        admin, goes = await account(where, f"a{where.id}"), await account(where, f"b{where.id}")
        by = By(admin, Visitor("203.0.113.7", "Chrome"))
        await provisioning.remove_accounts(parts, where, [goes.public_id], now, by)
    keeper = IdentityKeeper(parts, asyncio.Event())
    others = Outbox.exclude(kind=MEMBERS_TOLD)
    task = asyncio.create_task(keeper.run())
    async with asyncio.timeout(30):
        while await others.filter(claim="").exists():  # noqa: ASYNC110 - it lies in the database
            await asyncio.sleep(0.05)
    keeper.stop.set()
    await task
    assert await Outbox.filter(kind=MEMBERS_TOLD, claim="", attempts=0).count() == 2
    assert await member_audit.take_over(any_database, now) == 1
    assert await Outbox.filter(kind=MEMBERS_TOLD, done_at=None).count() == 0
    assert await members.settle(any_database) == 0
