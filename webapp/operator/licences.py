"""Giving licences (L4): every change has a day from which it holds, and stays in the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.audit.actions import Action
from webapp.audit.log import changed
from webapp.domain.licences import Terms, local_day, terms_on
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.licences.standing import Standing, as_changes, changes_of, settle, standing_of
from webapp.models import LicenceChange, Organisation
from webapp.operator.office import Office, find_organisation

MOST_CAMERAS = 100_000
MOST_PACKS = 10_000
LAST_YEAR = 2999

NOT_OPERATORS = N_("事業者の組織にライセンスはありません。")
CAMERAS_WRONG = N_("カメラライセンス数は0から%(most)sまでの整数か、空欄（無制限）にしてください。")
PACKS_WRONG = N_("APIライセンス数は0から%(most)sまでの整数にしてください。")
DAY_WRONG = N_("日付は2026-04-01のように入力してください。")
IN_THE_PAST = N_("適用開始日は今日（%(today)s）以降にしてください。")
ENDS_BEFORE = N_("有効期限は適用開始日（%(begins)s）以降にしてください。")
UNLIMITED_ENDS = N_("無制限のときは有効期限を空欄にしてください。")
NO_CHANGE = N_("その変更予定はありません。")
BEGUN = N_("すでに適用されている変更は取り消せません。新しい変更を登録してください。")

# In a command or a form: what has no number and no end.
UNLIMITED, MONTHLY = "unlimited", "monthly"


async def show_licence(_office: Office, at: datetime, *, organisation: str) -> dict[str, Any]:
    """What is in force today, what is used of it, and every change."""
    found = await find_organisation(organisation)
    return await _shown(found, at)


async def set_licence(
    office: Office,
    at: datetime,
    *,
    organisation: str,
    cameras: str | None = None,
    cameras_until: str | None = None,
    packs: str | None = None,
    packs_until: str | None = None,
    effective_on: str = "",
) -> dict[str, Any]:
    """Add a change that holds from ``effective_on`` (empty: today, by their calendar) on.

    What is None stays as it is on that day. ``cameras`` may be "unlimited", an end "monthly".
    Raises ``UserError`` with the field that makes no sense.
    """
    found = await find_organisation(organisation)
    if found.is_operator:
        raise UserError(NOT_OPERATORS, field="cameras")
    async with office.transaction():
        found = await Organisation.select_for_update().get(id=found.id)
        today = local_day(at, ZoneInfo(found.time_zone))
        begins = _day(effective_on, "effective_on") or today
        if begins < today:
            raise UserError(IN_THE_PAST, field="effective_on", today=today.isoformat())
        before = terms_on(as_changes(await changes_of(found)), begins)
        terms = _read(before, cameras, cameras_until, packs, packs_until)
        _check(terms, begins)
        await LicenceChange.create(
            organisation=found,
            effective_on=begins,
            cameras=terms.cameras,
            cameras_until=terms.cameras_until,
            packs=terms.packs,
            packs_until=terms.packs_until,
            made_at=at,
            made_by=office.actor.name[:100],
        )
        await Organisation.filter(id=found.id).update(is_licensed=True)
        differs = changed(_told(before), _told(terms))
        differs["effective_on"] = ["", begins.isoformat()]
        await office.record(found, Action.LICENCE_CHANGED, at, **_target(found), changed=differs)
    await settle(at)
    return await _shown(await find_organisation(organisation), at)


async def revoke_licence(
    office: Office, at: datetime, *, organisation: str, change: str
) -> dict[str, Any]:
    """Take back a change that has not begun. It stays in the history as revoked."""
    found = await find_organisation(organisation)
    async with office.transaction():
        row = await LicenceChange.get_or_none(
            organisation_id=found.id, public_id=change, revoked_at=None
        )
        if row is None:
            raise UserError(NO_CHANGE, field="change")
        if row.effective_on <= local_day(at, ZoneInfo(found.time_zone)):
            raise UserError(BEGUN, field="change")
        await LicenceChange.filter(id=row.id, revoked_at=None).update(revoked_at=at)
        changes = {"effective_on": [row.effective_on.isoformat(), ""]}
        await office.record(found, Action.LICENCE_REVOKED, at, **_target(found), changed=changes)
    await settle(at)
    return await _shown(found, at)


async def history_of(organisation: Organisation) -> list[LicenceChange]:
    """Every change that was ever made, the newest first."""
    rows = LicenceChange.filter(organisation_id=organisation.id)
    return await rows.order_by("-effective_on", "-id")


async def _shown(organisation: Organisation, at: datetime) -> dict[str, Any]:
    standing = await standing_of(organisation, at)
    return {
        "organisation": organisation.public_id,
        "name": organisation.name,
        "day": standing.day.isoformat(),
        **_told(standing.terms),
        "used": len(standing.cameras),
        "stopped": [[camera.public_id, camera.name] for camera in standing.stopped],
        "calls": standing.calls,
        "calls_left": standing.left,
        "history": [_row(row, standing) for row in await history_of(organisation)],
    }


def _row(row: LicenceChange, standing: Standing) -> dict[str, Any]:
    terms = Terms(row.cameras, row.cameras_until, row.packs, row.packs_until)
    return {
        "change": row.public_id,
        "effective_on": row.effective_on.isoformat(),
        **_told(terms),
        "made_at": row.made_at.isoformat(),
        "made_by": row.made_by,
        "revoked": row.revoked_at is not None,
        "begun": row.effective_on <= standing.day,
    }


def _told(terms: Terms) -> dict[str, Any]:
    """Terms as JSON can hold them; None where there is no number or no end."""
    return {
        "camera_licences": terms.cameras,
        "cameras_until": terms.cameras_until and terms.cameras_until.isoformat(),
        "packs": terms.packs,
        "packs_until": terms.packs_until and terms.packs_until.isoformat(),
    }


def _read(
    before: Terms,
    cameras: str | None,
    cameras_until: str | None,
    packs: str | None,
    packs_until: str | None,
) -> Terms:
    terms = before
    if cameras is not None:
        number = None
        if cameras.strip() not in {"", UNLIMITED}:
            number = _number(cameras, MOST_CAMERAS, "cameras", CAMERAS_WRONG)
        terms = replace(terms, cameras=number)
    if cameras_until is not None:
        terms = replace(terms, cameras_until=_day(cameras_until, "cameras_until"))
    elif terms.cameras is None:
        terms = replace(terms, cameras_until=None)
    if packs is not None:
        terms = replace(terms, packs=_number(packs or "0", MOST_PACKS, "packs", PACKS_WRONG))
    if packs_until is not None:
        terms = replace(terms, packs_until=_day(packs_until, "packs_until"))
    return terms


def _check(terms: Terms, begins: date) -> None:
    if terms.cameras is None and terms.cameras_until is not None:
        raise UserError(UNLIMITED_ENDS, field="cameras_until")
    for field in ("cameras_until", "packs_until"):
        until = getattr(terms, field)
        if until is not None and until < begins:
            raise UserError(ENDS_BEFORE, field=field, begins=begins.isoformat())


def _number(text: str, most: int, field: str, message: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most):
        raise UserError(message, field=field, most=f"{most:,}")
    return int(text)


def _day(text: str, field: str) -> date | None:
    """A day, None for none. Years that calendars and databases agree on."""
    text = text.strip()
    if text in {"", MONTHLY}:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UserError(DAY_WRONG, field=field) from None
    if not 2000 <= day.year <= LAST_YEAR:
        raise UserError(DAY_WRONG, field=field)
    return day


def _target(organisation: Organisation) -> dict[str, str]:
    return {"target": organisation.public_id, "target_name": organisation.name}
