"""The settings of one group: adding, 基本設定, choosing cameras, renaming, removing (2-2-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import DoesNotExist

from webapp.access import group_of, organisation_of
from webapp.audit.actions import FIELDS, Action
from webapp.audit.log import changed, record
from webapp.database import transaction
from webapp.domain.groups import MOST_CAMERAS
from webapp.errors import UserError
from webapp.form_fields import name_field, text_field
from webapp.groups import changes, queries
from webapp.groups.forms import (
    MOST_FIELDS,
    GroupForm,
    empty_form,
    form_of_group,
    read_form,
    without_removed,
)
from webapp.groups.holding import hold_groups
from webapp.http import form_of, page, redirect, services_of
from webapp.models import Camera, CameraGroup, EmbedKey, Site
from webapp.versions import ChangedMeanwhile, locked, require


async def new(request: Request) -> Response:
    """Ask for a new group: its name and its cameras."""
    return await _choose_page(request, None, empty_form())


async def create(request: Request) -> Response:
    """Make a group; the first camera is its default one until another is chosen."""
    entered = read_form(await form_of(request, max_fields=MOST_FIELDS))
    try:
        changes.check_number(len(entered.cameras))
        if entered.errors:
            return await _choose_page(request, None, entered, 422)
        async with transaction():
            name, chosen = entered.values["name"], entered.cameras
            group = await changes.create(organisation_of(request), name, chosen)
            cameras = await queries.members_of(group)
            await record(request, Action.GROUP_ADDED, **_target(group), cameras=_names(cameras))
    except UserError as error:
        entered.errors[error.field or "name"] = error
        return await _choose_page(request, None, entered, 422)
    return redirect(f"/groups/{group.public_id}/basic", done="group_added")


async def basic(request: Request) -> Response:
    """基本設定: name, cameras, and which one is the default."""
    group = await group_of(request)
    cameras = await queries.members_of(group)
    return await _basic_page(request, group, form_of_group(group, cameras))


async def save(request: Request) -> Response:
    """完了: keep what 基本設定 says. The bin only takes cameras out of the form."""
    group = await group_of(request)
    form = await form_of(request, max_fields=MOST_FIELDS)
    entered = read_form(form)
    if text_field(form, "do") == "remove":
        entered.errors.clear()
        return await _basic_page(request, group, without_removed(entered, form), is_unsaved=True)
    try:
        if not entered.errors:
            async with transaction():
                row = await _held(group)
                require(str(row.version), form, row)
                await _keep(request, row, entered)
            return redirect(f"/groups/{group.public_id}/basic", done="group_saved")
    except UserError as error:
        entered.errors[error.field or "name"] = error
    except ChangedMeanwhile as told:
        return await _told(request, told.row, entered)
    return await _basic_page(request, group, entered, 422, is_unsaved=True)


async def choose(request: Request) -> Response:
    """カメラを選択: every camera of the organisation, those of the group ticked."""
    group = await group_of(request)
    cameras = await queries.members_of(group)
    return await _choose_page(request, group, form_of_group(group, cameras))


async def save_choice(request: Request) -> Response:
    """Keep which cameras belong to the group."""
    group = await group_of(request)
    form = await form_of(request, max_fields=MOST_FIELDS)
    entered = read_form(form, has_name=False)
    try:
        async with transaction():
            row = await _held(group)
            require(str(row.version), form, row)
            before = row.default_camera_id
            await _keep(request, row, entered, keeps_settings=True)
    except UserError as error:
        entered.errors[error.field or "camera"] = error
        return await _choose_page(request, group, entered, 422)
    except ChangedMeanwhile as told:
        entered.values["version"] = str(told.row.version)
        return await _choose_page(request, told.row, entered, 409)
    went = before is not None and row.default_camera_id != before
    done = "group_default_moved" if went else "group_saved"
    return redirect(f"/groups/{group.public_id}/basic", done=done)


async def rename(request: Request) -> Response:
    """Give a group another name, in place when HTMX asks."""
    group = await group_of(request)
    form = await form_of(request)
    is_htmx = bool(request.headers.get("hx-request"))
    try:
        name = name_field(form)
    except UserError as error:
        entered = text_field(form, "name")
        if is_htmx:
            return page(
                request, "groups/_name.html", 422, group=group, error=error, entered=entered
            )
        kept = form_of_group(group, await queries.members_of(group))
        kept.values["name"], kept.errors["name"] = entered, error
        return await _basic_page(request, group, kept, 422, is_unsaved=True)
    async with transaction():
        group = await _held(group)
        if differs := changed({"name": group.name}, {"name": name}):
            group.name, group.version = name, group.version + 1
            await group.save(update_fields=["name", "version"])
            await record(request, Action.GROUP_RENAMED, **_target(group), changed=differs)
    if is_htmx:
        return page(request, "groups/_name.html", group=group, error=None, entered="")
    return redirect("/groups", done="camera_renamed")


async def dismiss(request: Request) -> Response:
    """An admin has read that the default camera went."""
    group = await group_of(request)
    await form_of(request)
    await CameraGroup.filter(id=group.id).update(lost_default="", lost_default_at=None)
    return redirect(f"/groups/{group.public_id}")


async def confirm_delete(request: Request) -> Response:
    """Ask first, with the name and what goes with it."""
    group = await group_of(request)
    return page(
        request,
        "groups/delete.html",
        group=group,
        embed=await EmbedKey.exists(group_id=group.id),
        site=await Site.exists(group_id=group.id),
        cameras=len(await queries.members_of(group)),
    )


async def delete(request: Request) -> Response:
    """Remove a group: its key and its counts go with the row; its cameras stay."""
    group = await group_of(request)
    await form_of(request)
    async with transaction():
        group = await _held(group)
        await record(request, Action.GROUP_REMOVED, **_target(group))
        await group.delete()
    return redirect("/groups", done="group_removed")


async def _held(group: CameraGroup) -> CameraGroup:
    """The group's row, held until the transaction ends; 404 when somebody removed it."""
    await hold_groups(group.organisation_id)
    try:
        return await locked(CameraGroup.filter(id=group.id))
    except DoesNotExist:
        raise HTTPException(404) from None


