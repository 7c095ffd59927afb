"""The members of the app who sign in by the provider: the first sign-in makes one.

Every function here runs inside a transaction of its caller.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tortoise.expressions import Q

from webapp.audit.actions import Action
from webapp.audit.log import Actor, write
from webapp.models import Member, Organisation, Role
from webapp.signin.claims import Person
from webapp.signin.refusals import Refusal, SignInRefused

LONGEST_ISSUER = 100  # in the audit log
MOST_MEMBERS = 100  # of an organisation (SPEC P)


async def arrive(person: Person) -> Member:
    """The member that this person is, brought up to date; ``SignInRefused`` says why not.

    The lock on the organisation's row lets those who arrive at once in one after another.
    """
    organisation = await (
        Organisation.filter(public_id=person.organisation)
        .select_for_update(no_key=True)
        .get_or_none()
        if person.organisation
        else _nothing()
    )
    if organisation is None:
        raise SignInRefused(Refusal.NO_ORGANISATION)
    if organisation.suspended_at is not None:
        raise SignInRefused(Refusal.SUSPENDED)
    member = await Member.get_or_none(issuer=person.issuer, subject=person.subject)
    if member is None:
        member = await _by_mail(organisation, person) or await _newcomer(organisation, person)
    if member.organisation_id != organisation.id:
        raise SignInRefused(Refusal.MOVED)
    member.organisation = organisation
    await bring_up_to_date(member, person)
    return member


async def bring_up_to_date(member: Member, person: Person) -> None:
    """Take over name, mail and role as the provider tells them; the language is the app's own."""
    fresh: dict[str, Any] = {"name": person.name, "role": role_of(person, member.organisation)}
    if person.mail != member.mail and await _may_have_mail(member.organisation, person, member):
        fresh["mail"] = person.mail
    changed = {name: value for name, value in fresh.items() if getattr(member, name) != value}
    if changed:
        member.update_from_dict(changed)
        await Member.filter(id=member.id).update(**changed)


def role_of(person: Person, organisation: Organisation) -> Role:
    """The role; operators are of the organisations that run the installation alone."""
    if person.is_operator and organisation.is_operator:
        return Role.OPERATOR
    if person.is_admin:
        return Role.ADMIN
    if person.is_operator:
        raise SignInRefused(Refusal.NO_OPERATOR)
    return Role.GENERAL


async def _nothing() -> None:
    """No organisation was named."""


async def _by_mail(organisation: Organisation, person: Person) -> Member | None:
    """A member who has never signed in by this provider, when the mail is surely this person's.

    They were invited, or came by an earlier provider: ours at another address, or another one
    altogether. There is one provider at a time, so that nobody comes by the earlier one any
    more, and the present one is believed in mails, organisations and roles as it is: it could
    name anybody anyway. Nobody who came by the present one is ever taken for somebody else.
    """
    if not (person.mail and person.mail_verified):
        return None
    member = (
        await Member.filter(organisation=organisation, mail__iexact=person.mail)
        .filter(Q(subject=None) | ~Q(issuer=person.issuer))
        .order_by("id")
        .first()
    )
    if member is None:
        return None
    before = member.issuer
    member.issuer, member.subject = person.issuer, person.subject
    await member.save(update_fields=["issuer", "subject"])
    if before is not None:
        await _tell_of_the_new_provider(member, before)
    return member


async def _tell_of_the_new_provider(member: Member, before: str) -> None:
    await write(
        member.organisation_id,
        Actor(member.public_id, member.name, is_operator=member.role is Role.OPERATOR),
        Action.PROVIDER_CHANGED,
        datetime.now(UTC),
        target=member.public_id,
        target_name=member.name,
        changed={"issuer": [before[:LONGEST_ISSUER], (member.issuer or "")[:LONGEST_ISSUER]]},
    )


async def _newcomer(organisation: Organisation, person: Person) -> Member:
    if not person.mail:
        raise SignInRefused(Refusal.NO_MAIL)
    if await Member.filter(organisation=organisation).count() >= MOST_MEMBERS:
        raise SignInRefused(Refusal.FULL)
    if not await _may_have_mail(organisation, person):
        raise SignInRefused(Refusal.MAIL_TAKEN)
    return await Member.create(
        organisation=organisation,
        name=person.name,
        mail=person.mail,
        role=role_of(person, organisation),
        language=person.language,
        issuer=person.issuer,
        subject=person.subject,
    )


async def _may_have_mail(
    organisation: Organisation, person: Person, member: Member | None = None
) -> bool:
    """Whether the address is free, or was given up by the one who had it.

    The same provider says that it is surely this person's now: whoever had it before has
    another one, which the next sign-in tells, or none at all. That member keeps everything
    else, and nothing of it passes to the newcomer.
    """
    others = Member.filter(organisation=organisation, mail__iexact=person.mail)
    holder = await (others.exclude(id=member.id) if member else others).first()
    if holder is None:
        return bool(person.mail)
    if not person.mail_verified or holder.issuer != person.issuer:
        return False
    holder.mail = f"{holder.public_id}@moved.invalid"
    await holder.save(update_fields=["mail"])
    return True
