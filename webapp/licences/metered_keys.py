"""What the keys are of that calls are counted for: kept by the day, so that it outlives them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.models import Camera, CameraGroup, EmbedKey, MeteredKey, Site

CAMERA, GROUP, SITE = "camera", "group", "site"


@dataclass(frozen=True, slots=True)
class Of:
    """What a key is of: a camera or a group, its public id and its name; a site is of its group."""

    kind: str = ""
    thing: str = ""
    name: str = ""


async def keep(organisation_id: int, keys: Collection[str], db: BaseDBAsyncClient) -> None:
    """Write down what ``keys`` are of now, in the transaction that counts their calls.

    Once for each key and day is often enough: a name that changes is as it was that day.
    """
    found = await _of_embeds(organisation_id, keys, db)
    found |= await _of_sites(organisation_id, keys, db)
    named = [_row(organisation_id, key, found[key]) for key in sorted(keys) if key in found]
    # A key that died meanwhile keeps the name that it had.
    nameless = [_row(organisation_id, key, Of()) for key in sorted(keys) if key not in found]
    if named:
        await MeteredKey.bulk_create(
            named,
            on_conflict=["organisation_id", "key"],
            update_fields=["kind", "thing", "name"],
            using_db=db,
        )
    if nameless:
        await MeteredKey.bulk_create(nameless, ignore_conflicts=True, using_db=db)


def _row(organisation_id: int, key: str, of: Of) -> MeteredKey:
    return MeteredKey(
        organisation_id=organisation_id, key=key, kind=of.kind, thing=of.thing, name=of.name
    )


async def living(organisation_id: int, keys: Collection[str]) -> set[str]:
    """Which of ``keys`` still open something."""
    found: set[str] = set()
    for model in (EmbedKey, Site):
        rows = model.filter(organisation_id=organisation_id, key__in=list(keys))
        found |= {str(key) for key in await rows.values_list("key", flat=True)}
    return found


async def names_now(organisation_id: int, rows: Collection[MeteredKey]) -> dict[str, str]:
    """The names of today, by public id, of what these keys were of and is still there."""
    names: dict[str, str] = {}
    for kinds, model in (({CAMERA}, Camera), ({GROUP, SITE}, CameraGroup)):
        things = {row.thing for row in rows if row.kind in kinds}
        if things:
            found = model.filter(organisation_id=organisation_id, public_id__in=things)
            names |= dict(await found.values_list("public_id", "name"))
    return names


async def _of_embeds(
    organisation_id: int, keys: Collection[str], db: BaseDBAsyncClient
) -> dict[str, Of]:
    rows = EmbedKey.filter(organisation_id=organisation_id, key__in=list(keys)).using_db(db)
    found = {}
    for row in await rows.select_related("camera", "group"):
        thing = row.camera or row.group
        if thing is not None:
            kind = CAMERA if isinstance(thing, Camera) else GROUP
            found[row.key] = Of(kind, thing.public_id, thing.name)
    return found


async def _of_sites(
    organisation_id: int, keys: Collection[str], db: BaseDBAsyncClient
) -> dict[str, Of]:
    rows = Site.filter(organisation_id=organisation_id, key__in=list(keys)).using_db(db)
    return {
        row.key: Of(SITE, row.group.public_id, row.group.name)
        for row in await rows.select_related("group")
    }
