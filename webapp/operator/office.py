"""Where the operator's actions work: settings, the provider's parts, and who has it done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request

from webapp.access import member_of
from webapp.audit import log as audit
from webapp.audit.actions import Action
from webapp.audit.log import COMMAND, Actor, actor_of
from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.http import services_of
from webapp.i18n import N_
from webapp.identity.parts import Parts, build_parts
from webapp.models import Organisation
from webapp.settings import Settings

FOREIGN_PROVIDER = N_(
    "アカウントは外部のIDプロバイダー（%(issuer)s）で管理しています。そちらで操作してください。"
)
NO_ORGANISATION = N_("その組織はありません。")


@dataclass(frozen=True, slots=True)
class Office:
    """What an action needs beside its arguments and the time."""

    settings: Settings
    parts: Parts
    actor: Actor = COMMAND

    @property
    def has_accounts(self) -> bool:
        """Whether the accounts are in our own provider."""
        return self.settings.has_own_identity

    @property
    def can_mail(self) -> bool:
        """Whether the mails that accounts need have a way out."""
        return bool(self.settings.mail_url)

    def need_accounts(self) -> None:
        """Raise ``UserError`` when the accounts are at another provider."""
        if not self.has_accounts:
            raise UserError(FOREIGN_PROVIDER, issuer=self.settings.issuer)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Both databases at once: what fails before the end leaves nothing in either.

        The provider's part ends first, and at once after it the app's. Whoever empties the
        provider's outbox is woken after both.
        """
        if not self.has_accounts:
            async with transaction():
                yield
            return
        async with transaction(), transaction(IDENTITY):
            yield
        self.parts.wake()

    async def record(
        self, organisation: Organisation, action: Action, at: datetime, **details: Any
    ) -> None:
        """Add to the audit log of the organisation; inside the transaction that does it."""
        await audit.write(organisation.id, self.actor, action, at, **details)


def open_office(settings: Settings, parts: Parts | None = None, actor: Actor = COMMAND) -> Office:
    """The office of this process; ``parts`` are the running provider's, which can be woken."""
    return Office(settings, parts or build_parts(settings), actor)


def office_of(request: Request) -> Office:
    """The office of the member who asks for a page."""
    settings = services_of(request).settings
    parts: Parts | None = getattr(request.app.state, "parts", None)
    return open_office(settings, parts, actor_of(request, member_of(request)))


async def find_organisation(public_id: str) -> Organisation:
    """The organisation in the app; ``UserError`` when there is none."""
    organisation = await Organisation.get_or_none(public_id=public_id)
    if organisation is None:
        raise UserError(NO_ORGANISATION, field="organisation")
    return organisation
