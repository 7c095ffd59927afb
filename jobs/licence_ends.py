"""Telling admins by mail, 14 days ahead, what a licence's end will stop (L2)."""

from __future__ import annotations

from datetime import datetime

from webapp import outbox
from webapp.database import transaction
from webapp.i18n import Locale
from webapp.licences.notices import coming_for_admins
from webapp.licences.standing import standing_of
from webapp.mail.letters import Letter
from webapp.models import Member, Organisation, Role
from webapp.services import Services

EVENT = "licence_ends"


async def tell(services: Services, at: datetime) -> int:
    """Write one mail to each admin of an organisation with news; how many there were.

    What was told stands in the organisation's row, changed by whoever is first, in the
    transaction of the mails: nothing is told twice. An end that is put off is news again.
    """
    written = 0
    for organisation in await Organisation.filter(is_licensed=True, suspended_at=None):
        written += await _tell(services, organisation, at)
    return written


async def _tell(services: Services, organisation: Organisation, at: datetime) -> int:
    standing = await standing_of(organisation, at)
    before = organisation.licence_told
    news = coming_for_admins(standing, before.splitlines())
    if not news:
        return 0
    # What is past or was put off is forgotten, so that the column stays short.
    marks = list(coming_for_admins(standing, ()))
    async with transaction() as db:
        ours = Organisation.filter(id=organisation.id, licence_told=before).using_db(db)
        if not await ours.update(licence_told="\n".join(marks)):
            return 0
        admins = await Member.filter(organisation_id=organisation.id, role=Role.ADMIN).using_db(db)
        for admin in admins:
            language = admin.language or organisation.language
            locale = Locale(language)
            values = {
                "name": admin.name,
                "organisation": organisation.name,
                "notices": [notice.text(locale) for notice in news.values()],
                "url": f"{services.settings.origin}/licences",
            }
            key = f"{EVENT}:{admin.public_id}:{'|'.join(news)}"[:120]
            letter = Letter(EVENT, admin.mail, language, values)
            await outbox.write_letter(organisation.id, letter, services.sealer, key, at, db)
    return len(admins)