async def _keep(
    request: Request, group: CameraGroup, entered: GroupForm, *, keeps_settings: bool = False
) -> None:
    """Write a group, whose row is held, and what changed into the log.

    ``keeps_settings``: only the cameras were asked for.
    """
    before = await _told_values(group)
    default = None if keeps_settings else entered.values["default"]
    await changes.change_members(group, entered.cameras, default)
    if not keeps_settings:
        group.name = entered.values["name"]
        group.lost_default, group.lost_default_at = "", None
    if differs := changed(before, await _told_values(group)):
        group.version += 1
        await record(request, Action.GROUP_CHANGED, **_target(group), changed=differs)
    await group.save()


async def _told_values(group: CameraGroup) -> dict[str, Any]:
    """What the log says of a group."""
    cameras = await queries.members_of(group)
    default = next((one.name for one in cameras if one.id == group.default_camera_id), "")
    return {"name": group.name, "cameras": _names(cameras), "default_camera": default}


async def _told(request: Request, row: CameraGroup, entered: GroupForm) -> Response:
    """Somebody else saved meanwhile: what is kept now, and what was entered."""
    kept = await _told_values(row)
    theirs = {FIELDS[field]: value for field, value in kept.items() if value}
    entered.values["version"] = str(row.version)
    return await _basic_page(request, row, entered, 409, is_unsaved=True, theirs=theirs)


async def _basic_page(
    request: Request,
    group: CameraGroup,
    form: GroupForm,
    status: int = 200,
    *,
    is_unsaved: bool = False,
    theirs: Mapping[str, str] | None = None,
) -> Response:
    settings = services_of(request).settings
    every = await Camera.filter(
        organisation_id=group.organisation_id, public_id__in=form.cameras[:1000]
    ).select_related("latest")
    found = {camera.public_id: camera for camera in every}
    cameras = [found[one] for one in dict.fromkeys(form.cameras) if one in found]
    return page(
        request,
        "groups/basic.html",
        status,
        group=group,
        form=form,
        cards=await queries.camera_cards(cameras, settings, datetime.now(UTC)),
        hours_differ=queries.have_different_hours(cameras),
        is_unsaved=is_unsaved,
        theirs=theirs,
        most=MOST_CAMERAS,
    )


async def _choose_page(
    request: Request, group: CameraGroup | None, form: GroupForm, status: int = 200
) -> Response:
    settings, organisation = services_of(request).settings, organisation_of(request)
    return page(
        request,
        "groups/choose.html",
        status,
        group=group,
        form=form,
        chosen=frozenset(form.cameras),
        cards=await queries.choices_of(organisation.id, settings, datetime.now(UTC)),
        is_told=status == 409,
        most=MOST_CAMERAS,
    )


def _target(group: CameraGroup) -> dict[str, Any]:
    return {"target": group.public_id, "target_name": group.name}


def _names(cameras: Sequence[Camera]) -> str:
    return ", ".join(camera.name for camera in cameras)
