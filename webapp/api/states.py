"""Lists of cameras and groups, and how they are now: what embeds show, without the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from webapp.api.operation import Call
from webapp.api.schemas import Camera as CameraAnswer
from webapp.api.schemas import (
    Cameras,
    Group,
    Groups,
    Kind,
    State,
    States,
    Word,
)
from webapp.cameras.sight import WITH_ALERT, sight_of
from webapp.groups.queries import GroupCard, card_of, cards_of
from webapp.models import Camera, CameraGroup, CameraGroupMember

Row = TypeVar("Row")


async def cameras(call: Call) -> Cameras:
    """Some of the cameras."""
    rows, following = _page(call, await _of_page(call, Camera))
    items = [CameraAnswer(id=row.public_id, name=row.name, kind=Kind.CAMERA) for row in rows]
    return Cameras(items=items, next=following)


async def groups(call: Call) -> Groups:
    """Some of the groups, with their cameras."""
    rows, following = _page(call, await _of_page(call, CameraGroup))
    members: dict[int, list[str]] = {row.id: [] for row in rows}
    found = CameraGroupMember.filter(group_id__in=list(members)).order_by("position", "id")
    for group, camera in await found.values_list("group_id", "camera__public_id"):
        members[group].append(camera)
    items = [
        Group(id=row.public_id, name=row.name, kind=Kind.GROUP, cameras=members[row.id])
        for row in rows
    ]
    return Groups(items=items, next=following)


async def states_of_cameras(call: Call) -> States:
    """How some of the cameras are now."""
    rows, following = _page(call, await _of_page(call, Camera, "latest", *WITH_ALERT))
    return States(items=[_camera(call, row) for row in rows], next=following)


async def states_of_groups(call: Call) -> States:
    """How some of the groups are now. An organisation has a hundred at most."""
    cards = await cards_of(call.organisation.id, call.services.settings, call.at)
    cards.sort(key=lambda card: card.group.public_id)
    cards = [card for card in cards if card.group.public_id > call.query.after]
    part = cards[: call.query.limit]
    following = part[-1].group.public_id if len(cards) > len(part) else None
    return States(items=[_group(call, card) for card in part], next=following)


async def state_of_camera(call: Call) -> State:
    """How a camera is now."""
    return _camera(call, await call.camera(*WITH_ALERT))


async def state_of_group(call: Call) -> State:
    """How a group is now."""
    return _group(call, await card_of(await call.group(), call.services.settings, call.at))


async def _of_page(call: Call, model: Any, *with_it: str) -> Sequence[Any]:
    """One row more than was asked for, which tells whether others follow."""
    rows = model.filter(organisation_id=call.organisation.id, public_id__gt=call.query.after)
    rows = rows.order_by("public_id").limit(call.query.limit + 1)
    found: Sequence[Any] = await (rows.select_related(*with_it) if with_it else rows)
    return found


def _page(call: Call, rows: Sequence[Row]) -> tuple[Sequence[Row], str | None]:
    part = rows[: call.query.limit]
    last: Any = part[-1] if len(rows) > len(part) else None
    return part, last and last.public_id


def _camera(call: Call, camera: Camera) -> State:
    sight = sight_of(camera, call.services.settings, call.at)
    return State(
        id=camera.public_id,
        name=camera.name,
        kind=Kind.CAMERA,
        state=Word(sight.kind),
        text=call.locale.gettext(sight.word),
        is_deciding=sight.is_deciding,
        count=sight.count,
        at_least=False,
        analysed_at=call.local(sight.at),
        is_open=camera.is_open,
        opening_changes_at=call.local(camera.opening_changes_at),
        time_zone=call.organisation.time_zone,
    )


def _group(call: Call, card: GroupCard) -> State:
    sight, default = card.sight, card.default
    return State(
        id=card.group.public_id,
        name=card.group.name,
        kind=Kind.GROUP,
        state=Word(sight.kind),
        text=call.locale.gettext(sight.word),
        is_deciding=sight.is_deciding,
        count=sight.sum.count,
        at_least=sight.sum.is_partial,
        analysed_at=call.local(sight.at),
        is_open=default is None or default.is_open,
        opening_changes_at=call.local(default.opening_changes_at) if default else None,
        time_zone=call.organisation.time_zone,
    )
