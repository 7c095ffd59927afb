"""背景画像: a candidate by upload or from the camera, its blur, its registration, its removal."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import camera_of
from webapp.audit.actions import Action
from webapp.audit.log import changed, record, values_of
from webapp.backgrounds import builds
from webapp.backgrounds.candidates import (
    Registration,
    camera_size,
    changed_at,
    make_candidate,
    register_background,
    remove_background,
    shown_again,
    take_picture,
)
from webapp.backgrounds.drafts import drop_draft, open_draft
from webapp.backgrounds.forms import FIELDS, read_form, read_part
from webapp.backgrounds.in_force import daylight_of
from webapp.backgrounds.pages import path_of, show_page
from webapp.cameras.trial import TRIAL_FAILURES, problem_of
from webapp.database import transaction
from webapp.domain.pictures import MAX_BLUR, PictureRefused
from webapp.errors import TemporaryFailure
from webapp.form_fields import text_field
from webapp.http import form_of, redirect, services_of
from webapp.i18n import N_
from webapp.models import Camera
from webapp.versions import ChangedMeanwhile, locked, require, version_of_row

CHOOSE_A_FILE = N_("画像ファイルを選んでください。")
DRAFT_GONE = N_(
    "時間が経ったか、カメラの接続か回転が変わったため、選んだ画像を破棄しました。"
    "もう一度選ぶか、撮影してください。"
)
BLUR_RANGE = N_("ぼかし度は0から10までの数で指定してください。")
DECIDE = N_("人物をぼかして登録するか、このまま登録するかを選んでください。")
CONFIRM = N_("このまま登録するには、確認のチェックを入れてください。")

# What to do about whoever seems to stand in a candidate.
HIDE, KEEP = "hide", "keep"


async def background_page(request: Request) -> Response:
    """Show the background in force and how to get another."""
    return await show_page(request, await camera_of(request))


async def set_pattern(request: Request) -> Response:
    """Keep whether there is a picture for the night, and when it is day."""
    camera = await camera_of(request)
    form = await form_of(request)
    entered = read_form(form, daylight_of(camera))
    if entered.daylight is None:
        return await show_page(request, camera, pattern=entered, status=422)
    try:
        async with transaction() as connection:
            kept = await locked(Camera.filter(id=camera.id))
            require(version_of_row(kept, FIELDS), form, kept)
            before = values_of(kept, FIELDS)
            kept.has_night = entered.daylight.changes
            kept.day_starts, kept.day_ends = entered.daylight.starts, entered.daylight.ends
            await kept.save(update_fields=FIELDS)
            if not kept.has_night:
                await builds.night_ends(kept, datetime.now(UTC))
            if differs := changed(before, values_of(kept, FIELDS)):
                await changed_at(camera, datetime.now(UTC), connection)
                await _log(request, camera, Action.BACKGROUND_PATTERN_CHANGED, changed=differs)
    except ChangedMeanwhile as other:
        camera.has_night, camera.day_starts, camera.day_ends = (
            getattr(other.row, name) for name in FIELDS
        )
        return await show_page(request, camera, pattern=entered, is_changed=True, status=409)
    return redirect(f"/cameras/{camera.public_id}/background", done="background_pattern_saved")


async def upload(request: Request) -> Response:
    """Take an uploaded picture as a candidate."""
    camera = await camera_of(request)
    form = await form_of(request)
    file = form.get("picture")
    data = await file.read() if isinstance(file, UploadFile) and file.size else b""
    earlier, part = text_field(form, "draft"), read_part(text_field(form, "part"))
    await form.close()
    if not data:
        return await show_page(request, camera, part=part, problem=CHOOSE_A_FILE, field="picture")
    now = datetime.now(UTC)
    services = services_of(request)
    try:
        size = await camera_size(services, camera, now)
        candidate = await make_candidate(services, camera, data, size, now)
    except (PictureRefused, TemporaryFailure) as error:
        return await show_page(
            request, camera, part=part, problem=problem_of(error), field="picture"
        )
    await drop_draft(services.storage, camera, earlier)
    return await show_page(request, camera, candidate, part=part)


async def take(request: Request) -> Response:
    """Take the camera's current picture as a candidate."""
    camera = await camera_of(request)
    form = await form_of(request)
    part = read_part(text_field(form, "part"))
    now = datetime.now(UTC)
    services = services_of(request)
    try:
        data = await take_picture(services, camera, now)
        candidate = await make_candidate(services, camera, data, None, now, camera.rotation)
    except TRIAL_FAILURES as error:
        return await show_page(request, camera, part=part, problem=problem_of(error), field="take")
    await drop_draft(services.storage, camera, text_field(form, "draft"))
    return await show_page(request, camera, candidate, part=part)


async def register(request: Request) -> Response:
    """Register the candidate with its blur, once it is decided about whoever stands in it."""
    camera = await camera_of(request)
    form = await form_of(request)
    services = services_of(request)
    now = datetime.now(UTC)
    token, part = text_field(form, "draft"), read_part(text_field(form, "part"))
    draft = await open_draft(services.storage, camera, token, now)
    if draft is None:
        return await show_page(request, camera, part=part, problem=DRAFT_GONE)
    problem, field = _undecided(form, is_doubtful=draft.is_doubtful)
    if problem:
        candidate = await shown_again(services, draft, token)
        return await show_page(
            request, camera, candidate, part=part, problem=problem, field=field, form=form
        )
    how = Registration(
        part=part,
        blur=int(text_field(form, "blur") or "0"),
        hides_people=text_field(form, "people") == HIDE,
        forgets=text_field(form, "forgets") == "yes",
    )
    log = partial(_log, request, camera, Action.BACKGROUND_REGISTERED)
    try:
        await register_background(services, camera, draft, token, how, now, log)
    except ChangedMeanwhile:
        return await show_page(request, camera, part=part, problem=DRAFT_GONE)
    except TemporaryFailure:
        return await show_page(request, camera, part=part, problem=words.NOT_NOW)
    return redirect(f"/cameras/{camera.public_id}", done="background_registered")


async def remove(request: Request) -> Response:
    """Remove the background of a part, and all of before: without one there is no picture."""
    camera = await camera_of(request)
    part = read_part(text_field(await form_of(request), "part"))
    log = partial(_log, request, camera, Action.BACKGROUND_REMOVED)
    await remove_background(camera, part, datetime.now(UTC), log)
    return redirect(path_of(camera, part), done="background_removed")


def _undecided(form: FormData, *, is_doubtful: bool) -> tuple[str, str]:
    """What is still to be decided, and its field; nothing when all is."""
    if (text_field(form, "blur") or "0") not in {str(level) for level in range(MAX_BLUR + 1)}:
        return BLUR_RANGE, "blur"
    if not is_doubtful:
        return "", ""
    choice = text_field(form, "people")
    if choice not in {HIDE, KEEP}:
        return DECIDE, "people"
    if choice == KEEP and text_field(form, "confirmed") != "yes":
        return CONFIRM, "confirmed"
    return "", ""


async def _log(request: Request, camera: Camera, action: Action, **details: Any) -> None:
    await record(request, action, target=camera.public_id, target_name=camera.name, **details)
