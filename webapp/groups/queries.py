"""What the group screens read, in a number of queries that does not grow with the groups."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from webapp.alerts.standing import standing_of
from webapp.cameras.queries import Card
from webapp.cameras.sight import WITH_ALERT, late_after, sight_of, stage_url
from webapp.database import current_connection, run_statement
from webapp.domain.groups import Reading, default_of, hours_differ, sum_of
from webapp.domain.health import CameraState
from webapp.domain.viewing import Facts, Shown, View, view
from webapp.groups.sight import Alerted, GroupSight, group_sight
from webapp.models import Alert, Background, Camera, CameraGroup, CameraGroupMember, EmbedKey
from webapp.settings import Settings

# The column that says whose members are meant.
Whose = Literal["organisation_id", "group_id"]


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One group in a list. ``members`` is the number of its cameras, open or not."""

    group: CameraGroup
    default: Camera | None
    sight: GroupSight
    members: int


async def cards_of(organisation_id: int, settings: Settings, now: datetime) -> list[GroupCard]:
    """Every group of the organisation, oldest first."""
    groups = await CameraGroup.filter(organisation_id=organisation_id).order_by("id")
    members = await _members("organisation_id", organisation_id)
    defaults = {
        group.id: default_of(group.default_camera_id, members.get(group.id, [])) for group in groups
    }
    shown = await Camera.filter(id__in=list(_known(defaults))).select_related("latest")
    cameras = {camera.id: camera for camera in shown}
    seen = await _seen(settings, now, "organisation_id", organisation_id)
    alerts = await _alerts(settings, now, organisation_id=organisation_id)
    return [
        _card(
            group,
            cameras.get(defaults[group.id] or 0),
            members.get(group.id, []),
            seen,
            settings,
            now,
            alerts.get(group.id),
        )
        for group in groups
    ]


async def card_of(
    group: CameraGroup, settings: Settings, now: datetime, *, is_suspended: bool = False
) -> GroupCard:
    """One group alone; ``is_suspended`` says so of its organisation."""
    members = (await _members("group_id", group.id)).get(group.id, [])
    default = default_of(group.default_camera_id, members)
    camera = await Camera.get_or_none(id=default).select_related("latest") if default else None
    seen = await _seen(settings, now, "group_id", group.id)
    alert = (await _alerts(settings, now, group_id=group.id)).get(group.id)
    return _card(group, camera, members, seen, settings, now, alert, is_suspended=is_suspended)


async def members_of(group: CameraGroup) -> list[Camera]:
    """The cameras of a group in their order, with what they show: alerts of their own, too."""
    rows = (
        await CameraGroupMember.filter(group_id=group.id)
        .order_by("position", "id")
        .select_related("camera__latest", *(f"camera__{one}" for one in WITH_ALERT))
    )
    return [row.camera for row in rows]


async def choices_of(organisation_id: int, settings: Settings, now: datetime) -> list[Card]:
    """Every camera that may be chosen, oldest first."""
    cameras = (
        await Camera.filter(organisation_id=organisation_id).order_by("id").select_related("latest")
    )
    return await camera_cards(cameras, settings, now)


async def camera_cards(cameras: Sequence[Camera], settings: Settings, now: datetime) -> list[Card]:
    """These cameras as the camera list shows them."""
    with_background = set(
        await Background.filter(camera_id__in=[camera.id for camera in cameras])
        .distinct()
        .values_list("camera_id", flat=True)
    )
    return [
        Card(camera, sight_of(camera, settings, now), camera.id in with_background)
        for camera in cameras
    ]


async def keys_of(organisation_id: int) -> dict[int, str]:
    """The keys of embeds by group; groups without one are not in it."""
    mine = EmbedKey.filter(organisation_id=organisation_id, group_id__isnull=False)
    rows = await mine.values_list("group_id", "key")
    return {int(group): str(key) for group, key in rows}


def have_different_hours(cameras: Sequence[Camera]) -> bool:
    """Whether the members of a group keep different business hours."""
    return hours_differ(
        json.dumps(camera.hours, sort_keys=True) if camera.has_hours else "" for camera in cameras
    )


# Thousands of members are read as bare values: making rows of them took longer than the rest.
_MEMBERS = """
SELECT group_id, camera_id FROM camera_group_member WHERE {whose} = $1 ORDER BY position, id
"""

_FACTS = """
SELECT camera.id, camera.is_open, camera.stopped, latest.state, latest.count, latest.good_at
FROM camera JOIN latest ON latest.camera_id = camera.id
WHERE camera.id IN (SELECT camera_id FROM camera_group_member WHERE {whose} = $1)
"""


async def _members(whose: Whose, number: int) -> dict[int, list[int]]:
    """Camera ids by group, in their order."""
    members: dict[int, list[int]] = defaultdict(list)
    statement = _MEMBERS.replace("{whose}", whose)
    for group, camera in await run_statement(current_connection(), statement, [number]):
        members[group].append(camera)
    return members


async def _alerts(settings: Settings, now: datetime, **where: Any) -> dict[int, Alerted]:
    """Where the alerts of groups stand, by group; groups without one are not in it."""
    rows = await Alert.filter(group_id__not_isnull=True, **where).select_related("state")
    found = ((row.group_id, standing_of(row, settings)) for row in rows)
    return {
        group: Alerted(standing, stage_url(standing, settings, now), now)
        for group, standing in found
        if group is not None and standing is not None
    }


async def _seen(settings: Settings, now: datetime, whose: Whose, number: int) -> dict[int, View]:
    """What is known of the cameras that are in groups, by id."""
    late, statement = late_after(settings), _FACTS.replace("{whose}", whose)
    rows = await run_statement(current_connection(), statement, [number])
    return {
        camera: view(
            Facts(
                state=CameraState(state),
                is_open=bool(is_open),
                has_picture=False,
                since=None,
                count=count,
                good_at=_instant(good_at),
                late_after=late,
                is_suspended=bool(stopped),
            ),
            now,
        )
        for camera, is_open, stopped, state, count, good_at in rows
    }


def _instant(value: datetime | str | None) -> datetime | None:
    """An aware instant of a column; SQLite gives text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _card(
    group: CameraGroup,
    default: Camera | None,
    members: Sequence[int],
    seen: Mapping[int, View],
    settings: Settings,
    now: datetime,
    alert: Alerted | None = None,
    *,
    is_suspended: bool = False,
) -> GroupCard:
    found = [seen[camera] for camera in members if camera in seen]
    counted = [one for one in found if one.shown not in {Shown.CLOSED, Shown.SUSPENDED}]
    total = sum_of(Reading(is_open=True, count=one.count) for one in counted)
    picture = sight_of(default, settings, now, is_suspended=is_suspended) if default else None
    sight = group_sight(picture, total, [one.state for one in counted], alert)
    return GroupCard(group, default, sight, len(members))


def _known(ids: Mapping[int, int | None]) -> set[int]:
    return {one for one in ids.values() if one is not None}
