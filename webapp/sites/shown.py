"""What a site shows of its cameras now, read once a second for all who look (E4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from webapp.domain.embeds import View
from webapp.domain.sites import SiteOptions, read_options
from webapp.embeds.shown import Display, seen_of
from webapp.forecast.public import Prospect, prospects_of_cameras
from webapp.groups.queries import members_of
from webapp.models import CameraGroup, Organisation, Site

if TYPE_CHECKING:
    from webapp.services import Services

# Whatever else somebody writes into an address never reaches the database.
_KEY = re.compile(r"[A-Za-z0-9_-]{22,43}")
# Nothing of these is shown that could change before they open, or are paid for, again.
_AT_REST = frozenset({"closed", "stopped"})


@dataclass(frozen=True, slots=True)
class SiteDisplay:
    """A site as it stands: whose it is, its settings, and what its cameras show, in their order.

    Each camera is shown as an embed of its own would show it. ``view`` is the side that was asked
    for. ``openings`` are the instants at which the closed cameras open again, as far as known.
    """

    organisation: Organisation
    key: str
    name: str
    options: SiteOptions
    view: View
    cameras: tuple[Display, ...]
    openings: tuple[datetime | None, ...] = ()

    @property
    def rests(self) -> bool:
        """Whether every camera is closed or stopped, so that nothing new can be seen."""
        return bool(self.cameras) and all(one.seen.kind in _AT_REST for one in self.cameras)

    def of_then(self) -> SiteDisplay:
        """What is left of it when nobody can say any more whether it is still so."""
        return replace(self, cameras=tuple(one.of_then() for one in self.cameras))


async def load(services: Services, key: str, asked: str = "") -> SiteDisplay | None:
    """What the site with this key shows now on the asked side; None when there is none."""
    site = await site_of(key)
    if site is None:
        return None
    options = read_options(site.options)
    display = await display_of(services, site.organisation, site.group, site.name, options, asked)
    return replace(display, key=site.key)


async def site_of(key: str) -> Site | None:
    """The site with this key, with its organisation and its group."""
    if not _KEY.fullmatch(key):
        return None
    return await Site.get_or_none(key=key).select_related("organisation", "group")


async def display_of(
    services: Services,
    organisation: Organisation,
    group: CameraGroup,
    name: str,
    options: SiteOptions,
    asked: str,
) -> SiteDisplay:
    """What a site of this group with these settings shows: each camera by its own settings.

    It has no key yet. The number of statements does not grow with the cameras.
    """
    cameras, view = await members_of(group), options.sides.side(asked)
    prospects: dict[int, Prospect] = {}
    if view is View.FORECAST:
        prospects = await prospects_of_cameras(cameras, organisation, datetime.now(UTC))
    chosen = options.camera(view)
    shown = [
        Display(
            organisation=organisation,
            key="",
            name="",
            options=chosen,
            sites=(),
            seen=await seen_of(services, camera, organisation, chosen),
            view=view,
            prospect=prospects.get(camera.id),
        )
        for camera in cameras
    ]
    openings = [one.opening_changes_at for one in cameras if not one.is_open and not one.stopped]
    return SiteDisplay(organisation, "", name, options, view, tuple(shown), tuple(openings))
