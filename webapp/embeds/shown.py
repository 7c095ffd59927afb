"""What an embed shows of its object now, read once a second for all who look (E2)."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

import asyncpg  # type: ignore[import-untyped]
from tortoise.exceptions import BaseORMException

from webapp import words
from webapp.cameras.sight import USUAL_SIZE, WITH_ALERT, Sight, sight_of
from webapp.domain.embeds import Options, View, read_options
from webapp.domain.health import CameraState
from webapp.domain.hours import business_day
from webapp.domain.schema_org import opening_of
from webapp.domain.viewing import Shown
from webapp.embeds.rendered import Renderings
from webapp.forecast.public import Prospect, prospect_of
from webapp.groups.queries import card_of
from webapp.hours.holidays import japanese_holidays
from webapp.hours.opening import hours_of
from webapp.models import Camera, CameraGroup, EmbedVariant, Organisation

if TYPE_CHECKING:
    from webapp.services import Services

# Whatever else somebody writes into an address never reaches the database.
_KEY = re.compile(r"[A-Za-z0-9_-]{22,43}")
_NAME = re.compile(r"[a-z0-9]{10}")
# Pictures that are paid for (E3); a placeholder or the out-of-hours picture is not.
_METERED = frozenset({Shown.PICTURE, Shown.STAGE})
# What the database raises while nobody reaches it.
AWAY = (BaseORMException, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an embed shows: a camera or a group in one form.

    ``count``    None when it is not known, or not to be shown.
    ``at_least`` whether a camera of the group is not known, so that there may be more.
    ``url``      of the picture; empty: show the placeholder.
    ``at``       when the picture was analysed.
    """

    name: str
    kind: str
    word: str
    shown: Shown
    url: str
    width: int
    height: int
    is_old: bool
    at: datetime | None
    count: int | None = None
    at_least: bool = False
    is_deciding: bool = False

    @property
    def is_metered(self) -> bool:
        """Whether showing it counts as a view."""
        return bool(self.url) and self.shown in _METERED

    def without_picture(self) -> Seen:
        """The same after the quota was used up: words go on, the picture says so (E3)."""
        return replace(self, shown=Shown.OVER_QUOTA, url="")

    def of_then(self) -> Seen:
        """What is left of it when nobody can say any more whether it is still so."""
        return replace(
            self,
            kind="unknown",
            word=words.STATE_WORDS[CameraState.MISSED],
            shown=Shown.UNKNOWN,
            url="",
            count=None,
            is_deciding=False,
        )


@dataclass(frozen=True, slots=True)
class Display:
    """One variant as it stands: whose it is, how it shows, who may frame it, and what it shows.

    ``opening`` are its business hours as schema.org has them.
    ``view`` is the side that was asked for, ``prospect`` what its forecast is drawn from; None on
    the other side. ``renderings`` are what was rendered of it for those who look now.
    """

    organisation: Organisation
    key: str
    name: str
    options: Options
    sites: tuple[str, ...]
    seen: Seen
    view: View = View.PICTURE
    opening: Mapping[str, Any] = field(default_factory=dict)
    prospect: Prospect | None = None
    renderings: Renderings = field(default_factory=Renderings, compare=False, repr=False)

    def of_then(self) -> Display:
        """What is left of it when nobody can say any more whether it is still so."""
        return replace(self, seen=self.seen.of_then())


async def load(services: Services, key: str, name: str, asked: str = "") -> Display | None:
    """What the variant ``name`` of ``key`` shows now on the asked side; None when there is none."""
    if not _KEY.fullmatch(key) or not _NAME.fullmatch(name):
        return None
    variant = await EmbedVariant.get_or_none(embed_key__key=key, name=name).select_related(
        "organisation",
        "embed_key__camera__latest",
        *(f"embed_key__camera__{one}" for one in WITH_ALERT),
        "embed_key__group",
    )
    if variant is None:
        return None
    thing = variant.embed_key.camera or variant.embed_key.group
    assert thing is not None, "a key is of a camera or of a group"
    display = await display_of(
        services, thing, variant.organisation, read_options(variant.options), asked
    )
    return replace(display, key=key, name=name, sites=tuple(variant.embed_key.sites))


