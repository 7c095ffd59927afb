"""営業時間: the rules, the month that they make, and what is shown out of hours (S4, S5).

A camera's page and a group's are one: a group's is filled with the hours of its default camera
and saved for all of its cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import camera_of, group_of
from webapp.cameras.sight import closed_picture_url
from webapp.domain.hours import MOST_RULES, Hours, Source
from webapp.domain.notice_pictures import MAX_BYTES
from webapp.errors import TemporaryFailure, UserError
from webapp.form_fields import text_field
from webapp.hours import forms, wording
from webapp.hours.calendar import Month, month_of, neighbours, read_month
from webapp.hours.forms import HoursForm, form_of, hours_of_cards, read_form
from webapp.hours.opening import kept_hours
from webapp.hours.pictures import FIELD as PICTURE
from webapp.hours.pictures import read_picture
from webapp.hours.saving import Wanted, save_hours, version_of_hours
from webapp.http import form_of as posted
from webapp.http import locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.models import Camera, CameraGroup, CameraGroupMember
from webapp.versions import ChangedMeanwhile

RANK_TITLES = {
    Source.BASIC: N_("基本営業時間"),
    Source.SPECIAL: N_("特別営業時間"),
    Source.CLOSED: N_("特別休業日"),
}
RANK_HINTS = {
    Source.BASIC: N_("曜日と時間を設定します。祝日は「祝」を選んだ設定だけが使われます。"),
    Source.SPECIAL: N_("指定した日は、基本営業時間のかわりにこの時間だけ営業します。"),
    Source.CLOSED: N_("指定した日は、ほかの設定にかかわらず終日休業します。"),
}
CLOSED, ALL_DAY = N_("休"), N_("終日")
NO_CAMERAS = N_("コピー先のカメラを選んでください。")


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whose hours are edited: ``cameras`` are all that they are saved for, the first shown."""

    path: str
    cameras: Sequence[Camera]
    group: CameraGroup | None = None

    @property
    def shown(self) -> Camera:
        return self.cameras[0]


async def hours_page(request: Request) -> Response:
    """Show a camera's hours and the month that they make."""
    subject = await _camera(request)
    return await _page(request, subject, _kept_form(subject))


async def save(request: Request) -> Response:
    """Keep a camera's hours."""
    return await _save(request, await _camera(request))


async def draft(request: Request) -> Response:
    """Show what unsaved hours would make of the month; nothing is saved."""
    return await _draft(request, await _camera(request))


async def copy(request: Request) -> Response:
    """Give other cameras the hours that this one has saved."""
    subject = await _camera(request)
    form = await posted(request, max_fields=1000)
    chosen = {value for value in form.getlist("to") if isinstance(value, str)}
    others = [camera for camera in await _others(subject) if camera.public_id in chosen]
    if not others:
        return await _page(
            request, subject, _kept_form(subject), copy_problem=NO_CAMERAS, status=422
        )
    camera = subject.shown
    await save_hours(request, others, Wanted(camera.has_hours, kept_hours(camera)), None)
    return redirect(subject.path, done="hours_copied")


async def group_page(request: Request) -> Response:
    """営業時間一括設定: the default camera's hours, to be saved for all cameras of a group."""
    subject = await _group(request)
    if subject is None:
        return await _no_cameras(request)
    return await _page(request, subject, _kept_form(subject))


async def group_save(request: Request) -> Response:
    """Keep these hours for every camera of the group."""
    subject = await _group(request)
    if subject is None:
        await posted(request, max_fields=forms.MOST_FIELDS)
        raise HTTPException(404)
    return await _save(request, subject)


async def group_draft(request: Request) -> Response:
    """Show what unsaved hours would make of the month."""
    subject = await _group(request)
    if subject is None:
        await posted(request, max_fields=forms.MOST_FIELDS)
        raise HTTPException(404)
    return await _draft(request, subject)


async def _camera(request: Request) -> _Subject:
    camera = await camera_of(request)
    return _Subject(f"/cameras/{camera.public_id}/hours", (camera,))


async def _group(request: Request) -> _Subject | None:
    """The group with its cameras, the default one first; None when it has no camera."""
    group = await group_of(request)
    rows = (
        await CameraGroupMember.filter(group_id=group.id)
        .order_by("position", "id")
        .select_related("camera__latest")
    )
    cameras = [row.camera for row in rows]
    cameras.sort(key=lambda camera: camera.id != group.default_camera_id)
    if not cameras:
        return None
    return _Subject(f"/groups/{group.public_id}/hours", cameras, group)


async def _no_cameras(request: Request) -> Response:
    return page(request, "hours/none.html", group=await group_of(request))


