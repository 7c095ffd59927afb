"""What the operator can have done, in both databases at once, and what is refused."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from webapp.audit.actions import Action
from webapp.database import close_database, open_database
from webapp.errors import NigiwaiError, UserError
from webapp.identity import provisioning
from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Outbox as IdentityOutbox
from webapp.identity.models import Role as AccountRole
from webapp.models import AuditEntry, Camera, Member, Organisation, Role, Session
from webapp.operator import actions, emergency, login_links, members, organisations
from webapp.operator.office import FOREIGN_PROVIDER, NO_ORGANISATION, Office, open_office
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def office(any_database: Settings) -> Office:
    return open_office(any_database)


async def make(office: Office, mail: str = "Admin@Example.JP") -> dict[str, Any]:
    return await organisations.create_organisation(
        office, AT, name=" 駅前商店街 ", admin_mail=mail, admin_name="花子"
    )


async def add(office: Office, organisation: str, mail: str, role: str = "general") -> Any:
    return await members.invite_member(
        office, AT, organisation=organisation, mail=mail, name="太郎", role=role
    )


async def settle(office: Office, mail: str) -> Member:
    """The member that the first sign-in of this account makes, signed in."""
    account = await provisioning.find_account(mail)
    member = await Member.create(
        organisation=await Organisation.get(public_id=account.organisation.public_id),
        name=account.name,
        mail=account.mail,
        role=Role(account.role.value),
        issuer=office.settings.issuer,
        subject=account.public_id,
    )
    await Session.create(
        organisation_id=member.organisation_id,
        member=member,
        token_hash=member.public_id,
        csrf_token="c",
        expires_at=AT,
    )
    return member


async def deeds() -> list[str]:
    return [entry.action for entry in await AuditEntry.all().order_by("id")]


async def test_an_organisation_is_in_both_databases_with_its_admin(office: Office) -> None:
    made = await make(office)
    assert made["name"] == "駅前商店街"
    core = await Organisation.get()
    assert core.public_id == made["organisation"]
    account = await Account.get().select_related("organisation")
    assert account.organisation.public_id == made["organisation"]
    assert (account.mail, account.role) == ("admin@example.jp", AccountRole.ADMIN)
    assert await IdentityOutbox.all().count() == 1
    await Camera.create(organisation=core, name="北口", connector="file", source="")
    listed = await organisations.list_organisations(office, AT)
    assert made.pop("mailed") is office.can_mail
    assert listed == [{**made, "members": 1, "cameras": 1}]
    assert json.loads(json.dumps(listed)) == listed
    entry = await AuditEntry.get()
    assert (entry.action, entry.actor, entry.target) == (
        Action.ORGANISATION_CREATED,
        "",
        core.public_id,
    )


async def test_neither_database_has_it_when_one_refuses(office: Office) -> None:
    await make(office, "a@example.jp")
    for mail in ("A@example.jp", "nonsense"):
        with pytest.raises(UserError):
            await make(office, mail)
    for name in ("admin_mail", "admin_name"):
        values = {"admin_mail": "b@example.jp", "admin_name": "花子", name: " "}
        with pytest.raises(UserError) as caught:
            await organisations.create_organisation(office, AT, name="駅前", **values)
        assert caught.value.field == name
    assert await Organisation.all().count() == 1
    assert await IdentityOrganisation.all().count() == 1
    assert await Account.all().count() == 1
    assert await deeds() == ["organisation_created"]


async def test_members(office: Office) -> None:
    made = await make(office)
    public_id = made["organisation"]
    await add(office, public_id, "b@example.jp")
    listed = await members.list_members(office, AT, organisation=public_id)
    assert [member["role"] for member in listed] == ["admin", "general"]
    assert all(member["invited_until"] > AT.isoformat() for member in listed)
    assert json.loads(json.dumps(listed)) == listed
    for organisation, mail, role, message in (
        (public_id, "B@example.jp", "general", provisioning.MAIL_TAKEN),
        ("nobody", "c@example.jp", "general", NO_ORGANISATION),
        (public_id, "c@example.jp", "owner", provisioning.ROLE_WRONG),
        (public_id, "c@example.jp", "operator", provisioning.ROLE_WRONG),
    ):
        with pytest.raises(UserError) as caught:
            await add(office, organisation, mail, role)
        assert caught.value.message == message
    assert await Account.all().count() == 2
    assert await deeds() == ["organisation_created", "member_invited"]


async def test_a_changed_role_holds_in_the_app_at_once(office: Office) -> None:
    made = await make(office)
    await add(office, made["organisation"], "b@example.jp")
    member = await settle(office, "b@example.jp")
    await members.change_role(office, AT, mail="B@example.jp", role="admin")
    assert (await Member.get(id=member.id)).role is Role.ADMIN
    assert not await Session.exists()
    entry = await AuditEntry.get(action=Action.ROLE_CHANGED)
    assert entry.details["changed"] == {"role": ["general", "admin"]}
    await members.change_role(office, AT, mail="b@example.jp", role="general")
    with pytest.raises(UserError) as caught:
        await members.change_role(office, AT, mail="admin@example.jp", role="general")
    assert caught.value.message == provisioning.LAST_ADMIN
    assert await AuditEntry.filter(action=Action.ROLE_CHANGED).count() == 2


async def test_a_removed_member_is_gone_from_both(office: Office) -> None:
    made = await make(office)
    await add(office, made["organisation"], "b@example.jp")
    await settle(office, "b@example.jp")
    await members.remove_member(office, AT, mail="b@example.jp")
    assert not await Member.exists()
    assert not await Session.exists()
    assert [account.mail for account in await Account.all()] == ["admin@example.jp"]
    entry = await AuditEntry.get(action=Action.MEMBER_REMOVED)
    assert entry.target_name == "太郎"


async def test_an_invited_person_lives_in_the_organisations_zone(office: Office) -> None:
    made = await make(office)
    await Organisation.filter(public_id=made["organisation"]).update(time_zone="Europe/London")
    await add(office, made["organisation"], "b@example.jp")
    assert (await Account.get(mail="b@example.jp")).time_zone == "Europe/London"


async def test_an_invitation_is_sent_again(office: Office) -> None:
    await make(office)
    await members.resend_invitation(office, AT, mail="admin@example.jp")
    assert await IdentityOutbox.all().count() == 2
    assert await deeds() == ["organisation_created", "invitation_resent"]
    with pytest.raises(UserError):
        await members.resend_invitation(office, AT, mail="nobody@example.jp")


async def test_a_suspended_organisation_is_signed_out_on_both_sides(office: Office) -> None:
    made = await make(office)
    public_id = made["organisation"]
    await settle(office, "admin@example.jp")
    for _ in range(2):
        shown = await organisations.suspend_organisation(office, AT, organisation=public_id)
        assert shown["suspended"]
    assert (await Organisation.get()).suspended_at == AT
    assert (await IdentityOrganisation.get()).suspended_at == AT
    assert not await Session.exists()
    for _ in range(2):
        shown = await organisations.resume_organisation(office, AT, organisation=public_id)
        assert not shown["suspended"]
    assert (await Organisation.get()).suspended_at is None
    assert (await IdentityOrganisation.get()).suspended_at is None
    assert await deeds() == [
        "organisation_created",
        "organisation_suspended",
        "organisation_resumed",
    ]


async def test_operators_have_one_organisation_of_their_own(office: Office) -> None:
    invitations = [
        members.invite_operator(office, AT, mail=f"{n}@example.jp", name="事業 次郎")
        for n in range(8)
    ]
    results = await asyncio.gather(*invitations)
    assert {result["role"] for result in results} == {"operator"}
    core, at_provider = await Organisation.get(), await IdentityOrganisation.get()
    assert core.is_operator
    assert at_provider.is_operator
    assert core.public_id == at_provider.public_id == organisations.OPERATORS
    assert await Account.filter(role=AccountRole.OPERATOR).count() == 8
    assert (await deeds()).count("organisation_created") == 1
    with pytest.raises(UserError) as caught:
        await organisations.suspend_organisation(office, AT, organisation=core.public_id)
    assert caught.value.message == organisations.NOT_OPERATORS


async def test_a_link_makes_the_member_whom_the_first_sign_in_would_make(office: Office) -> None:
    with pytest.raises(UserError) as caught:
        await emergency.create_login_link(office, AT)
    assert caught.value.message == emergency.NO_MEMBER
    first = await make(office)
    link = await emergency.create_login_link(office, AT)
    assert link["minutes"] == office.settings.login_link_minutes
    member = await login_links.redeem(link["url"].rpartition("/")[2], AT)
    assert member is not None
    account = await Account.get()
    assert (member.mail, member.role) == ("admin@example.jp", Role.ADMIN)
    assert (member.issuer, member.subject) == (office.settings.issuer, account.public_id)
    await emergency.create_login_link(office, AT, organisation=first["organisation"])
    assert await Member.all().count() == 1
    assert (await deeds()).count("login_link_made") == 2
    await organisations.suspend_organisation(office, AT, organisation=first["organisation"])
    with pytest.raises(UserError) as caught:
        await emergency.create_login_link(office, AT)
    assert caught.value.message == emergency.SUSPENDED


async def test_the_link_is_for_whom_it_was_asked(office: Office) -> None:
    first = await Organisation.create(name="一")
    second = await Organisation.create(name="二")
    for owner in (first, second):
        await Member.create(organisation=owner, name="花", mail="a@b.jp", role=Role.ADMIN)
    await Member.create(organisation=second, name="太", mail="b@b.jp")

    async def member_of(**arguments: Any) -> Member:
        link = await emergency.create_login_link(office, AT, **arguments)
        member = await login_links.redeem(link["url"].rpartition("/")[2], AT)
        assert member is not None
        return member

    assert (await member_of()).organisation_id == first.id
    assert (await member_of(organisation=second.public_id)).organisation_id == second.id
    assert (await member_of(mail=" B@b.jp")).role is Role.GENERAL
    with pytest.raises(UserError) as caught:
        await member_of(mail="a@b.jp")
    assert caught.value.message == emergency.SEVERAL
    found = await member_of(mail="a@b.jp", organisation=second.public_id)
    assert found.organisation_id == second.id


@pytest.fixture
async def abroad(any_database: Settings) -> Office:
    """An installation whose people sign in elsewhere: only its own tables are open."""
    await close_database()
    settings = any_database.model_copy(update={"oidc_issuer": "https://id.example"})
    await open_database(settings)
    return open_office(settings)


async def test_with_another_provider_only_the_app_s_part_is_made(abroad: Office) -> None:
    made = await organisations.create_organisation(abroad, AT, name="駅前")
    assert made["claim"] == "organisation"
    public_id = made["organisation"]
    owner = await Organisation.get(public_id=public_id)
    await Member.create(organisation=owner, name="花", mail="a@b.jp", role=Role.ADMIN)
    [listed] = await organisations.list_organisations(abroad, AT)
    assert (listed["members"], listed["suspended"]) == (1, False)
    [person] = await members.list_members(abroad, AT, organisation=public_id)
    assert person["mail"] == "a@b.jp"
    assert (await organisations.suspend_organisation(abroad, AT, organisation=public_id))[
        "suspended"
    ]
    await organisations.resume_organisation(abroad, AT, organisation=public_id)
    assert (await emergency.create_login_link(abroad, AT))["mail"] == "a@b.jp"


async def test_with_another_provider_accounts_are_made_there(abroad: Office) -> None:
    made = await organisations.create_organisation(abroad, AT, name="駅前")
    handlers = actions.handlers(abroad.settings)
    person = {"mail": "a@b.jp", "name": "花"}
    for command, arguments in (
        ("org-create", {"name": "駅前", "admin_mail": "a@b.jp", "admin_name": "花"}),
        ("member-invite", {"organisation": made["organisation"], **person}),
        ("member-remove", {"mail": "a@b.jp"}),
        ("operator-invite", person),
        ("client-list", {}),
        ("keys-rotate", {}),
    ):
        with pytest.raises(NigiwaiError, match=r"https://id\.example"):
            await handlers[command](**arguments)
    with pytest.raises(UserError) as caught:
        abroad.need_accounts()
    assert caught.value.message == FOREIGN_PROVIDER
    assert await Organisation.all().count() == 1


async def test_applications_and_keys(office: Office) -> None:
    handlers = actions.handlers(office.settings)
    made = await handlers["client-add"](
        name="Portal", redirect_uris=["https://portal.example/callback"]
    )
    assert len(made["secret"]) >= 32
    again = await handlers["client-secret"](client=made["client"])
    assert again["secret"] not in {"", made["secret"]}
    [listed] = await handlers["client-list"]()
    assert "secret" not in listed
    public = await handlers["client-add"](
        name="App", redirect_uris=["https://app.example/cb"], is_public=True
    )
    assert (public["secret"], public["is_public"]) == ("", True)
    await handlers["client-remove"](client=made["client"])
    with pytest.raises(NigiwaiError):
        await handlers["client-remove"](client=made["client"])
    with pytest.raises(NigiwaiError):
        await handlers["client-add"](name="Bad", redirect_uris=["javascript:alert(1)"])
    rotated = await handlers["keys-rotate"]()
    assert rotated["kid"]
    assert await deeds() == [
        "organisation_created",
        "client_added",
        "client_secret_made",
        "client_added",
        "client_removed",
        "keys_rotated",
    ]
    logged = json.dumps([entry.details for entry in await AuditEntry.all()])
    assert made["secret"] not in logged


async def test_handlers_check_their_arguments_and_speak_english(database: Settings) -> None:
    handlers = actions.handlers(database)
    assert await handlers["org-list"]() == []
    with pytest.raises(NigiwaiError, match="arguments"):
        await handlers["org-list"](surprise=1)
    with pytest.raises(NigiwaiError, match="arguments"):
        await handlers["member-invite"]()
    with pytest.raises(NigiwaiError) as caught:
        await handlers["org-suspend"](organisation="nobody")
    assert str(caught.value).isascii()


def test_every_action_says_what_it_does() -> None:
    assert all(action.__doc__ for action in actions.ACTIONS.values())
