"""The screens of 混雑アラート, of a camera and of a group: editor, trial, test, log, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio.to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import member_of, organisation_of, subject_of
from webapp.alerts import gallery
from webapp.alerts.channels import Channels, open_channels, seal_channels
from webapp.alerts.forms import (
    AlertForm,
    check_form,
    forgive_unfinished,
    form_of_alert,
    read_form,
)
from webapp.alerts.log import events_of
from webapp.alerts.pictures import HIGHEST, WIDEST, keep_picture, keep_upload
from webapp.alerts.rules import MOST_ADDRESSES, STAGES, StageSettings, read_stages, write_stages
from webapp.alerts.test_sending import send_test
from webapp.alerts.trial import DAYS, trial_of
from webapp.alerts.unsubscribing import read_token, unsubscribe
from webapp.alerts.words import LEVEL_WORDS, level_of
from webapp.audit.actions import Action
from webapp.audit.log import changed, record
from webapp.database import transaction
from webapp.domain.alerts import FIRST
from webapp.domain.picture_headers import PictureProblem, PictureRefused
from webapp.embeds.signing import picture_url
from webapp.errors import TemporaryFailure, UserError
from webapp.forecast.quiet import day_of, hint_for
from webapp.http import form_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.mail.letters import Sender
from webapp.mail.render import sender_of
from webapp.models import Alert, AlertState, Camera, CameraGroup, GroupLatest, Latest, Role
from webapp.versions import ChangedMeanwhile, locked, require, version_of

Subject = Camera | CameraGroup

NO_JPEG = N_("JPEG形式の画像を選んでください。")
TOO_LARGE = N_("画像は1 MB以下にしてください。")
TOO_WIDE = N_("画像は1920×1280ピクセル以下にしてください。")
_VERSIONED = ("is_on", "thresholds", "stage_settings", "channels")


async def editor(request: Request) -> Response:
    """Show the alert of a camera or group; who may not change it may look."""
    subject, alert = await _load(request)
    channels = open_channels(alert, services_of(request).sealer)
    form = form_of_alert(alert, channels, subject.public_id)
    return await _page(request, subject, alert, form)


async def save(request: Request) -> Response:
    """Keep the alert, with its pictures; the state machine begins anew where rules changed."""
    subject, alert = await _load(request)
    channels = open_channels(alert, services_of(request).sealer)
    posted = await form_of(request, max_files=STAGES)
    form = await _read(request, posted, channels, subject)
    if not form.is_on:
        forgive_unfinished(form)
    if form.errors:
        return await _page(request, subject, alert, form, status=422)
    try:
        stages = await _draw_templates(request, subject, alert, form)
        await _keep(request, subject, form, stages, posted)
    except ChangedMeanwhile as meanwhile:
        return await _page(request, subject, meanwhile.row, form, status=409)
    except TemporaryFailure:
        return await _page(request, subject, alert, form, status=422, problem=words.NOT_NOW)
    return redirect(f"{_path(subject)}/alerts", done="alert_saved")


async def try_month(request: Request) -> Response:
    """過去30日で試す: what the entered rules would have done; nothing is kept."""
    subject, alert = await _load(request)
    services = services_of(request)
    posted = await form_of(request, max_files=STAGES)
    form = await _read(request, posted, open_channels(alert, services.sealer), subject)
    rules = {name for name in form.errors if name.startswith(("threshold", "address"))}
    trial = None
    if not rules:
        interval = timedelta(seconds=services.settings.capture_interval)
        policy = form.policy(form.stage_settings())
        trial = await trial_of(subject, policy, interval, datetime.now(UTC))
    status = 200 if trial else 422
    if request.headers.get("hx-request"):
        return page(request, "alerts/_trial.html", status, trial=trial, form=form, **_words(form))
    return await _page(request, subject, alert, form, status=status, trial=trial)


async def test(request: Request) -> Response:
    """テスト送信 to one address, to the webhook, or to the broker, with its result."""
    subject, alert = await _load(request)
    services = services_of(request)
    posted = await form_of(request, max_files=STAGES)
    channels = open_channels(alert, services.sealer)
    form = await _read(request, posted, channels, subject)
    which = str(posted.get("test", ""))
    tested = await send_test(request, subject, alert, form, channels, which)
    status = 200 if tested.is_sent else 422
    if request.headers.get("hx-request"):
        return page(request, "alerts/_tested.html", status, tested=tested)
    return await _page(request, subject, alert, form, status=status, tested=tested)


async def log_page(request: Request) -> Response:
    """The event log, a page at a time."""
    subject, alert = await _load(request)
    lines, older = await events_of(subject, request.query_params.get("before", ""))
    return page(request, "alerts/log.html", lines=lines, older=older, alert=alert, **_of(subject))


async def template_picture(request: Request) -> Response:
    """One picture of the gallery."""
    try:
        picture = await anyio.to_thread.run_sync(gallery.draw, request.path_params["name"])
    except ValueError:
        raise HTTPException(404) from None
    return Response(
        picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"}
    )


async def unsubscribe_page(request: Request) -> Response:
    """Ask first: opening a link ends nothing."""
    whose = _token(request)
    return page(request, "alerts/unsubscribe.html", address=whose[1], done_now=False)


async def unsubscribe_now(request: Request) -> Response:
    """End the mails to one address; asked by our page or by a mail program (RFC 8058)."""
    alert_id, address = _token(request)
    await unsubscribe(alert_id, address, getattr(request.state, "address", ""))
    return page(request, "alerts/unsubscribe.html", address=address, done_now=True)


async def help_page(request: Request) -> Response:
    """ヘルプ: what each state means and what to do about it (appx6)."""
    sender = sender_of(services_of(request).settings, Sender.ALERTS)
    return page(request, "help/page.html", alert_sender=sender.addr_spec)


def _token(request: Request) -> tuple[int, str]:
    whose = read_token(services_of(request).settings, request.query_params.get("t", ""))
    if whose is None:
        raise HTTPException(404)
    return whose


async def _load(request: Request) -> tuple[Subject, Alert | None]:
    subject = await subject_of(request)
    return subject, await Alert.get_or_none(**_of(subject)).select_related("state")


def _path(subject: Subject) -> str:
    kind = "groups" if isinstance(subject, CameraGroup) else "cameras"
    return f"/{kind}/{subject.public_id}"


def _of(subject: Subject) -> dict[str, Any]:
    return {"group": subject} if isinstance(subject, CameraGroup) else {"camera": subject}


async def _read(
    request: Request, posted: FormData, channels: Channels, subject: Subject
) -> AlertForm:
    """Read and judge the form; an uploaded picture is kept at once, so that none is lost."""
    form = read_form(posted, channels, subject.public_id)
    services = services_of(request)
    for stage in range(FIRST, STAGES + 1):
        file = posted.get(f"upload_{stage}")
        if not isinstance(file, UploadFile) or not file.size:
            continue
        form.values[f"source_{stage}"] = "upload"
        try:
            key = await keep_upload(services, subject.public_id, await file.read())
            form.values[f"kept_{stage}"] = key
        except PictureRefused as error:
            form.errors[f"upload_{stage}"] = UserError(_why_refused(error.problem))
        except TemporaryFailure:
            form.errors[f"upload_{stage}"] = UserError(words.NOT_NOW)
    await posted.close()
    check_form(form)
    return form


def _why_refused(problem: PictureProblem) -> str:
    own = {
        PictureProblem.UNSUPPORTED: NO_JPEG,
        PictureProblem.NOT_A_PICTURE: NO_JPEG,
        PictureProblem.TOO_LARGE: TOO_LARGE,
        PictureProblem.TOO_MANY_PIXELS: TOO_WIDE,
    }
    return own.get(problem) or words.picture_problem(problem)


async def _draw_templates(
    request: Request, subject: Subject, alert: Alert | None, form: AlertForm
) -> list[StageSettings]:
    """The settings of the stages, each template drawn and kept; one drawn before stays."""
    before = read_stages(alert.stage_settings if alert else [])
    drawn = []
    for stage, kept in zip(form.stage_settings(), before, strict=True):
        picture, hint = stage.picture, ""
        chosen = gallery.read_choice(stage.template) if stage.template else None
        if stage.template and stage.template == kept.template and kept.picture:
            picture, hint = kept.picture, kept.hint
        elif chosen:
            if chosen[0].takes_hint:
                day = day_of(datetime.now(UTC), organisation_of(request).time_zone)
                hint = await hint_for(subject, alert, chosen[1], day)
            jpeg = await anyio.to_thread.run_sync(gallery.draw, stage.template, hint)
            picture = await keep_picture(services_of(request), subject.public_id, jpeg)
        is_on = stage.picture_on and bool(picture)
        drawn.append(replace(stage, picture_on=is_on, picture=picture, hint=hint))
    return drawn


async def _keep(
    request: Request,
    subject: Subject,
    form: AlertForm,
    stages: list[StageSettings],
    posted: FormData,
) -> None:
    sealer = services_of(request).sealer
    is_group = isinstance(subject, CameraGroup)
    whose = {"group_id": subject.id} if is_group else {"camera_id": subject.id}
    async with transaction():
        # The camera's or group's own row is held: two first savings wait for each other. A worker
        # that holds the alert writes its event meanwhile, or each would wait for the other.
        if isinstance(subject, CameraGroup):
            await locked(CameraGroup.filter(id=subject.id), stays=True)
        else:
            await locked(Camera.filter(id=subject.id), stays=True)
        # So is the alert's: whoever ends mails to their address by a link comes before or after.
        rows = Alert.filter(**whose)
        if rows.capabilities.support_for_update:
            rows = rows.select_for_update()
        alert = await rows.first()
        require(_version(alert), posted, alert)
        before = _told(alert, open_channels(alert, sealer))
        thresholds = form.thresholds or _thresholds(alert)
        anew = alert is None or (alert.is_on, alert.thresholds) != (form.is_on, thresholds)
        alert = alert or Alert(organisation_id=subject.organisation_id, **whose)
        channels = form.channels(open_channels(alert, sealer))
        alert.is_on, alert.thresholds = form.is_on and bool(thresholds), thresholds
        alert.stage_settings = write_stages(stages)
        alert.channels = seal_channels(channels, sealer)
        alert.has_webhook, alert.has_mqtt = bool(channels.webhook_url), bool(channels.mqtt_url)
        await alert.save()
        if anew:
            await _begin_anew(alert)
        if differs := changed(before, _told(alert, channels), hidden=_HIDDEN):
            await record(
                request,
                Action.ALERT_CHANGED,
                target=subject.public_id,
                target_name=subject.name,
                changed=differs,
            )


_HIDDEN = ("alert_pictures", "alert_mails", "alert_channels")


async def _begin_anew(alert: Alert) -> None:
    """Other rules, another beginning; who was just told is still not told again."""
    state = await AlertState.get_or_none(alert_id=alert.id)
    if state is None:
        await AlertState.create(organisation_id=alert.organisation_id, alert_id=alert.id)
        return
    state.stage, state.since, state.minute, state.seen = FIRST, None, None, []
    await state.save()


def _thresholds(alert: Alert | None) -> list[int]:
    return list(alert.thresholds) if alert else []


def _told(alert: Alert | None, channels: Channels) -> dict[str, Any]:
    """What the audit log compares."""
    stages = read_stages(alert.stage_settings if alert else [])
    return {
        "alert_on": bool(alert and alert.is_on),
        "thresholds": "・".join(str(one) for one in _thresholds(alert)),
        "alert_pictures": [stage.shown for stage in stages],
        "alert_mails": [stage.told for stage in stages],
        "alert_channels": channels,
    }


def _version(alert: Alert | None) -> str:
    return version_of(*(getattr(alert, name, None) for name in _VERSIONED))


def _words(form: AlertForm) -> dict[str, Any]:
    return {
        "days": DAYS,
        "level_words": {
            stage: LEVEL_WORDS[level_of(stage, form.stages)] for stage in range(1, form.stages + 1)
        },
        "levels": {
            stage: level_of(stage, form.stages).value for stage in range(1, form.stages + 1)
        },
    }


async def _page(
    request: Request,
    subject: Subject,
    alert: Alert | None,
    form: AlertForm,
    status: int = 200,
    **more: Any,
) -> Response:
    may_change = member_of(request).role is Role.ADMIN
    lines, _ = await events_of(subject, limit=5)
    shows_secret = may_change and form.has_secret
    channels = open_channels(alert, services_of(request).sealer) if shows_secret else Channels()
    values: dict[str, Any] = {
        "form": form,
        "base": f"{_path(subject)}/alerts",
        "version": _version(alert),
        "theirs": {},
        "here": f"{_path(subject)}/alerts",
        "is_stale": status == 409,
        "gallery": gallery.choices(),
        "most_addresses": MOST_ADDRESSES,
        "limits": (WIDEST, HIGHEST),
        "pictures": _pictures(request, form),
        "webhook_secret": channels.webhook_secret,
        "count": await _count(subject),
        "lines": lines,
        "trial": None,
        "tested": None,
        "problem": "",
        **_of(subject),
        **_words(form),
        **more,
    }
    return page(request, "alerts/page.html", status, **values)


def _pictures(request: Request, form: AlertForm) -> Mapping[int, str]:
    """Addresses of the uploaded pictures that the form holds, by stage."""
    settings, now = services_of(request).settings, datetime.now(UTC)
    kept = {stage: form.values[f"kept_{stage}"] for stage in range(FIRST, STAGES + 1)}
    return {k: picture_url(settings, key, now, now) for k, key in kept.items() if key}


async def _count(subject: Subject) -> int | None:
    """What is counted now, beside the thresholds."""
    if isinstance(subject, CameraGroup):
        newest = await GroupLatest.get_or_none(group_id=subject.id)
        return newest.count if newest else None
    latest_row: Latest = subject.latest
    return latest_row.count
