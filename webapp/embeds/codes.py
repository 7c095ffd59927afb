"""Keys and variants of embeds: made, listed, renewed, ended (E1, E5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.domain.embeds import Codes, Options, codes, read_options
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.models import Camera, CameraGroup, EmbedKey, EmbedVariant

MOST_VARIANTS = 50
TOO_MANY = N_("埋め込み用コードは%(most)s種類まで作成できます。使わないものを停止してください。")

Thing = Camera | CameraGroup


@dataclass(frozen=True, slots=True)
class Ready:
    """A variant with its options, its address and the code to copy."""

    name: str
    made_at: datetime
    options: Options
    address: str
    codes: Codes


def where(thing: Thing) -> dict[str, Any]:
    """The columns that say whose a key is."""
    return {"camera_id" if isinstance(thing, Camera) else "group_id": thing.id}


async def key_of(thing: Thing) -> EmbedKey | None:
    """The key of a camera or a group, if it has one."""
    return await EmbedKey.get_or_none(**where(thing))


async def make_key(thing: Thing) -> EmbedKey:
    """A key for a camera or a group that has none; ``IntegrityError`` when it has one."""
    return await EmbedKey.create(organisation_id=thing.organisation_id, **where(thing))


async def make(thing: Thing, options: Options) -> tuple[EmbedVariant, bool]:
    """The variant with these options, and whether it is new. Call inside a transaction.

    Raises ``UserError`` when there are too many, and ``IntegrityError`` when somebody else makes
    the key at the same time. The key is held: of two at once the second finds what the first made.
    """
    keys = EmbedKey.filter(**where(thing))
    if keys.capabilities.support_for_update:
        keys = keys.select_for_update()
    key = await keys.first()
    if key is None:
        key = await make_key(thing)
    variants = await EmbedVariant.filter(embed_key_id=key.id)
    for variant in variants:
        if read_options(variant.options) == options:
            return variant, False
    if len(variants) >= MOST_VARIANTS:
        raise UserError(TOO_MANY, most=MOST_VARIANTS)
    made = await EmbedVariant.create(
        organisation_id=thing.organisation_id, embed_key_id=key.id, options=options.stored()
    )
    return made, True


async def made_of(key: EmbedKey | None, origin: str, script: str, title: str) -> list[Ready]:
    """Every variant of a key, the newest first."""
    if key is None:
        return []
    variants = await EmbedVariant.filter(embed_key_id=key.id).order_by("-id")
    return [_ready(key, variant, origin, script, title) for variant in variants]


async def end(thing: Thing, name: str) -> bool:
    """End one variant of a camera or a group for good; False when it has none of this name."""
    key = await key_of(thing)
    if key is None:
        return False
    return bool(await EmbedVariant.filter(embed_key_id=key.id, name=name).delete())


async def first_address(thing: Thing, origin: str) -> str:
    """The address of the oldest variant; empty while there is none."""
    key = await key_of(thing)
    oldest = await EmbedVariant.filter(embed_key_id=key.id).order_by("id").first() if key else None
    return f"{origin}/e/{key.key}/{oldest.name}" if key and oldest else ""


def _ready(key: EmbedKey, variant: EmbedVariant, origin: str, script: str, title: str) -> Ready:
    options = read_options(variant.options)
    address = f"{origin}/e/{key.key}/{variant.name}"
    ready = codes(address, script, title, options)
    return Ready(variant.name, variant.created_at, options, address, ready)
