"""差し替え: another camera in a camera's place (S9).

Keys, history, groups and settings hang on the row and stay. What was seen by the old camera
goes: its backgrounds, those of before too, what was collected for one, the picture that was drawn
on it, and its state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request

from webapp.audit.actions import Action
from webapp.audit.log import changed, record, values_of
from webapp.backgrounds import builds
from webapp.backgrounds.candidates import remove_background
from webapp.cameras.forms import EDIT_FIELDS
from webapp.database import transaction
from webapp.domain.daylight import Part
from webapp.domain.health import CameraState
from webapp.models import Camera, Latest
from webapp.versions import locked, require, version_of_row

_FIELDS = ("connector", "source", "rotation")


@dataclass(frozen=True, slots=True)
class NewSource:
    """What leads to the new camera's pictures; ``sealed`` is encrypted."""

    connector: str
    sealed: str
    rotation: int = 0


async def replace_source(
    request: Request,
    camera: Camera,
    source: NewSource,
    form: FormData,
    check: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Put the new source in; raises ``ChangedMeanwhile`` when the form was made from another.

    ``check`` runs inside the transaction, and what it raises leaves everything as it was.
    The minute that is being analysed may still be the old camera's; the next one is not.
    """
    async with transaction():
        row = await locked(Camera.filter(id=camera.id))
        require(version_of_row(row, EDIT_FIELDS), form, row)
        if check is not None:
            await check()
        before = values_of(row, _FIELDS)
        row.connector, row.source, row.rotation = source.connector, source.sealed, source.rotation
        await row.save(update_fields=_FIELDS)
        for part in Part:
            await remove_background(row, part, datetime.now(UTC), _tell_nothing)
        await builds.cancel(row, datetime.now(UTC))
        await Latest.filter(camera_id=row.id).update(
            state=CameraState.WAITING,
            detail="",
            since=None,
            count=None,
            picture="",
            picture_width=0,
            picture_height=0,
            frame_sha256="",
            frame_since=None,
            frame_width=0,
            frame_height=0,
            failures=0,
            silences=0,
        )
        await record(
            request,
            Action.CAMERA_REPLACED,
            target=row.public_id,
            target_name=row.name,
            changed=changed(before, values_of(row, _FIELDS), hidden=("source",)),
        )


async def _tell_nothing() -> None:
    """The entry about the replacement says that the background goes."""