async def display_of(
    services: Services,
    thing: Camera | CameraGroup,
    organisation: Organisation,
    options: Options,
    asked: str,
) -> Display:
    """What these options make of a camera or a group; it has no key yet, and no sites."""
    seen, view = await seen_of(services, thing, organisation, options), options.side(asked)
    now, prospect = datetime.now(UTC), None
    if view is View.FORECAST:
        prospect = await prospect_of(thing, organisation, now)
    opening = await _opening(thing, organisation, now)
    return Display(organisation, "", "", options, (), seen, view, opening, prospect)


async def _opening(
    thing: Camera | CameraGroup, organisation: Organisation, now: datetime
) -> Mapping[str, Any]:
    """Business hours: a group's are its default camera's."""
    camera: Camera | None = thing if isinstance(thing, Camera) else None
    if isinstance(thing, CameraGroup) and thing.default_camera_id:
        camera = await Camera.get_or_none(id=thing.default_camera_id)
    if camera is None or not camera.has_hours:
        return {}
    today = business_day(now, ZoneInfo(organisation.time_zone))
    return opening_of(hours_of(camera), today, japanese_holidays())


async def seen_of(
    services: Services, thing: Camera | CameraGroup, organisation: Organisation, options: Options
) -> Seen:
    """What an embed of this camera, or of this group, shows.

    A camera was loaded with ``latest``.
    """
    now, settings = datetime.now(UTC), services.settings
    is_suspended = organisation.suspended_at is not None
    if isinstance(thing, Camera):
        seen = _seen(thing.name, sight_of(thing, settings, now, is_suspended=is_suspended))
        return seen if options.counts else replace(seen, count=None)
    whole = (await card_of(thing, settings, now, is_suspended=is_suspended)).sight
    if whole.picture is None:
        return _nothing(thing.name, whole.kind, whole.word)
    seen = replace(_seen(thing.name, whole.picture), kind=whole.kind, word=whole.word)
    return replace(
        seen,
        count=whole.sum.count if options.counts else None,
        at_least=whole.sum.known < whole.sum.members,
        is_deciding=whole.is_deciding,
    )


def _seen(name: str, sight: Sight) -> Seen:
    return Seen(
        name=name,
        kind=sight.kind,
        word=sight.word,
        shown=sight.shown,
        url=sight.url,
        width=sight.width,
        height=sight.height,
        is_old=sight.is_old,
        at=sight.at,
        count=sight.count,
        is_deciding=sight.is_deciding,
    )


def _nothing(name: str, kind: str, word: str) -> Seen:
    return Seen(name, kind, word, Shown.WAITING, "", *USUAL_SIZE, is_old=False, at=None)


class _Shown(Protocol):
    """What is kept of something that many look at, an embed or a site."""

    def of_then(self) -> Self: ...


Kept = TypeVar("Kept", bound=_Shown)


@dataclass(slots=True)
class _Entry(Generic[Kept]):
    display: Kept
    at: float


class Displays(Generic[Kept]):
    """Displays that were read lately: one reading serves all who look within a second (E5).

    While the database is away the last one known goes on for five minutes, as of then.
    """

    FRESH = 1.0
    STALE = 300.0
    MOST = 5000

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry[Kept]] = OrderedDict()
        self._reading: dict[tuple[str, str], tuple[asyncio.Task[Kept | None], float]] = {}

    async def get(
        self, key: str, name: str, read: Callable[[], Awaitable[Kept | None]]
    ) -> Kept | None:
        """The display, read anew when the last reading is over a second old."""
        at = self._clock()
        entry = self._entries.get((key, name))
        if entry is not None and at - entry.at < self.FRESH:
            return entry.display
        try:
            display, began = await self._read(key, name, at, read)
        except AWAY:
            if entry is None or at - entry.at > self.STALE:
                raise
            return entry.display.of_then()
        if display is None:
            self._entries.pop((key, name), None)
            return None
        self._entries[key, name] = _Entry(display, began)
        self._entries.move_to_end((key, name))
        if len(self._entries) > self.MOST:
            self._entries.popitem(last=False)
        return display

    async def _read(
        self, key: str, name: str, at: float, read: Callable[[], Awaitable[Kept | None]]
    ) -> tuple[Kept | None, float]:
        """What is read, and when that reading began: whoever joins it makes it no fresher."""
        task, began = self._reading.get((key, name), (None, at))
        if task is None:
            task = asyncio.ensure_future(read())
            self._reading[key, name] = task, began
            task.add_done_callback(lambda _: self._reading.pop((key, name), None))
        return await asyncio.shield(task), began
