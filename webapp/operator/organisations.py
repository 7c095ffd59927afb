"""Making organisations, in both databases at once, suspending and resuming them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.functions import Count

from webapp.audit.actions import Action
from webapp.database import transaction
from webapp.errors import UserError
from webapp.i18n import LANGUAGES, N_
from webapp.identity import organisations as tenants
from webapp.identity import provisioning
from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Role as AccountRole
from webapp.models import Camera, Member, Organisation, Session
from webapp.operator.office import Office, find_organisation

# The organisation of whoever runs the installation. There is one: its public id is unique.
OPERATORS = "operator"
OPERATORS_NAME = "事業者"

LANGUAGE_WRONG = N_("言語は ja か en を指定してください。")
NOT_OPERATORS = N_("事業者の組織は停止できません。")
NO_ADMIN = N_("最初の管理ユーザのメールアドレスと名前を入力してください。")


async def list_organisations(office: Office, _at: datetime) -> list[dict[str, Any]]:
    """Every organisation with the number of its people and cameras, oldest first."""
    organisations = await Organisation.all().order_by("id")
    counted = Camera.annotate(number=Count("id")).group_by("organisation_id")
    cameras = dict(await counted.values_list("organisation_id", "number"))
    people = await _people(office)
    return [
        {
            **shown(organisation),
            "members": people.get(organisation.public_id, 0),
            "cameras": cameras.get(organisation.id, 0),
        }
        for organisation in organisations
    ]


async def create_organisation(
    office: Office,
    at: datetime,
    *,
    name: str,
    admin_mail: str = "",
    admin_name: str = "",
    language: str = "ja",
) -> dict[str, Any]:
    """Make an organisation and invite its first admin, or do neither.

    With another provider only the app's part is made: the answer holds the public id that
    has to be in the provider's claim.
    """
    name = provisioning.check_name(name)
    if office.has_accounts and not (admin_mail.strip() and admin_name.strip()):
        raise UserError(NO_ADMIN, field="admin_name" if admin_mail.strip() else "admin_mail")
    if not office.has_accounts and (admin_mail or admin_name):
        office.need_accounts()
    if language not in LANGUAGES:
        raise UserError(LANGUAGE_WRONG, field="language")
    if office.has_accounts:
        admin_name = provisioning.check_name(admin_name, "admin_name")
    async with office.transaction():
        organisation = await Organisation.create(name=name, language=language, created_at=at)
        await office.record(organisation, Action.ORGANISATION_CREATED, at, **_target(organisation))
        if office.has_accounts:
            public_id = organisation.public_id
            at_provider = await tenants.create_organisation(public_id, name, at)
            admin = provisioning.Newcomer(admin_mail, admin_name, AccountRole.ADMIN, language)
            await provisioning.invite_account(office.parts, at_provider, admin, at)
    if office.has_accounts:
        return {**shown(organisation), "mailed": office.can_mail}
    return {**shown(organisation), "claim": office.settings.oidc_claim_organisation}


async def suspend_organisation(
    office: Office, at: datetime, *, organisation: str
) -> dict[str, Any]:
    """Stop an organisation: nobody signs in, everybody is signed out, no camera is asked."""
    found = await find_organisation(organisation)
    if found.is_operator:
        raise UserError(NOT_OPERATORS, field="organisation")
    async with office.transaction():
        if await Organisation.filter(id=found.id, suspended_at=None).update(suspended_at=at):
            await office.record(found, Action.ORGANISATION_SUSPENDED, at, **_target(found))
        await Session.filter(organisation_id=found.id).delete()
        if await is_at_provider(office, found):
            await tenants.suspend_organisation(office.parts, found.public_id, at)
    return shown(await find_organisation(organisation))


async def resume_organisation(office: Office, at: datetime, *, organisation: str) -> dict[str, Any]:
    """Let an organisation go on; its cameras are asked again from the next minute on."""
    found = await find_organisation(organisation)
    async with office.transaction():
        suspended = Organisation.filter(id=found.id, suspended_at__isnull=False)
        if await suspended.update(suspended_at=None):
            await office.record(found, Action.ORGANISATION_RESUMED, at, **_target(found))
        if await is_at_provider(office, found):
            await tenants.resume_organisation(office.parts, found.public_id)
    return shown(await find_organisation(organisation))


async def rename_at_provider(office: Office, organisation: Organisation) -> None:
    """Let our own provider call the organisation as it is called now."""
    if office.has_accounts:
        await tenants.rename_organisation(organisation.public_id, organisation.name)


async def operators(office: Office, at: datetime) -> Organisation:
    """The organisation of the operators, made in both databases when it is needed first."""
    found = await Organisation.get_or_none(public_id=OPERATORS)
    if found is None:
        found = await _create_operators(office, at)
    if office.has_accounts and not await is_at_provider(office, found):
        try:
            await tenants.create_organisation(OPERATORS, found.name, at, is_operator=True)
        except UserError:  # somebody else was quicker
            await tenants.find_organisation(OPERATORS)
    return found


async def is_at_provider(office: Office, organisation: Organisation) -> bool:
    """Whether our own provider knows the organisation, which may be older than the provider."""
    if not office.has_accounts:
        return False
    return await IdentityOrganisation.exists(public_id=organisation.public_id)


async def at_provider(organisation: Organisation) -> IdentityOrganisation:
    """The organisation at our own provider, made there when it is older than the provider.

    Inside a transaction of the office. The row in the app is held: whoever suspends or renames
    the organisation meanwhile waits, and then finds it at the provider.
    """
    current = await Organisation.select_for_update().get(id=organisation.id)
    found = await IdentityOrganisation.get_or_none(public_id=current.public_id)
    return found or await tenants.create_organisation(
        current.public_id,
        current.name,
        current.created_at,
        is_operator=current.is_operator,
        suspended_at=current.suspended_at,
    )


def shown(organisation: Organisation) -> dict[str, Any]:
    """An organisation as JSON can hold it."""
    return {
        "organisation": organisation.public_id,
        "name": organisation.name,
        "is_operator": organisation.is_operator,
        "suspended": organisation.suspended_at is not None,
        "created_at": organisation.created_at.isoformat(),
    }


async def _create_operators(office: Office, at: datetime) -> Organisation:
    try:
        async with transaction():
            made = await Organisation.create(
                public_id=OPERATORS, name=OPERATORS_NAME, is_operator=True, created_at=at
            )
            await office.record(made, Action.ORGANISATION_CREATED, at, **_target(made))
            return made
    except IntegrityError:  # somebody else was quicker
        return await Organisation.get(public_id=OPERATORS)


async def _people(office: Office) -> dict[str, int]:
    """How many people there are by the public id of their organisation."""
    model: type[Account] | type[Member] = Account if office.has_accounts else Member
    counted = model.annotate(number=Count("id")).group_by("organisation__public_id")
    return dict(await counted.values_list("organisation__public_id", "number"))


def _target(organisation: Organisation) -> dict[str, str]:
    return {"target": organisation.public_id, "target_name": organisation.name}