async def _save(request: Request, subject: _Subject) -> Response:
    form = await posted(request, max_fields=forms.MOST_FIELDS)
    entered = read_form(form)
    picture = None
    try:
        picture = await read_picture(form)
    except UserError as error:
        entered.errors[PICTURE] = error
    await form.close()
    if entered.is_wrong or entered.hours is None:
        return await _page(request, subject, entered, form, status=422)
    wanted = Wanted(entered.has_hours, entered.hours, picture, entered.removes_picture)
    try:
        await save_hours(request, subject.cameras, wanted, entered.version)
    except ChangedMeanwhile as meanwhile:
        # Shown with what was entered beside what is kept; saving once more is done knowingly.
        kept = {camera.id: camera for camera in meanwhile.row}
        cameras = [kept.get(camera.id, camera) for camera in subject.cameras]
        now = _Subject(subject.path, cameras, subject.group)
        entered.version = version_of_hours(cameras)
        return await _page(request, now, entered, form, has_news=True, status=409)
    except TemporaryFailure:
        entered.errors[PICTURE] = UserError(words.NOT_NOW, field=PICTURE)
        return await _page(request, subject, entered, form, status=503)
    return redirect(subject.path, done="hours_saved")


async def _draft(request: Request, subject: _Subject) -> Response:
    form = await posted(request, max_fields=forms.MOST_FIELDS)
    await form.close()  # a picture is chosen again when it is saved
    entered = read_form(form)
    if request.headers.get("hx-request"):
        values = _calendars(request, subject, entered, text_field(form, "month"))
        return page(request, "hours/_calendars.html", path=subject.path, form=entered, **values)
    # Without script a button adds or removes a card, or turns the page; nothing is wrong yet.
    wrong = entered.is_wrong
    entered.errors.clear()
    for card in entered.cards:
        card.errors.clear()
    added = text_field(form, "add")
    if added in set(Source) and len(entered.cards) < MOST_RULES:
        entered.add(Source(added))
    removed = text_field(form, "remove")
    entered.cards = [card for card in entered.cards if str(card.number) != removed]
    if not wrong:
        entered.hours = hours_of_cards(entered.cards)
    return await _page(request, subject, entered, form, is_unsaved=True)


def _kept_form(subject: _Subject) -> HoursForm:
    camera = subject.shown
    return form_of(camera.has_hours, kept_hours(camera), version_of_hours(subject.cameras))


async def _others(subject: _Subject) -> list[Camera]:
    """The organisation's other cameras, to which hours can be copied."""
    if subject.group is not None:
        return []
    camera = subject.shown
    return (
        await Camera.filter(organisation_id=camera.organisation_id)
        .exclude(id=camera.id)
        .order_by("name", "id")
    )


async def _page(
    request: Request,
    subject: _Subject,
    form: HoursForm,
    sent: FormData | None = None,
    *,
    has_news: bool = False,
    is_unsaved: bool = False,
    copy_problem: str = "",
    status: int = 200,
) -> Response:
    locale = locale_of(request)
    asked = text_field(sent, "month") if sent else request.query_params.get("month", "")
    camera = subject.shown
    values: dict[str, Any] = {
        "path": subject.path,
        "camera": camera,
        "group": subject.group,
        "members": subject.cameras,
        "form": form,
        "has_news": has_news,
        "is_unsaved": is_unsaved or has_news or form.is_wrong,
        "rank_titles": RANK_TITLES,
        "rank_hints": RANK_HINTS,
        "repeats": wording.REPEATS,
        "weeks": wording.WEEKS,
        "day_names": wording.day_names(locale.language),
        "weekday_names": wording.day_names(locale.language, "wide"),
        "month_names": wording.month_names(locale.language),
        "blanks": {rank: forms.blank(rank, 0) for rank in forms.RANKS},
        "closed_picture": closed_picture_url(
            camera, services_of(request).settings, datetime.now(UTC)
        ),
        "max_bytes": MAX_BYTES,
        "others": await _others(subject),
        "copy_problem": copy_problem,
        **_calendars(request, subject, form, asked),
    }
    return page(request, "hours/page.html", status, **values)


def _calendars(request: Request, subject: _Subject, form: HoursForm, asked: str) -> dict[str, Any]:
    locale, now = locale_of(request), datetime.now(UTC)
    first = read_month(asked, now, locale.time_zone)
    camera = subject.shown
    before, after = neighbours(first, now, locale.time_zone)
    return {
        "saved": _month(request, kept_hours(camera) if camera.has_hours else None, first, now),
        "preview": None
        if form.hours is None
        else _month(request, form.hours if form.has_hours else None, first, now),
        "first": first,
        "month_before": before,
        "month_after": after,
        "summaries": [
            (card.number, wording.rule_in_words(card.rule, locale)) for card in form.cards
        ],
        "week_names": wording.day_names(locale.language),
    }


def _month(request: Request, hours: Hours | None, first: date, now: datetime) -> Month:
    locale = locale_of(request)
    return month_of(hours, first, locale, now, locale.gettext(CLOSED), locale.gettext(ALL_DAY))
